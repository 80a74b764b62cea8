import { send } from "./api.js";
import { nextPage, onSubmit, sayThere } from "./page.js";

const form = document.querySelector("form");

onSubmit(form, async () => {
  const { name, password } = Object.fromEntries(new FormData(form));
  try {
    await send("POST", "session", { name, password });
  } catch (error) {
    form.elements.namedItem("password").value = "";
    throw error;
  }
  sayThere(`Welcome, ${name}.`, nextPage());
});
