// The index and the days: what was done, and the visitor's work to download and to put back.
import { ask } from "./answer.js";
import { all, find, make, ROOT, say } from "./common.js";
import { clear, done, setDone } from "./kept.js";

const ids = (element) => element.dataset.lessons.split(" ").filter(Boolean);

const showDone = async () => {
  const { lessons, last } = await done();
  for (const line of all(".progress[data-lessons]")) {
    const read = ids(line).filter((id) => lessons[id]?.read).length;
    const solved = ids(line).filter((id) => lessons[id]?.solved).length;
    find("progress", line).value = read;
    const words = find("small", line);
    words.textContent = words.textContent.replace(/^\d+/, read).replace(/, \d+/, `, ${solved}`);
  }
  for (const link of all("main ol a")) {
    const id = new URL(link.href).href.slice(ROOT.href.length).replace(/\/$/, "");
    // A day's own page says nothing of a request, as in the reader.
    const words = box ? ["solved", "read", "tried"] : ["solved", "read"];
    const word = words.find((each) => lessons[id]?.[each]);
    if (!word || link.closest("li").querySelector("a") !== link) continue;
    link.after(" ", make("span", { className: `mark ${word}` }, word));
  }
  const link = last && all("main ol a").find(({ href }) => href === new URL(`${last}/`, ROOT).href);
  if (!link) return;
  const button = make("a", { className: "button", href: link.href }, `Go on where you were: ${link.textContent}`);
  find(".lead, .so-far")?.after(make("p", { className: "go-on" }, button));
};

const box = find("#work");
const status = find("#work-status");

const attempt = (act) => async (event) => {
  say(status, "One moment …");
  try {
    say(status, await act(event), "good");
  } catch (error) {
    say(status, error.message, "bad");
  }
};

const post = async (path, body, type) => {
  const response = await ask(path, { method: "POST", headers: { "Content-Type": type }, body });
  if (!response.ok) throw new Error((await response.json()).error);
  return response;
};

const download = async () => {
  const response = await post("/api/work/zip", JSON.stringify(await done()), "application/json");
  const href = URL.createObjectURL(await response.blob());
  make("a", { href, download: "flask-work.zip" }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
  return "Your browser saves flask-work.zip.";
};

const putBack = async ({ target }) => {
  const response = await post("/api/work", await target.files[0].arrayBuffer(), "application/zip");
  const { written, others, progress } = await response.json();
  const before = await done();
  await setDone({ lessons: { ...before.lessons, ...progress.lessons }, last: progress.last || before.last });
  target.value = "";
  const left = others.length ? ` Not of this course: ${others.join(", ")}.` : "";
  return `${written.length} ${written.length === 1 ? "file is" : "files are"} back.${left}`;
};

const throwAway = async () => {
  if (!confirm("Throw away all that you changed and solved here?")) return "";
  await clear();
  location.reload();
  return "";
};

await showDone();
if (box) {
  find("#work-get").addEventListener("click", attempt(download));
  find("#work-file").addEventListener("change", attempt(putBack));
  find("#work-clear").addEventListener("click", attempt(throwAway));
  box.hidden = false;
}
