// What a text area needs to be an editor of code.
const INDENT = "    ";
const ENDS = /^\s*(return|raise|pass|break|continue)\b/;

// Typed this way, the browser's own undo (Ctrl+Z) knows of it.
const put = (area, text) => {
  if (document.execCommand(text ? "insertText" : "delete", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input"));
};

// What stands between the start of the line and the caret.
const lineBefore = (area) => {
  const text = area.value.slice(0, area.selectionStart);
  return text.slice(text.lastIndexOf("\n") + 1);
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
    put(area, INDENT.slice(lineBefore(area).length % INDENT.length));
  }
};

// The indentation stays; it grows after a colon, and shrinks after a statement that ends a block.
const enter = (area) => {
  const line = lineBefore(area);
  let [indent] = /^[ \t]*/.exec(line);
  if (/:\s*$/.test(line)) indent += INDENT;
  else if (ENDS.test(line) && !/[,([{\\]\s*$/.test(line)) indent = indent.slice(INDENT.length);
  // A line of spaces only becomes an empty one.
  if (!line.trim()) area.selectionStart -= line.length;
  put(area, `\n${indent}`);
};

// In the indentation Backspace takes one step, elsewhere one character.
const backspace = (area) => {
  const line = lineBefore(area);
  if (area.selectionStart !== area.selectionEnd || !/^ +$/.test(line)) return false;
  area.selectionStart -= ((line.length - 1) % INDENT.length) + 1;
  put(area, "");
  return true;
};

// `leave` is called for Escape, `save` for Ctrl+S.
export const behave = (area, { leave, save }) => {
  area.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (event.key === "Tab" && plain) tab(area, event.shiftKey);
    else if (event.key === "Enter" && plain && !event.shiftKey) enter(area);
    else if (event.key === "Escape" && plain) leave();
    else if (event.key === "s" && (event.ctrlKey || event.metaKey)) save();
    else if (event.key !== "Backspace" || !plain || !backspace(area)) return;
    event.preventDefault();
  });
};
