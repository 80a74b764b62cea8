// What the visitor has done and written, kept by the browser: all pages of the site share it.

const ROOT = new URL("../", import.meta.url);

const result = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// Two sites of one origin, below two paths, have two stores.
const opened = (() => {
  const request = indexedDB.open(`course ${ROOT.pathname}`, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("files");
    request.result.createObjectStore("done");
  };
  return result(request);
})();
opened.catch(() => {}); // said by the one who asks

const store = async (name, mode) => (await opened).transaction(name, mode).objectStore(name);

const channel = new BroadcastChannel(`course ${ROOT.pathname}`);

// The files that differ from the site's, by their paths in the course. Without a store: none.
export const files = async () => {
  try {
    const all = await store("files", "readonly");
    const [names, values] = await Promise.all([result(all.getAllKeys()), result(all.getAll())]);
    return Object.fromEntries(names.map((name, place) => [name, values[place]]));
  } catch {
    return {};
  }
};

export const has = async (name) => {
  try {
    return (await result((await store("files", "readonly")).count(name))) > 0;
  } catch {
    return false;
  }
};

// Keep files as they are now (null: there is none), and tell the other tabs of texts.
export const keep = async (changed) => {
  const all = await store("files", "readwrite");
  await Promise.all(Object.entries(changed).map(([name, value]) => result(all.put(value, name))));
  const texts = Object.entries(changed).filter(([name, value]) => !name.startsWith("instance/") && typeof value === "string");
  if (texts.length) channel.postMessage(Object.fromEntries(texts));
};

export const onOtherTab = (act) => channel.addEventListener("message", ({ data }) => act(data));

const NOTHING = { lessons: {}, last: "" };

// What was read, tried and solved: `{lessons: {id: {read, tried, solved}}, last}`.
export const done = async () => {
  try {
    return (await result((await store("done", "readonly")).get("done"))) ?? NOTHING;
  } catch {
    return NOTHING;
  }
};

export const setDone = async (value) => {
  try {
    await result((await store("done", "readwrite")).put(value, "done"));
  } catch {
    // A private window without a store: what was done is known to this page only.
  }
  return value;
};

export const mark = async (lesson, what, value = true) => {
  const { lessons } = await done();
  const change = what === "opened" ? {} : { [what]: value };
  return setDone({
    lessons: { ...lessons, [lesson]: { read: false, tried: false, solved: false, ...lessons[lesson], ...change } },
    last: lesson,
  });
};

export const clear = async () => {
  for (const name of ["files", "done"]) await result((await store(name, "readwrite")).clear());
};
