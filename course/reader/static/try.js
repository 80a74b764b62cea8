// "Try it": a request of the notes or of one's own, sent to the lesson or to its exercise.
import { all, find, isNarrow, make, post, remember, say, show, tabStops } from "./common.js";
import { open } from "./tabs.js";

const form = find("#pane-try");
const [ready, request, module, keep, jar, follow] =
  ["ready", "request", "module", "keep", "jar", "follow"].map((name) => find(`#pane-${name}`));
const options = ready ? [...ready.options] : [];
const side = find(".side");
let files = [];

// The files in which the notes keep cookies.
const jars = [...new Set(options.map((option) => option.dataset.jar).filter(Boolean))];

// "a" reads and writes; "a>b" reads one file and writes another, as curl's -b and -c do.
const addJar = (name) => {
  const [read, write] = name.includes(">") ? name.split(">") : [name, name];
  const words = read === write ? read : [read && `reads ${read}`, write && `writes ${write}`].filter(Boolean).join(", ");
  jar.append(new Option(words, name));
};
(jars.length ? jars : ["jar.txt"]).forEach(addJar);

const showJar = () => { jar.hidden = !keep.checked || jar.options.length < 2; };

// Put a request into the box.
export const fill = (text, { files: names = [], jar: name = "", follow: follows = false, module: target } = {}) => {
  request.value = text;
  request.rows = Math.min(16, Math.max(7, text.split("\n").length));
  files = names;
  show(find("#pane-files"), files.length ? `Sent as files of the lesson: ${files.join(", ")}` : "");
  keep.checked = Boolean(name);
  if (name && ![...jar.options].some((option) => option.value === name)) addJar(name);
  if (name) jar.value = name;
  follow.checked = Boolean(follows);
  if (module && target) module.value = target;
  showJar();
};

const choose = (number) => {
  const option = options[number];
  ready.selectedIndex = number;
  const { text, files: names, jar: name, follow: follows, module: target } = option.dataset;
  fill(text, { files: JSON.parse(names ?? "[]"), jar: name, follow: follows, module: target ?? "app" });
};

// A curl line or a URL becomes the request that it means. Return what is wrong with it, if anything.
const understand = async () => {
  if (!/^\s*(\$\s*)?(curl\s|https?:\/\/)/.test(request.value)) return "";
  const result = await post("parse", { text: request.value });
  // A URL of the mounted exercise says for whom it is; others are for the app that is chosen.
  const target = result.module === "app" ? module?.value : result.module;
  if (!result.error) fill(result.request, { ...result, module: target });
  return result.error ?? "";
};

const showCookies = (cookies) => {
  show(find("#pane-cookies"), cookies?.join("; "));
  find("#pane-forget").hidden = !cookies?.length;
};

const verdict = (result) => {
  if (result.error) return [result.error, "bad"];
  const hops = result.hops?.length > 1 ? `${result.hops.length} responses, the last: ` : "";
  return [`${hops}${result.status} · ${result.ms} ms`, /^[45]/.test(result.status) ? "bad" : "good"];
};

const before = ({ notice }) => (notice ? `Before this request: ${notice}` : "");

let tried = false;

// Send what is in the box, show the response there, and return it.
export const send = async () => {
  const status = find("#pane-status");
  say(status, "Sending …");
  const wrong = await understand();
  const result = wrong ? { error: wrong } : await post("send", {
    module: module?.value ?? "app",
    request: request.value,
    files,
    jar: keep.checked ? jar.value : "",
    follow: follow.checked,
  });
  say(status, ...verdict(result));
  show(find("#pane-notice"), before(result));
  show(find("#pane-answer"), result.answer);
  show(find("#pane-failure"), result.failure);
  show(find("#pane-curl-line"), result.curl);
  find("#pane-curl").hidden = !result.curl;
  if (result.cookies) showCookies(result.cookies);
  tabStops();
  side.dispatchEvent(new Event("sent"));
  if (!tried && !result.error) {
    tried = true;
    remember("tried");
  }
  return result;
};

// On a phone the response opens below its line. Back closes it and comes back to the line.
const reply = (step, result) => {
  find(".reply", step)?.remove();
  const [text, kind] = verdict(result);
  const edit = make("button", { type: "button" }, "edit the request");
  const close = make("button", { type: "button" }, "close");
  edit.addEventListener("click", () => { location.hash = "#try-title"; });
  close.addEventListener("click", () => history.back());
  const shown = [before(result), result.failure, result.answer].filter(Boolean).map((each) => make("pre", {}, each));
  const box = make("div", { className: "reply" },
    make("p", { className: "bar" }, make("strong", { className: kind }, text), edit, close), ...shown);
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `Response to ${find(".command", step).textContent.slice(2)}`);
  step.append(box);
  if (!history.state?.reply) history.pushState({ reply: true }, "");
};

addEventListener("popstate", (event) => {
  if (!event.state?.reply) all(".reply").forEach((box) => box.remove());
});

for (const button of all("[data-try]")) {
  const step = button.closest(".step");
  button.hidden = false;
  button.setAttribute("aria-label", `try ${find(".command", step).textContent.slice(2)}`);
  button.addEventListener("click", async () => {
    choose(Number(button.dataset.try));
    if (!isNarrow()) open("try");
    const result = await send();
    step.dispatchEvent(new Event("tried"));
    if (isNarrow()) reply(step, result);
  });
}

find("#pane-forget").addEventListener("click", async () => {
  showCookies((await post("forget")).cookies);
  request.focus();
});
form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
request.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
});
request.addEventListener("paste", () => setTimeout(async () => {
  const wrong = await understand();
  if (wrong) say(find("#pane-status"), wrong, "bad");
}));
// A request of one's own reads the cookies that the one before has written.
request.addEventListener("input", () => {
  if (!jar.value.startsWith(">")) return;
  const name = jar.value.slice(1);
  if (![...jar.options].some((option) => option.value === name)) addJar(name);
  jar.value = name;
});
keep.addEventListener("change", showJar);
ready?.addEventListener("change", () => choose(ready.selectedIndex));
form.hidden = false;
if (options.length) choose(0);
