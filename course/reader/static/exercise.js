// The exercise: its tasks with their results, and what comes after "Solved".
import { all, find, get, make, post, ROOT, say, showMark, tabStops } from "./common.js";
import { saveDrafts } from "./source.js";
import { open } from "./tabs.js";
import { fill, send } from "./try.js";

const form = find("#pane-check");
const side = find(".side");

const WORDS = { done: "✓ done", todo: "to do", unknown: "? another error stops its checks" };

// "day01/errors/exercise.py" and "exercise.py" are the same file.
const inLesson = (name) => name?.replace(`${side.dataset.lesson}/`, "");

const failure = ({ about, message, file, line, request, hint }) => {
  const box = make("div", { className: "failure" });
  if (about) box.append(make("p", {}, about));
  box.append(make("pre", {}, message));
  const bar = make("p", { className: "bar" });
  if (file) {
    const name = inLesson(file);
    const href = `?file=${encodeURIComponent(name)}${line ? `&line=${line}` : ""}#source-title`;
    bar.append(make("a", { href, className: "edit" }, line ? `${name}, line ${line}` : name));
  }
  if (request) {
    const again = make("button", { type: "button" }, "send this request");
    again.addEventListener("click", () => {
      fill(request, { module: "exercise" });
      open("try");
      send();
      find("#pane-request").focus({ preventScroll: true });
    });
    bar.append(again);
  }
  if (bar.children.length) box.append(bar);
  if (hint) box.append(make("p", { className: "hint" }, make("strong", {}, "Hint: "), hint));
  return box;
};

const report = ({ state, failures }) => {
  const parts = [make("p", { className: `state ${state}` }, WORDS[state])];
  const [first, ...rest] = failures.map(failure);
  if (first) parts.push(first);
  if (rest.length) {
    const title = rest.length === 1 ? "one more failure" : `${rest.length} more failures`;
    parts.push(make("details", {}, make("summary", {}, title), ...rest));
  }
  return parts;
};

const compare = async (button) => {
  const result = await get("solution", {});
  if (result.error) {
    button.after(make("p", {}, result.error));
    return;
  }
  const rows = result.diff.map(([kind, line]) => {
    const tag = { "+": "ins", "-": "del" }[kind] ?? "span";
    return make(tag, {}, `${tag === "span" ? " " : kind} ${line.replace(/\n$/, "")}\n`);
  });
  const diff = make("pre", { className: "diff" }, ...rows);
  diff.setAttribute("role", "region");
  diff.setAttribute("aria-label", "Your file and the sample solution");
  const words = rows.some((row) => row.tagName !== "SPAN")
    ? "Lines with - are yours, lines with + are those of the sample solution."
    : "Your file is the sample solution.";
  button.replaceWith(make("p", {}, make("small", {}, words)), diff);
  tabStops();
};

const solved = ({ next, others }) => {
  const button = make("button", { type: "button" }, "compare with the sample solution");
  button.addEventListener("click", () => compare(button));
  const parts = [button];
  if (others.length) {
    const sentences = others.map((sentence) => make("li", {}, sentence));
    parts.push(make("p", {}, "What others get wrong here:"), make("ul", {}, ...sentences));
  }
  if (next) {
    const link = make("a", { href: new URL(`${next.id}/#exercise-title`, ROOT) }, next.title);
    parts.unshift(make("p", {}, "The next exercise: ", link));
  }
  return parts;
};

const check = async () => {
  const [verdict, after, button] = [find("#pane-verdict"), find("#pane-after"), find("button", form)];
  if (!(await saveDrafts())) {
    open("source");
    return;
  }
  button.disabled = true;
  say(verdict, "Checking …");
  const result = await post("check", { hints: find("#pane-hints").checked });
  button.disabled = false;
  button.focus();
  after.replaceChildren();
  after.hidden = true;
  all(".result").forEach((box) => { box.hidden = true; });
  if (result.error) {
    say(verdict, result.error, "bad");
    return;
  }
  say(verdict, result.summary, result.solved ? "good" : "bad");
  const parts = [];
  const meter = make("progress", { max: result.most, value: result.score });
  meter.setAttribute("aria-label", "Points");
  parts.push(make("p", {}, meter));
  for (const task of result.tasks) {
    const box = find(`[data-task="${task.number}"] .result`);
    const shown = report(task);
    if (box) {
      box.replaceChildren(...shown);
      box.hidden = false;
    } else {
      parts.push(make("div", {}, task.title ?? "", ...shown));
    }
  }
  if (result.solved) {
    showMark("solved");
    parts.push(...solved(result));
  }
  after.replaceChildren(...parts);
  after.hidden = false;
  tabStops();
};

if (form) {
  form.addEventListener("submit", (event) => { event.preventDefault(); check(); });
  form.hidden = false;
}
