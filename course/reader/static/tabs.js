// The panes, one at a time. Without JavaScript they are below each other.
import { all, find, isNarrow, make, tabStops } from "./common.js";

const side = find(".side");
const panes = all(":scope > section", side);
const isAlone = panes.length === 1; // the page of a file
const tabs = panes.map((pane) => {
  const heading = find("h2", pane);
  if (!isAlone) {
    heading.classList.add("unseen");
    pane.setAttribute("role", "tabpanel");
  }
  const tab = make("button", { type: "button", id: `${pane.id}-tab` }, heading.textContent);
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", pane.id);
  return tab;
});
const list = make("div", { className: "tabs" }, ...tabs);
list.setAttribute("role", "tablist");
list.setAttribute("aria-label", "Panes");
if (!isAlone) side.prepend(list);

// Show a pane; `name` is the first word of its id. The pane hears the event "shown".
export const open = (name, { scroll = isNarrow() } = {}) => {
  const chosen = panes.find((pane) => pane.id === `${name}-pane`) ?? panes[0];
  panes.forEach((pane, number) => {
    const isChosen = pane === chosen;
    pane.hidden = !isChosen;
    tabs[number].setAttribute("aria-selected", isChosen);
    tabs[number].tabIndex = isChosen ? 0 : -1;
  });
  chosen.dispatchEvent(new Event("shown"));
  tabStops();
  side.scrollTop = 0;
  if (scroll) side.scrollIntoView();
};

tabs.forEach((tab, number) => {
  tab.addEventListener("click", () => open(panes[number].id.split("-")[0], { scroll: false }));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const next = tabs[(number + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
});

const fromAddress = () => {
  const [, name] = /^#(try|page|exercise|source)-title$/.exec(location.hash) ?? [];
  if (name) open(name);
  return name;
};

addEventListener("hashchange", fromAddress);
// A link to the pane that the address names already changes no address.
find(".jump")?.addEventListener("click", () => setTimeout(fromAddress));
// After this module the others start, which want to hear "shown".
queueMicrotask(() => setTimeout(() => fromAddress() ?? open(panes[0].id.split("-")[0], { scroll: false })));
