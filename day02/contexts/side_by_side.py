"""Handle several requests at the same time, and see whose data each of them finds.

Every request notes its name twice: in Flask's context and in a ``threading.local``, the tool that
older books explain contexts with. It waits until all the others have done the same. Only then does
it read both back.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, request


def in_threads(app: Flask, names: list[str]) -> dict[str, list[str]]:
    """Give each request a thread, as ``flask run`` does."""
    local = threading.local()
    everybody = threading.Barrier(len(names), timeout=60)

    def handle(name: str) -> tuple[str, str]:
        with app.test_request_context(query_string={"name": name}):
            local.name = name
            everybody.wait()
            return request.args["name"], local.name

    with ThreadPoolExecutor(len(names)) as pool:
        return compared(pool.map(handle, names))


def in_tasks(app: Flask, names: list[str]) -> dict[str, list[str]]:
    """Give each request an asyncio task; all of them share one thread."""
    local = threading.local()
    everybody = asyncio.Barrier(len(names))

    async def handle(name: str) -> tuple[str, str]:
        with app.test_request_context(query_string={"name": name}):
            local.name = name
            await everybody.wait()
            return request.args["name"], local.name

    async def handle_all() -> list[tuple[str, str]]:
        return await asyncio.gather(*[handle(name) for name in names])

    return compared(asyncio.run(handle_all()))


def compared(found) -> dict[str, list[str]]:
    """Sort what the requests found into one list per place."""
    in_context, in_local = zip(*found, strict=True)
    return {"request": list(in_context), "threading.local": list(in_local)}
