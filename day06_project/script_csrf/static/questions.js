// Sends questions as JSON, with the token in a header and the letters of the captcha.

const list = document.querySelector("#questions");
const state = document.querySelector("#state");
const picture = document.querySelector("#picture");
const text = document.querySelector("#text");
const letters = document.querySelector("#letters");
let captchaId;

function newId() {
  // crypto.randomUUID does the same, but only over https and on this machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function drawCaptcha() {
  captchaId = newId();
  picture.src = `captchas/${captchaId}`;
  letters.value = "";
}

function csrfToken() {
  const cookie = document.cookie.split("; ").find((each) => each.startsWith("csrf_token="));
  return cookie?.slice("csrf_token=".length) ?? "";
}

async function send(body, isSecondTry = false) {
  const response = await fetch("questions", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
  });
  const result = await response.json();
  if (result.code === "csrf" && !isSecondTry) {
    await fetch("."); // sets a new cookie
    return send(body, true);
  }
  if (!response.ok) throw new Error(result.error);
}

async function show() {
  const { items } = await (await fetch("questions")).json();
  list.replaceChildren(...items.map((item) => {
    const row = document.createElement("li");
    row.textContent = item; // text, not HTML
    return row;
  }));
}

document.querySelector("#again").addEventListener("click", drawCaptcha);
document.querySelector("#form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await send({ text: text.value, captcha_id: captchaId, captcha_text: letters.value });
    text.value = "";
    state.textContent = "Thank you!";
    await show();
  } catch (error) {
    state.textContent = error.message;
  }
  drawCaptcha();
});
state.textContent = "";
drawCaptcha();
show();
