// The cart. Each line has a number to change and a button to remove it; what counts afterwards is
// what the server says.

import { Problem, read, send } from "./api.js";
import { element, price, quiet, say, showCount, tell } from "./page.js";

const list = document.getElementById("lines");
const heading = document.querySelector("h1");
let last = Promise.resolve();

// One change after the other: two that overtake each other would leave the older number.
function inTurn(change) {
  last = last.then(change);
}

async function load() {
  try {
    const { data } = await read("cart");
    show(data);
    return data;
  } catch (error) {
    tell(error, load);
    return null;
  } finally {
    list.removeAttribute("aria-busy");
  }
}

function show({ items, total }) {
  const known = new Map(Array.from(list.children, (line) => [line.id, line]));
  // A line that stays keeps its element, and with it the focus and what is being typed.
  for (const line of list.querySelectorAll("li")) {
    if (!items.some((item) => line.id === `line-${item.goods_id}`)) line.remove();
  }
  for (const item of items) {
    const line = known.get(`line-${item.goods_id}`) ?? list.appendChild(newLine(item));
    line.querySelector(".sum").textContent = price(item.price * item.quantity);
    const input = line.querySelector("input");
    if (input !== document.activeElement) input.value = item.quantity;
  }
  document.getElementById("sum").hidden = items.length === 0;
  document.getElementById("total").textContent = price(total);
  document.getElementById("empty").hidden = items.length > 0;
  showCount(items);
}

function newLine(item) {
  const id = `quantity-${item.goods_id}`;
  const error = element("p", { className: "error", id: `${id}-error` });
  const input = element("input", { id, type: "number", min: 1, max: 999, value: item.quantity });
  input.setAttribute("aria-describedby", `name-${item.goods_id} ${error.id}`);
  input.addEventListener("change", () => inTurn(() => change(item, input, error)));
  const button = element("button", { type: "button" }, "Remove");
  button.setAttribute("aria-describedby", `name-${item.goods_id}`);
  button.addEventListener("click", () => inTurn(() => remove(item)));
  return element(
    "li",
    { id: `line-${item.goods_id}` },
    element("h2", { id: `name-${item.goods_id}` }, item.name),
    element("p", { className: "quiet" }, `${price(item.price)} each`),
    element("div", {}, element("label", { htmlFor: id }, "Quantity"), input),
    element("p", { className: "sum" }),
    button,
    error,
  );
}

async function change(item, input, error) {
  quiet();
  try {
    await send("PUT", `cart/${item.goods_id}`, { quantity: input.valueAsNumber });
    error.textContent = "";
    input.removeAttribute("aria-invalid");
    const data = await load();
    if (data) say(`${item.name}: ${input.value} in the cart. ${price(data.total)} in total.`);
  } catch (problem) {
    const wrong = problem.errors?.find(({ field }) => field === "quantity");
    if (wrong) {
      error.textContent = `Quantity ${wrong.message}.`;
      input.setAttribute("aria-invalid", "true");
      input.focus();
    } else await explain(problem, item);
  }
}

async function remove(item) {
  quiet();
  try {
    await send("DELETE", `cart/${item.goods_id}`);
    // The focus would be lost with the button: it goes to the next line, or to the top.
    const line = document.getElementById(`line-${item.goods_id}`);
    (line.nextElementSibling ?? line.previousElementSibling)?.querySelector("button").focus();
    line.remove();
    if (!list.children.length) heading.focus();
    const data = await load();
    if (data) say(`${item.name} removed. ${price(data.total)} in total.`);
  } catch (problem) {
    await explain(problem, item);
  }
}

async function explain(problem, item) {
  if (problem.status !== 404) {
    tell(problem);
    return;
  }
  await load(); // another user deleted it, or another window of the same user was quicker
  if (!document.getElementById(`line-${item.goods_id}`)) heading.focus();
  tell(new Problem({ detail: `${item.name} is not there any more.` }));
}

load();
