// The search of a static site: plain substrings, as the reader's own search (search.py) finds them.
import { ask } from "./answer.js";
import { find, make, ROOT, say } from "./common.js";

const MAX_HITS = 50;
const MAX_SECTIONS = 3; // of one page
const WIDTH = 160; // characters of an excerpt

const simple = (text) => text.toLowerCase().replaceAll("-", " ").split(/\s+/).filter(Boolean).join(" ");

const count = (text, word) => text.split(word).length - 1;

// The line with most of the words, cut around the first of them.
const excerpt = (text, words) => {
  const lines = text.split("\n");
  const scores = lines.map((line) => words.filter((word) => word.some((each) => simple(line).includes(each))).length);
  const best = scores.indexOf(Math.max(...scores));
  const line = lines[best].trim().replace(/\s+/g, " ");
  const escaped = words.flat().map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(${escaped.join("|")})`, "gi");
  const start = Math.max(0, line.search(pattern) - Math.floor(WIDTH / 3));
  const parts = line.slice(start, start + WIDTH).split(pattern);
  const marked = parts.map((part, place) => (place % 2 ? make("mark", {}, part) : part));
  if (start) marked.unshift("…");
  if (start + WIDTH < line.length) marked.push("…");
  return { line: best + 1, marked };
};

// Titles first, then headings, texts, and source.
const search = ({ also, pages, sources }, query) => {
  const words = simple(query).split(" ").map((word) => [word, ...(Object.hasOwn(also, word) ? also[word] : [])]);
  const has = (text) => words.every((word) => word.some((each) => text.includes(each)));
  const ranked = [];
  for (const [title, href, where, sections] of pages) {
    const found = sections.map(([heading, anchor, text], place) => {
      const [head, body] = [simple(heading), simple(text)];
      if (!has(`${head} ${body}`)) return null;
      const inTitle = place === 0 && has(simple(title));
      const rank = inTitle ? 0 : has(head) ? 1 : 2;
      const close = (rank === 2 ? body : head).includes(simple(query)) ? 0 : 1;
      const often = words.reduce((sum, [word]) => sum + count(body, word), 0);
      return {
        key: [rank, close, -often],
        title: place === 0 ? title : `${title}: ${heading}`,
        href: place === 0 || !anchor ? href : `${href}#${anchor}`,
        where,
        ...excerpt(text, words),
      };
    });
    ranked.push(...found.filter(Boolean).sort(byKey).slice(0, MAX_SECTIONS));
  }
  for (const [name, href, text] of sources) {
    if (!has(simple(text))) continue;
    const { line, marked } = excerpt(text, words);
    ranked.push({
      key: [3, 1, 0], title: name.split("/").at(-1), href: href.replace("{line}", line), where: `${name}, line ${line}`, marked,
    });
  }
  return ranked.sort(byKey).slice(0, MAX_HITS);
};

const byKey = ({ key: a }, { key: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

const query = (new URLSearchParams(location.search).get("q") ?? "").trim().slice(0, 200);

if (query) {
  const box = find("#found");
  find("#every").hidden = true;
  find("input[type=search]").value = query;
  document.title = `${query} · ${document.title}`;
  say(box, "Searching …");
  try {
    const hits = search(await (await ask(new URL("search.json", ROOT))).json(), query);
    const words = hits.length
      ? [`${hits.length} ${hits.length === 1 ? "place" : "places"} with `, make("q", {}, query)]
      : ["Nothing contains ", make("q", {}, query), ". Fewer or shorter words find more."];
    const list = hits.map(({ title, href, where, marked }) => make("li", {},
      make("a", { href: new URL(href, ROOT) }, title), make("small", {}, where), make("p", {}, ...marked)));
    box.replaceChildren(make("p", {}, ...words), make("ul", { className: "hits" }, ...list));
  } catch (error) {
    find("#every").hidden = false;
    say(box, error.message, "bad");
  }
}
