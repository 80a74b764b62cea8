// What all pages share: who is logged in, messages, forms.

import { Problem, isKnown, read, send } from "./api.js";

const account = document.getElementById("account");
const status = document.getElementById("status");
const alarm = document.getElementById("problem");

// Makes an element. Text becomes text, never markup: nothing that a stranger typed is run.
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });

export function price(cents) {
  return euros.format(cents / 100);
}

// Messages. Both places are in the page from the start: what is put there later is read out.

export function say(text) {
  status.textContent = text;
}

// Leaves words for the page that comes next.
export function sayThere(text, address) {
  sessionStorage.setItem("say", text);
  location.assign(address);
}

export function quiet() {
  say("");
  alarm.replaceChildren();
}

// Tells what failed, and what to do about it; "again" is what may simply be tried once more.
export function tell(error, again) {
  if (!(error instanceof Problem)) {
    console.error(error);
    error = new Problem({ detail: "Something is wrong with this page. Load it again." });
  }
  say("");
  const words = element("p", {}, `${error.message}${waiting(error.seconds)}`);
  alarm.replaceChildren(words);
  if (error.status === 401 && !here().startsWith("login.html")) {
    words.append(" ", element("a", { href: loginAddress() }, "Log in"));
  }
  if (again && (error.status < 400 || error.status === 429 || error.status >= 500)) {
    const button = element("button", { type: "button" }, "Try again");
    button.addEventListener("click", () => {
      document.getElementById("main").focus(); // the button is about to go
      quiet();
      again();
    });
    alarm.append(button);
  }
}

function waiting(seconds) {
  if (!seconds) return "";
  if (seconds < 90) return ` Try again in ${seconds} seconds.`;
  return ` Try again in ${Math.ceil(seconds / 60)} minutes.`;
}

// Who is logged in

function here() {
  return (location.pathname.split("/").pop() || "index.html") + location.search;
}

export function loginAddress() {
  return `login.html?next=${encodeURIComponent(here())}`;
}

// Where to go after the login: a page of this shop, whatever an attacker wrote into the URL.
export function nextPage() {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  return /^[a-z_]{1,32}\.html(\?[a-z0-9_=&-]*)?$/.test(next) ? next : "index.html";
}

// Resolves to {id, name}, to null, or to undefined if nobody can tell just now.
const session = isKnown() ? read("session") : Promise.resolve({ data: { user: null } });
export const user = session.then(
  ({ data }) => {
    greet(data.user);
    return data.user;
  },
  () => {
    account.append(element("p", {}, "No logins at the moment"));
    return undefined;
  },
);

function greet(person) {
  if (!person) {
    account.append(
      element("a", { href: loginAddress() }, "Log in"),
      element("a", { href: "register.html" }, "Register"),
    );
    return;
  }
  const button = element("button", { type: "button" }, "Log out");
  button.addEventListener("click", async () => {
    quiet();
    try {
      await send("DELETE", "session");
      sayThere("You are logged out.", "index.html");
    } catch (error) {
      tell(error);
    }
  });
  account.append(element("p", {}, "Logged in as ", element("strong", {}, person.name)), button);
}

export function showCount(items) {
  const count = items.reduce((sum, item) => sum + item.quantity, 0);
  document.getElementById("count").textContent = count ? `(${count})` : "";
}

// Forms

// Lets "action" handle what is submitted, once at a time, and shows what the server says about
// fields beside them. The rules stand in one place, the server.
export function onSubmit(form, action) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    quiet();
    showErrors(form, []);
    say("Sending …");
    try {
      await action();
    } catch (error) {
      tell(error);
      if (error.errors?.length) showErrors(form, error.errors);
    } finally {
      form.removeAttribute("aria-busy");
    }
  });
}

function showErrors(form, errors) {
  for (const input of form.elements) input.removeAttribute("aria-invalid");
  for (const place of form.querySelectorAll(".error")) place.textContent = "";
  for (const { field, message } of errors) {
    const input = form.elements.namedItem(field);
    if (input) {
      const place = document.getElementById(`${input.id}-error`);
      place.textContent = `${input.labels[0].textContent.trim()} ${message}.`;
      input.setAttribute("aria-invalid", "true");
    } else {
      alarm.append(element("p", {}, `${field} ${message}.`));
    }
  }
  form.querySelector("[aria-invalid]")?.focus();
}

// The back button may bring a page as it was left, with a name and a cart.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

say(sessionStorage.getItem("say") ?? "");
sessionStorage.removeItem("say");
