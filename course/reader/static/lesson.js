// A lesson's page: its panes, and what they tell one another.
import { find, isNarrow, post } from "./common.js";
import "./tabs.js";
import "./try.js";
import "./guess.js";
import "./frame.js";
import "./source.js";
import "./exercise.js";

// Whoever has come to the end of the notes has read them.
const side = find(".side");
if (!side.dataset.read) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    post("progress", { what: "read" });
  });
  observer.observe(find(".notes .neighbours"));
}

// The second skip link leads to the panes.
find(".side-skip").addEventListener("click", (event) => {
  event.preventDefault();
  if (isNarrow()) side.scrollIntoView();
  find("[role=tab][aria-selected=true]").focus();
});
