// The lesson's own page, live. It comes from another origin, so the reader tells where it is.
import { whyNoPages } from "./answer.js";
import { find, get, make, show } from "./common.js";

const pane = find("#page-pane");

if (pane) {
  // Scripts and the own origin together are no way out: that origin is the lessons', not the reader's.
  const frame = make("iframe", { id: "pane-frame", title: "The lesson's page" });
  frame.setAttribute("sandbox", "allow-scripts allow-forms allow-same-origin allow-modals allow-popups allow-downloads");
  const { run } = find(".side").dataset;
  const [path, back, whose] = ["path", "back", "page"].map((name) => find(`#pane-${name}`));
  const visited = [];
  const current = () => visited.at(-1);

  const go = async (address, module = path.dataset.module) => {
    const why = await whyNoPages();
    if (why) {
      show(find("#pane-page-notice"), why);
      return;
    }
    const target = address.startsWith("/") ? address : `/${address}`;
    path.value = target;
    path.dataset.module = module;
    const url = `${run}/${module}${target}`;
    // Each `src` would be one more step for the browser's own Back.
    if (frame.isConnected) frame.contentWindow.location.replace(url);
    else {
      frame.src = url;
      pane.append(frame);
    }
  };

  // Links and forms inside of the frame change the place, too.
  frame.addEventListener("load", async () => {
    const where = await get("where", { module: path.dataset.module });
    show(find("#pane-page-notice"), where.notice);
    if (where.path) path.value = where.path;
    const here = `${path.dataset.module}${path.value}`;
    if (!current() || current().here !== here) {
      visited.push({ here, path: path.value, module: path.dataset.module });
    }
    back.disabled = visited.length < 2;
  });

  const reload = () => { if (current()) go(current().path, current().module); };

  back.addEventListener("click", () => {
    visited.pop();
    reload();
    back.disabled = visited.length < 2;
  });
  find("#pane-reload").addEventListener("click", reload);
  whose?.addEventListener("change", () => go(whose.selectedOptions[0].dataset.first, whose.value));
  find("#pane-go").addEventListener("submit", (event) => {
    event.preventDefault();
    go(path.value);
  });
  pane.addEventListener("shown", () => { if (!frame.isConnected) go(path.value); });
  // A saved file shows at once.
  find(".side").addEventListener("saved", reload);
  find("#pane-go").hidden = false;
}
