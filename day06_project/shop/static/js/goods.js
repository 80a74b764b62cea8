// The list of goods. Its links lead to this page again, so the browser's own buttons work.

import { read, send } from "./api.js";
import { element, loginAddress, price, say, showCount, tell, user } from "./page.js";

const PER_PAGE = 8;
const SORTS = {
  id: "oldest",
  "-id": "newest",
  name: "name",
  price: "cheapest",
  "-price": "dearest",
};

const list = document.getElementById("goods");
const asked = new URLSearchParams(location.search);
const sort = asked.get("sort") ?? "id";
const page = asked.get("page") ?? "1";
const actions = new Map(); // an item, to the place for what can be done with it

function address(number, order = sort) {
  return `index.html?${new URLSearchParams({ page: number, sort: order })}`;
}

function link(text, href, current) {
  const made = element("a", { href }, text);
  if (current) made.setAttribute("aria-current", current);
  return element("li", {}, made);
}

for (const [order, name] of Object.entries(SORTS)) {
  document.getElementById("sorts").append(link(name, address(1, order), order === sort && "true"));
}

async function load() {
  list.setAttribute("aria-busy", "true");
  try {
    const query = new URLSearchParams({ page, per_page: PER_PAGE, sort });
    const { data } = await read(`goods?${query}`);
    show(data);
  } catch (error) {
    document.getElementById("total").textContent = "";
    tell(error, load);
    return;
  } finally {
    list.removeAttribute("aria-busy");
  }
  await offer();
}

function show({ items, total, page, pages }) {
  list.replaceChildren(...items.map(card));
  document.getElementById("total").textContent =
    total === 0 ? "Nothing is for sale yet." : `${total} goods, page ${page} of ${pages}.`;
  if (pages > 1) document.title = `Goods, page ${page} · The shop`;
  const steps = [];
  if (page > 1) steps.push(link("← Previous", address(Math.min(page - 1, pages))));
  if (page < pages) steps.push(link("Next →", address(page + 1)));
  document.getElementById("steps").replaceChildren(...steps);
  document.getElementById("pages").hidden = steps.length === 0;
}

function card(item) {
  const place = element("div", { className: "actions" });
  actions.set(item, place);
  const tile = element("span", { className: `tile tile-${item.id % 6}` }, [...item.name][0]);
  tile.setAttribute("aria-hidden", "true");
  return element(
    "li",
    {},
    tile,
    element("h2", { id: `goods-${item.id}` }, item.name),
    element("p", { className: "price" }, price(item.price)),
    element("p", { className: "quiet" }, item.stock ? `${item.stock} in stock` : "Out of stock"),
    element("p", {}, item.description),
    place,
  );
}

// Offers what this visitor can do with the goods: log in, buy, change one's own.
async function offer() {
  const person = await user;
  if (person === undefined) return;
  let wanted = new Map();
  if (person) {
    try {
      const { data } = await read("cart");
      showCount(data.items);
      wanted = new Map(data.items.map((line) => [line.goods_id, line]));
    } catch (error) {
      tell(error, offer);
      return;
    }
  }
  for (const [item, place] of actions) {
    place.replaceChildren(
      person ? buy(item, wanted) : element("a", { href: loginAddress() }, "Log in to buy"),
    );
    if (person?.id === item.owner_id) {
      place.append(element("a", { href: `offer.html?id=${item.id}` }, "Change"));
    }
    for (const each of place.querySelectorAll("a, button")) {
      each.setAttribute("aria-describedby", `goods-${item.id}`);
    }
  }
}

function buy(item, wanted) {
  if (!item.stock) return element("span", { className: "quiet" }, "Sold out");
  const button = element("button", { type: "button" }, "Put in the cart");
  const count = element("span", { className: "quiet" });
  const tellCount = () => {
    const line = wanted.get(item.id);
    count.textContent = line ? `${line.quantity} in the cart` : "";
  };
  tellCount();
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    try {
      const quantity = (wanted.get(item.id)?.quantity ?? 0) + 1;
      const { data } = await send("PUT", `cart/${item.id}`, { quantity });
      wanted.set(item.id, data);
      tellCount();
      showCount([...wanted.values()]);
      document.getElementById("problem").replaceChildren();
      say(`${item.name}: ${quantity} in the cart.`);
    } catch (error) {
      tell(error);
    } finally {
      busy = false;
    }
  });
  return element("div", {}, count, button);
}

load();
