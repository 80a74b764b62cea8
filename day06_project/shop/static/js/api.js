// Speaks with the API: JSON in both directions, the token against forged requests, and one kind
// of error, whatever went wrong.

const API = "api/v1.0"; // relative: the shop works below any path
const PATIENCE = 15_000; // milliseconds

// Problem details (RFC 9457), or what comes nearest to them where none arrived.
export class Problem extends Error {
  constructor({ status = 0, title, detail, errors = [], code = "" }, seconds = 0) {
    super(detail || title || `The shop answered with ${status}, and nothing else.`);
    Object.assign(this, { status, errors, code, seconds });
  }
}

export function read(path) {
  return once("GET", path);
}

// Whether the visitor has a session: then the shop sends its token with each page.
export function isKnown() {
  return cookie("csrf_token") !== "";
}

// Sends what changes something. A token ends with the session that it belongs to, and a login in
// another window makes a new one: then the cookie is fetched again, and the request repeated once.
export async function send(method, path, body, headers = {}) {
  if (!isKnown()) await read("session"); // begins a session
  try {
    return await once(method, path, body, headers);
  } catch (problem) {
    if (problem.code !== "csrf") throw problem;
    await read("session");
    return once(method, path, body, headers);
  }
}

async function once(method, path, body, headers = {}) {
  const options = { method, headers: { ...headers }, signal: AbortSignal.timeout(PATIENCE) };
  if (method !== "GET") options.headers["X-CSRFToken"] = cookie("csrf_token");
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response, text;
  try {
    response = await fetch(`${API}/${path}`, options);
    text = await response.text();
  } catch {
    // It may have arrived all the same, and what is sent twice may be done twice.
    const doubt = method === "POST" ? " Look whether it was done before you send it again." : "";
    throw new Problem({ detail: `No answer from the shop.${doubt}` });
  }
  let data = null;
  try {
    data = text && JSON.parse(text);
  } catch {
    // A page of something that stands before the shop.
    if (response.ok) throw new Problem({ detail: "The shop's answer cannot be understood." });
  }
  if (response.ok) return { data, etag: response.headers.get("ETag") };
  throw new Problem(
    { ...data, status: response.status },
    Number(response.headers.get("Retry-After")) || 0,
  );
}

function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : "";
}

// A random UUID (RFC 9562, version 4). The browser's own randomUUID exists only over https and on
// the machine itself.
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
