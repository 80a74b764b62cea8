// Every page. All of this is an addition: without it the pages still read, link and search.
import { find, tabStops } from "./common.js";

// Keys: "/" searches, the arrows turn pages; neither while something is typed or scrolled.
document.addEventListener("keydown", (event) => {
  const busy = event.target.closest("input:not([type=checkbox]), textarea, select, [tabindex='0'], [role=tab]");
  if (busy || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const link = { ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]" }[event.key];
  if (event.key === "/") {
    event.preventDefault();
    find("input[type=search]").select();
  } else if (link) {
    find(link)?.click();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = find("#pane-editor") ?? find(button.dataset.copy);
  await navigator.clipboard.writeText(text.value ?? text.textContent);
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
});

// What a link leads to stands below the header, which has more lines on a phone.
const fit = () => {
  document.documentElement.style.scrollPaddingTop = `${find("header").offsetHeight + 8}px`;
  tabStops();
};

fit();
addEventListener("resize", fit);
