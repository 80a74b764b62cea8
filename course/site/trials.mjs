// Play the examples of all notes in Python for the browser, by Node: `node trials.mjs FOLDER`.
// Prints JSON: {lesson: {failed, of, why}}, with the first error of those that fail.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const live = resolve(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(join(live, "pyodide.mjs")));
const python = await loadPyodide({ indexURL: `${live}/` });
for (const name of ["packages.zip", "course.zip"]) {
  python.unpackArchive(new Uint8Array(await readFile(join(live, name))), "zip", { extractDir: "/course" });
}
const found = python.runPython(`
import importlib, json, socket, sys, tempfile
from pathlib import Path

sys.path.insert(0, "/course")
importlib.invalidate_caches()
from flask import got_request_exception
from course import catalogue, transcript
from course.site.inside import Inside

def refuse(*_):
    raise OSError("There are no sockets.")

socket.socket.bind = socket.socket.listen = refuse  # Node itself would end at these
raised = []

def remember(sender, exception, **_):
    raised.append(exception)

got_request_exception.connect(remember)

def error_of(block):
    raised.clear()
    try:
        transcript.play(block, {"DATA_FOLDER": Path(tempfile.mkdtemp())})
    except (Exception, SystemExit) as error:
        error = raised[-1] if raised else error
        if isinstance(error, transcript.TranscriptError):
            return "another response"
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""

def tried(lesson):
    blocks = transcript.blocks(lesson.folder / catalogue.NOTES)
    errors = [error_of(block) for block in blocks if any(step.is_curl for step in block.steps)]
    failed = [error for error in errors if error]
    return {"failed": len(failed), "of": len(errors), "why": failed[0] if failed else ""}

Inside()  # what it puts in the place of missing functions
json.dumps({lesson.id: tried(lesson) for lesson in catalogue.lessons()})
`);
process.stdout.write(`\n${found}\n`, () => process.exit(0));
