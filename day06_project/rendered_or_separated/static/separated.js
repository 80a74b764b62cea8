// Fetches the goods and writes them into the page. What the server's template does in its own
// words, down to the format of the price, has to be said here once more.

const list = document.querySelector("#goods");
const state = document.querySelector("#state");
const again = document.querySelector("#again");

function row({ name, price }) {
  const item = document.createElement("li");
  item.textContent = `${name}: ${(price / 100).toFixed(2)}`; // text, not HTML: "<" stays a "<"
  return item;
}

async function show() {
  state.textContent = "Loading ...";
  try {
    // Relative, so that the page works below any prefix.
    const response = await fetch("api/goods", { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`the server says ${response.status}`);
    const { items } = await response.json();
    list.replaceChildren(...items.map(row));
    state.textContent = "";
    again.hidden = true;
  } catch (error) {
    state.textContent = `The goods could not be loaded: ${error.message}.`;
    again.hidden = false;
  }
}

again.addEventListener("click", show);
show();
