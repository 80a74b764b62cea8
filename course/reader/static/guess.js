// "Guess first": the outputs of the notes stay hidden until their request was sent.
import { all, find, make } from "./common.js";

const steps = all(".step").filter((step) => find("[data-try]", step) && find("pre:not(.command)", step));

if (steps.length) {
  const box = make("input", { type: "checkbox", id: "pane-guess" });
  box.checked = localStorage.getItem("guess") === "yes";
  const label = make("label", { className: "check guess" }, box, " Guess first: hide each output until I send its request");
  (find(".notes > h1 + p") ?? find(".notes > h1")).after(label);

  for (const step of steps) {
    const output = find("pre:not(.command)", step);
    const peek = make("button", { type: "button", className: "peek" }, "show the output");
    output.before(peek);
    const reveal = (visible) => {
      output.hidden = !visible;
      peek.hidden = visible;
    };
    const apply = () => reveal(!box.checked);
    peek.addEventListener("click", () => reveal(true));
    step.addEventListener("tried", () => reveal(true));
    box.addEventListener("change", apply);
    apply();
  }
  box.addEventListener("change", () => localStorage.setItem("guess", box.checked ? "yes" : "no"));
}
