// Shows any OpenAPI document of version 3 (https://spec.openapis.org/oas/latest.html) as a table.

import { read } from "./api.js";
import { element, tell } from "./page.js";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];
const DEPTH = 8; // a reference may lead to itself

function show(api) {
  const found = resolver(api);
  const { info = {}, paths = {}, servers = [], openapi } = api;
  const title = `${info.title} ${info.version}, in OpenAPI ${openapi}`;
  document.getElementById("title").textContent = title;
  document.getElementById("about").textContent = info.description ?? info.summary ?? "";
  document.getElementById("server").textContent = servers[0]?.url
    ? `All paths come after ${whole(servers[0].url)}.`
    : "";
  const rows = Object.entries(paths)
    .filter(([path]) => path.startsWith("/"))
    .flatMap(([path, item]) => operations(path, found(item), found));
  document.getElementById("rows").replaceChildren(...rows);
  document.getElementById("none").hidden = rows.length > 0;
  document.getElementById("table").hidden = rows.length === 0;
}

// Completes the address of a server, which may begin at the document; one with gaps in it stays.
function whole(url) {
  if (url.includes("{")) return url;
  return new URL(url, new URL("api/v1.0/openapi.json", document.baseURI)).href;
}

// Returns a function that follows a reference into the same document. What lies in another one is
// shown by its address.
function resolver(root) {
  return (value) => {
    for (let step = 0; step < DEPTH && typeof value?.$ref === "string"; step += 1) {
      const { $ref, ...rest } = value;
      if (!$ref.startsWith("#/")) return { description: $ref, ...rest };
      const keys = $ref.slice(2).split("/").map(decode);
      value = { ...keys.reduce((at, key) => at?.[key], root), ...rest };
    }
    return value ?? {};
  };
}

function decode(key) {
  return decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~");
}

function operations(path, item, found) {
  const known = METHODS.filter((method) => item[method]).map((method) => [method, item[method]]);
  const more = Object.entries(item.additionalOperations ?? {});
  return [...known, ...more].map(([method, operation]) => {
    const title = operation.summary ?? firstLine(operation.description ?? item.summary);
    return element(
      "tr",
      {},
      cell(element("code", {}, method.toUpperCase())),
      cell(element("code", {}, path)),
      cell(title, operation.deprecated ? " (deprecated)" : ""),
      cell(...takes(item, operation, found)),
      cell(...answers(operation, found)),
    );
  });
}

function cell(...children) {
  return element("td", {}, ...children);
}

function firstLine(text = "") {
  return text.trim().split("\n")[0];
}

// Parameters of the path and of the operation, whose own ones win; then the fields of the body.
function takes(item, operation, found) {
  const byPlace = new Map();
  for (const each of [...(item.parameters ?? []), ...(operation.parameters ?? [])]) {
    const parameter = found(each);
    byPlace.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  const lines = [...byPlace.values()].map(({ name, in: place, required, description }) =>
    line(name ?? description ?? "?", place && ` (${place}${required ? "" : ", optional"})`),
  );
  const body = found(operation.requestBody);
  for (const [type, { schema }] of Object.entries(body.content ?? {})) {
    const fields = fieldsOf(schema, found);
    const names = [...fields].map(([name, required]) => (required ? name : `[${name}]`));
    lines.push(line(type, names.length ? `: ${names.join(", ")}` : ""));
  }
  return lines;
}

// Returns the names of an object's fields, each with whether it is required.
function fieldsOf(schema, found, depth = 0) {
  const { properties, required = [], allOf = [], anyOf = [], oneOf = [], items } = found(schema);
  const fields = new Map();
  if (depth === DEPTH) return fields;
  for (const name of Object.keys(properties ?? {})) fields.set(name, required.includes(name));
  for (const part of [...allOf, ...anyOf, ...oneOf, ...(items ? [items] : [])]) {
    for (const [name, needed] of fieldsOf(part, found, depth + 1)) {
      fields.set(name, fields.get(name) || needed || required.includes(name));
    }
  }
  return fields;
}

function answers(operation, found) {
  return Object.entries(operation.responses ?? {})
    .filter(([code]) => !code.startsWith("x-"))
    .map(([code, response]) => line(code, ` ${firstLine(found(response).description)}`));
}

function line(strong, rest) {
  return element("div", {}, element("strong", {}, strong), rest || "");
}

async function load() {
  try {
    const { data } = await read("openapi.json");
    show(data);
  } catch (error) {
    document.getElementById("about").textContent = "";
    tell(error, load);
  }
}

load();
