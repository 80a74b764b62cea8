"use strict";
const table = document.getElementById("matrix");
const body = table.tBodies[0];
const filter = document.getElementById("filter");
const status = document.getElementById("status");
const shown = document.getElementById("shown");

function apply() {
  const words = filter.value.toLowerCase().split(/\s+/);
  let count = 0;
  for (const row of body.rows) {
    const text = row.dataset.search.toLowerCase();
    const fits = words.every((word) => text.includes(word)) &&
      (!status.value || (" " + row.dataset.flags + " ").includes(" " + status.value + " "));
    row.hidden = !fits;
    document.getElementById(row.dataset.student).hidden = !fits;
    count += fits;
  }
  shown.textContent = `${count} of ${body.rows.length} students shown`;
}

function sort(button) {
  const head = button.closest("th");
  const column = Number(button.dataset.column);
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const each of table.querySelectorAll("th[aria-sort]")) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    const order = x !== "" && y !== "" && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y);
    return down ? -order : order;
  });
  body.append(...rows);
}

function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

for (const control of document.querySelectorAll(".script")) control.hidden = false;
for (const button of table.querySelectorAll("button[data-column]")) {
  button.disabled = false;
  button.addEventListener("click", () => sort(button));
}
filter.addEventListener("input", apply);
status.addEventListener("change", apply);
addEventListener("hashchange", open);
open();
