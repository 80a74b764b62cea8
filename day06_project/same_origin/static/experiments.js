// Asks another origin for something, and tells what of the answer a page of this origin may see.

const there = document.querySelector("#there");
const cookies = document.querySelector("#cookies");
const log = document.querySelector("#log");

async function ask(method, path) {
  const options = { method, credentials: cookies.checked ? "include" : "omit" };
  try {
    const response = await fetch(new URL(path, there.value), options);
    return `${response.status} ${await response.text()}`;
  } catch (error) {
    return `blocked by the browser, or not there at all (${error.message})`;
  }
}

document.querySelector("#here").textContent = location.origin;
// The same server has two names, and to a browser they are two origins.
const other = new URL(location.origin);
other.hostname = location.hostname === "localhost" ? "127.0.0.1" : "localhost";
there.value = other.origin;

document.querySelector("#experiments").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name: method, value: path } = event.submitter;
  const entry = document.createElement("li");
  const asked = `${method} ${there.value}${path}${cookies.checked ? ", with cookies" : ""}`;
  entry.textContent = `${asked}: ${(await ask(method, path)).trim()}`;
  log.append(entry);
});
