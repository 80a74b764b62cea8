// What several parts of a page need.
import { ask } from "./answer.js";

// Where the course begins: a static site may be below any path.
export const ROOT = new URL("../", import.meta.url);

export const find = (selector, within = document) => within.querySelector(selector);

export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// Whether the notes and the panes are below each other, as on a phone.
export const isNarrow = () => matchMedia("(max-width: 71.99rem)").matches;

// Make an element; a child may be a text.
export const make = (tag, properties = {}, ...children) => {
  const { data = {}, ...others } = properties;
  const element = Object.assign(document.createElement(tag), others);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
};

export const show = (element, text) => {
  element.textContent = text ?? "";
  element.hidden = !text;
};

export const say = (element, text, kind = "") => {
  element.textContent = text;
  element.className = kind;
};

// A box is a tab stop only while it scrolls: the keyboard has nothing to do in the others.
export const tabStops = () => {
  for (const box of all(".notes pre, .side pre:not(.gutter), .wide, .source")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    const style = getComputedStyle(box);
    if (scrolls && (style.overflowX !== "visible" || style.overflowY !== "visible")) {
      box.tabIndex = 0;
    } else {
      box.removeAttribute("tabindex");
    }
  }
};

// Call the reader; what comes back has `error` if something went wrong, and `code`, the status code.
const call = async (url, options) => {
  try {
    const response = await ask(url, options);
    return { ...(await response.json()), code: response.status };
  } catch (error) {
    return { error: error.message, code: 0 };
  }
};

const lesson = find(".side")?.dataset.lesson;

export const post = (name, data) => call(`/api/${name}`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ lesson, ...data }),
});

export const get = (name, data) => call(`/api/${name}?${new URLSearchParams({ lesson, ...data })}`);

// Remember what was done of the lesson, and show it in the header.
export const remember = async (what) => {
  const { lessons } = await post("progress", { what });
  showMark(["solved", "read", "tried"].find((each) => lessons?.[lesson]?.[each]));
};

export const showMark = (word) => {
  if (!word) return;
  find("header .mark")?.remove();
  find("header .where").after(make("span", { className: `mark ${word}` }, word));
};
