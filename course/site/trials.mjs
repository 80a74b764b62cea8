// Try every lesson in Python for the browser, by Node: `node trials.mjs FOLDER LESSONS`. Prints
// the last line of the error for each lesson that does not run there, as JSON.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, lessons] = process.argv.slice(2);
const live = resolve(folder);
const { loadPyodide } = await import(pathToFileURL(join(live, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: `${live}/` });
for (const name of ["packages.zip", "course.zip"]) {
  python.unpackArchive(new Uint8Array(await readFile(join(live, name))), "zip", { extractDir: "/course" });
}
python.globals.set("lessons", lessons);
const found = python.runPython(`
import importlib, json, sys
sys.path.insert(0, "/course")
importlib.invalidate_caches()
from course.site.inside import Inside

def fails(lesson):
    asked = json.dumps({"lesson": lesson, "request": "GET / HTTP/1.1\\nHost: 127.0.0.1:5000\\n\\n"})
    _, _, body, _ = inside.answer("POST", "/api/send", {"Content-Type": "application/json"}, asked)
    found = json.loads(body)
    error = found.get("failure") or found.get("error") or ""
    return error.strip().rpartition("\\n")[2]

inside = Inside()
json.dumps({lesson: why for lesson in json.loads(lessons) if (why := fails(lesson))})
`);
process.stdout.write(`\n${found}\n`, () => process.exit(0));
