import { Problem, send, uuid } from "./api.js";
import { onSubmit, say, sayThere, tell } from "./page.js";

const form = document.querySelector("form");
const picture = document.getElementById("picture");
const letters = form.elements.namedItem("captcha_text");
let id;

// The id is made here and sent twice: to have the picture drawn, and with what was read in it.
function draw() {
  id = uuid();
  letters.value = "";
  picture.src = `api/v1.0/captchas/${id}`;
}

picture.addEventListener("error", () => {
  tell(new Problem({ detail: "The picture did not arrive. Ask for another one." }));
});

document.getElementById("another").addEventListener("click", () => {
  draw();
  say("Here is another picture.");
  letters.focus();
});

onSubmit(form, async () => {
  const { name, password, captcha_text } = Object.fromEntries(new FormData(form));
  try {
    await send("POST", "users", { name, password, captcha_id: id, captcha_text });
  } catch (error) {
    // Other fields are looked at first, and leave the picture as it is.
    if (error.status === 409 || error.errors?.some(({ field }) => field === "captcha_text")) draw();
    throw error;
  }
  try {
    await send("POST", "session", { name, password });
  } catch {
    sayThere(`The account ${name} is open. Log in now.`, "login.html");
    return;
  }
  sayThere(`Welcome, ${name}. Your account is open.`, "index.html");
});

draw();
