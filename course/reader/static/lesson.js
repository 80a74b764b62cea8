// A lesson's page: its panes, and what they tell one another.
import { all, find, isNarrow, remember } from "./common.js";
import "./tabs.js";
import "./try.js";
import "./guess.js";
import "./frame.js";
import "./source.js";
import "./exercise.js";

const side = find(".side");
const { lesson } = side.dataset;
remember("opened");

// A lesson is read when each of its sections was on the screen, and its end. A jump to the end, or
// past it to the panes, skips sections. What was seen is kept: a lesson may be read in parts.
if (!side.dataset.read) {
  const key = `seen ${lesson}`;
  const parts = [...all(".notes h2"), find(".notes .neighbours")];
  const seen = new Set(JSON.parse(localStorage.getItem(key) ?? "[]"));
  // Not what is under the header, which stays on top.
  const rootMargin = `-${find("header").offsetHeight}px 0px 0px`;
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) seen.add(target.id);
    localStorage.setItem(key, JSON.stringify([...seen]));
    if (!parts.every(({ id }) => seen.has(id))) return;
    observer.disconnect();
    localStorage.removeItem(key);
    remember("read");
  }, { rootMargin });
  parts.forEach((part) => observer.observe(part));
}

// The second skip link leads to the panes.
find(".side-skip").addEventListener("click", (event) => {
  event.preventDefault();
  if (isNarrow()) side.scrollIntoView();
  find("[role=tab][aria-selected=true]").focus();
});
