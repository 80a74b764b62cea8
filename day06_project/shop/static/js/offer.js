// Offers new goods, or with ?id= changes one's own.

import { Problem, read, send } from "./api.js";
import { onSubmit, sayThere, tell, user } from "./page.js";

const form = document.querySelector("form");
const id = new URLSearchParams(location.search).get("id");
const path = `goods/${encodeURIComponent(id)}`;
let etag; // of the goods as they were when the form was filled: nobody's later change gets lost

function cents(text) {
  const amount = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(text.trim());
  if (!amount) {
    const wrong = { field: "price", message: "must be an amount such as 27.50" };
    throw new Problem({ detail: "See what is wrong with each field.", errors: [wrong] });
  }
  return Number(amount[1]) * 100 + Number((amount[2] ?? "").padEnd(2, "0"));
}

function values() {
  const { name, price, stock, description } = Object.fromEntries(new FormData(form));
  return {
    name: name.trim(),
    price: cents(price),
    stock: stock === "" ? null : Number(stock),
    description: description.replace(/\s+/g, " ").trim(), // the shop keeps one line
  };
}

async function load() {
  try {
    const person = await user;
    if (person === null) {
      throw new Problem({ status: 401, detail: "Who wants to sell must have a name here." });
    }
    if (id) await fill(person);
    form.hidden = false;
  } catch (error) {
    tell(error, load);
  }
}

async function fill(person) {
  const found = await read(path);
  if (person && found.data.owner_id !== person.id) {
    throw new Problem({ status: 403, detail: "These goods belong to someone else." });
  }
  etag = found.etag;
  for (const name of ["name", "stock", "description"]) {
    form.elements.namedItem(name).value = found.data[name];
  }
  form.elements.namedItem("price").value = (found.data.price / 100).toFixed(2);
}

onSubmit(form, async () => {
  const given = values();
  if (!id) {
    await send("POST", "goods", given);
    sayThere(`${given.name} is for sale.`, "index.html?sort=-id");
    return;
  }
  await sure(() => send("PATCH", path, given, { "If-Match": etag }));
  sayThere(`${given.name} is changed.`, "index.html");
});

// 412: someone changed them since the form was filled. What was typed stays until the user decides.
async function sure(change) {
  try {
    await change();
  } catch (error) {
    if (error.status !== 412) throw error;
    const detail = "They were changed in another window. Load this page again to see how.";
    throw new Problem({ status: 412, detail });
  }
}

if (id) {
  document.title = "Change goods · The shop";
  document.querySelector("h1").textContent = "Change goods";
  const button = document.getElementById("delete");
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!confirm("Delete these goods? They leave every cart, too.")) return;
    try {
      await sure(() => send("DELETE", path, undefined, { "If-Match": etag }));
      sayThere("The goods are deleted.", "index.html");
    } catch (error) {
      tell(error);
    }
  });
}

load();
