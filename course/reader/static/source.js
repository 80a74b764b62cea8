// The source pane: a file of the lesson as it is now, the place that a snippet quotes, the editor.
import { ask, isAwake } from "./answer.js";
import { all, find, get, isNarrow, make, post, say, tabStops } from "./common.js";
import { behave } from "./editor.js";
import { open } from "./tabs.js";

const side = find(".side");
const drafts = new Map(); // file -> { text, version }: what is not saved yet
const box = () => find("#pane-file");
const file = () => box()?.dataset.file;
const editor = () => find("#pane-editor");
const status = () => find("#pane-saved");

// Line numbers, and a mark at the line that matters.
const number = (count) => {
  const source = find(".source", box());
  find(".gutter", source)?.remove();
  const numbers = Array.from({ length: count }, (_, place) => place + 1).join("\n");
  const gutter = make("pre", { className: "gutter", ariaHidden: "true" }, numbers);
  source.prepend(gutter);
};

const mark = (line) => {
  const source = find(".source", box());
  all(".band", source).forEach((band) => band.remove());
  if (!line) return;
  const gutter = find(".gutter", source);
  const style = getComputedStyle(gutter);
  const [height, padding] = [parseFloat(style.lineHeight), parseFloat(style.paddingTop)];
  const band = make("div", { className: "band" });
  band.style.top = `${padding + (line - 1) * height}px`;
  band.style.height = `${height}px`;
  source.append(band);
  source.scrollTop = Math.max(0, (line - 4) * height);
};

const lines = (text) => text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

// A long file comes in two parts, so that the page stays small.
const complete = async () => {
  const shown = box();
  if (!shown?.dataset.cut) return;
  const { text } = await get("file", { file: file() });
  if (text === undefined) return;
  find("#code", shown).textContent = text;
  find("small", shown).textContent = `${side.dataset.lesson}/${shown.dataset.file}, ${lines(text)} lines`;
  delete shown.dataset.cut;
};

const prepare = async (line) => {
  await complete();
  if (!find(".source", box())) return;
  number(lines(find("#code").textContent));
  mark(line);
  find(".tools", box()).hidden = false;
  tabStops();
};

// Show another file, or this one as it is now.
export const showFile = async (name, { line = 0, edit = false } = {}) => {
  const page = await (await ask(`?file=${encodeURIComponent(name)}`)).text();
  const fresh = new DOMParser().parseFromString(page, "text/html");
  if (!find("#pane-file", fresh)) return;
  box().replaceWith(find("#pane-file", fresh));
  find("[data-edit]", box())?.removeAttribute("hidden");
  for (const link of all(".files a")) {
    const isShown = target(link).name === name;
    if (isShown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    for (let fold = isShown && link.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
  }
  await prepare(line);
  if (edit || drafts.has(name)) await startEditing(line);
};

// The file may have been saved by another editor. What is being typed here is not touched.
const refresh = async () => {
  if (!box()?.dataset.version || document.hidden || !isAwake()) return;
  const name = file();
  const now = await get("file", { file: name });
  if (now.error || name !== file() || now.version === box().dataset.version) return;
  const draft = drafts.get(name);
  if (draft) {
    if (draft.version !== now.version) conflict(now, "Another program has saved this file.");
  } else if (editor()) {
    replaceText(now);
    say(status(), "Another program has saved this file. This is its text now.");
  } else {
    const { scrollTop } = find(".source");
    await showFile(name);
    find(".source").scrollTop = scrollTop;
  }
};

const fit = () => {
  const area = editor();
  const rows = area.value.split("\n");
  area.rows = rows.length;
  area.style.width = `${Math.max(...rows.map((row) => row.length)) + 4}ch`;
  number(rows.length);
};

// Keep the line of the caret in sight: the browser does so only in a text area that scrolls itself.
const follow = () => {
  const [area, source] = [editor(), find(".source")];
  const height = parseFloat(getComputedStyle(area).lineHeight);
  const bottom = (area.value.slice(0, area.selectionEnd).split("\n").length + 1) * height;
  source.scrollTop = Math.max(source.scrollTop, bottom - source.clientHeight);
};

const replaceText = ({ text, version }) => {
  editor().value = text;
  box().dataset.version = version;
  drafts.delete(file());
  fit();
};

const startEditing = async (line) => {
  const name = file();
  if (editor() || !box().dataset.editable) return;
  const now = drafts.get(name) ?? await get("file", { file: name });
  if (now.error) {
    say(status(), now.error, "bad");
    return;
  }
  if (editor() || name !== file()) return; // a second click, or another file in the meantime
  const original = now.text;
  const area = make("textarea", { id: "pane-editor", value: now.text, spellcheck: false, wrap: "off" });
  area.setAttribute("aria-label", `${name}: Tab indents, Escape leaves the text`);
  area.setAttribute("autocapitalize", "off");
  area.setAttribute("autocomplete", "off");
  find(".source pre:not(.gutter)", box()).replaceWith(area);
  box().dataset.version = now.version;
  const tool = (text, act) => {
    const button = make("button", { type: "button" }, text);
    button.addEventListener("click", act);
    return button;
  };
  const saveButton = tool("save", save);
  saveButton.classList.add("primary");
  const tools = find(".tools", box());
  const check = tool("check", () => {
    open("exercise");
    find("#pane-check").requestSubmit(); // saves, too
  });
  tools.replaceChildren(
    saveButton,
    ...(name === side.dataset.exercise && find("#pane-check") ? [check] : []),
    tool("back to the original", undo),
    tool("close", stop),
  );
  tools.hidden = false;
  fit();
  behave(area, { leave: () => saveButton.focus(), save });
  area.addEventListener("input", () => {
    if (area.value === original && !drafts.has(file())) return;
    drafts.set(file(), { text: area.value, version: box().dataset.version });
    say(status(), "Not saved yet. Ctrl+S saves.");
    fit();
    follow();
  });
  if (drafts.has(name)) say(status(), "Not saved yet. Ctrl+S saves.");
  const start = now.text.split("\n").slice(0, Math.max(0, line - 1)).join("\n").length;
  area.focus({ preventScroll: true });
  area.setSelectionRange(line > 1 ? start + 1 : 0, line > 1 ? start + 1 : 0);
  mark(line);
  tabStops();
};

const stop = async () => {
  const name = file();
  if (drafts.has(name) && !confirm(`${name} is not saved. Throw the changes away?`)) return;
  drafts.delete(name);
  await showFile(name);
  find("[data-edit]", box())?.focus();
};

// Return whether the file is saved.
const save = async () => {
  const [name, area] = [file(), editor()];
  const text = area.value;
  const result = await post("file", { file: name, text, version: box().dataset.version });
  if (result.code === 409) {
    conflict(result, result.error);
    return false;
  }
  if (result.error) {
    say(status(), result.error, "bad");
    return false;
  }
  box().dataset.version = result.version;
  if (area.value === text) drafts.delete(name);
  find(".conflict", box())?.remove();
  say(status(), "Saved. The next request uses it.", "good");
  side.dispatchEvent(new Event("saved"));
  return true;
};

// Save all that was typed. Return whether it is saved; what is not is shown.
export const saveDrafts = async () => {
  for (const [name, { text, version }] of drafts) {
    if (name === file()) {
      if (!(await save())) return false;
      continue;
    }
    const result = await post("file", { file: name, text, version });
    if (result.error) {
      await showFile(name);
      say(status(), result.error, "bad");
      return false;
    }
    drafts.delete(name);
  }
  return true;
};

const conflict = ({ text, version }, words) => {
  find(".conflict", box())?.remove();
  const area = editor();
  const mine = make("button", { type: "button" }, "keep my text and save it");
  const theirs = make("button", { type: "button" }, "take the text of the file");
  const notice = make("p", { className: "conflict" }, `${words} `, mine, " ", theirs);
  mine.addEventListener("click", () => {
    box().dataset.version = version;
    drafts.set(file(), { text: area.value, version });
    notice.remove();
    save();
  });
  theirs.addEventListener("click", () => {
    replaceText({ text, version });
    notice.remove();
    say(status(), "This is the text of the file.");
    area.focus();
  });
  say(status(), "");
  status().before(notice);
};

// The version of the repository comes back; one's own text can be had again.
const undo = async () => {
  const mine = editor().value;
  const result = await post("undo", { file: file() });
  if (result.error) {
    say(status(), result.error, "bad");
    return;
  }
  replaceText(result);
  side.dispatchEvent(new Event("saved"));
  say(status(), mine === result.text ? "This is the original." : "This is the original again. ");
  if (mine === result.text) return;
  const again = make("button", { type: "button" }, "bring my text back");
  again.addEventListener("click", () => {
    const area = editor();
    area.value = mine;
    area.dispatchEvent(new Event("input"));
    area.focus();
  });
  status().append(again);
};

// The file and line that a link is about; a static site has a page for each file.
const target = (link) => {
  const { searchParams } = new URL(link.href);
  const name = link.dataset.file ?? searchParams.get("file");
  const line = Number(searchParams.get("line"));
  return { name, line, address: `?file=${encodeURIComponent(name)}${line ? `&line=${line}` : ""}#source-title` };
};

// Links to a file, to the place of a snippet, or to the line of a failure.
document.addEventListener("click", async (event) => {
  const edit = event.target.closest("[data-edit]");
  if (edit) {
    await startEditing(0);
    return;
  }
  const link = event.target.closest('a[href^="?file="], a[data-file]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const { name, line, address } = target(link);
  // On a phone Back comes back to the line that was read.
  if (isNarrow() && link.closest(".notes")) history.pushState(null, "", address);
  else history.replaceState(history.state, "", address);
  open("source");
  await showFile(name, { line, edit: link.classList.contains("edit") });
  if (link.closest(".files")) find(".files [aria-current]").focus({ preventScroll: true });
});

// A static page is the same for each file that its address may name.
let wanted = new URLSearchParams(location.search).get("file");
if (wanted === file()) wanted = "";

addEventListener("beforeunload", (event) => { if (drafts.size) event.preventDefault(); });
addEventListener("focus", refresh);
side.addEventListener("sent", refresh);
find("#source-pane").addEventListener("shown", () => {
  // Sizes are known only while the pane is seen.
  if (find(".gutter", box())) return;
  const line = Number(new URLSearchParams(location.search).get("line"));
  if (wanted) showFile(wanted, { line });
  else prepare(line);
  wanted = "";
});
