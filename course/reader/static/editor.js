// What a text area needs to be an editor of code.
const INDENT = "    ";

// Typed this way, the browser's own undo (Ctrl+Z) knows of it.
const put = (area, text) => {
  if (document.execCommand(text ? "insertText" : "delete", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input"));
};

// Change each line that the selection touches, and select them all.
const changeLines = (area, change) => {
  const { value, selectionStart, selectionEnd } = area;
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const last = selectionEnd > selectionStart && value[selectionEnd - 1] === "\n" ? selectionEnd - 1 : selectionEnd;
  const end = value.indexOf("\n", last) < 0 ? value.length : value.indexOf("\n", last);
  const before = value.slice(start, end);
  const after = before.split("\n").map(change).join("\n");
  if (after === before) return;
  area.setSelectionRange(start, end);
  put(area, after);
  if (selectionEnd > selectionStart) area.setSelectionRange(start, start + after.length);
  else {
    const caret = Math.max(start, selectionStart + after.length - before.length);
    area.setSelectionRange(caret, caret);
  }
};

const tab = (area, isBack) => {
  const { value, selectionStart, selectionEnd } = area;
  if (isBack) {
    changeLines(area, (line) => line.replace(/^( {1,4}|\t)/, ""));
  } else if (value.slice(selectionStart, selectionEnd).includes("\n")) {
    changeLines(area, (line) => (line ? INDENT + line : line));
  } else {
    const column = selectionStart - (value.lastIndexOf("\n", selectionStart - 1) + 1);
    put(area, INDENT.slice(column % INDENT.length));
  }
};

const enter = (area) => {
  const before = area.value.slice(0, area.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const [indent] = /^[ \t]*/.exec(line);
  put(area, `\n${indent}${/:\s*$/.test(line) ? INDENT : ""}`);
};

// `leave` is called for Escape, `save` for Ctrl+S.
export const behave = (area, { leave, save }) => {
  area.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (event.key === "Tab" && plain) tab(area, event.shiftKey);
    else if (event.key === "Enter" && plain && !event.shiftKey) enter(area);
    else if (event.key === "Escape" && plain) leave();
    else if (event.key === "s" && (event.ctrlKey || event.metaKey)) save();
    else return;
    event.preventDefault();
  });
};
