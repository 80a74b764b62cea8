"""Handle several requests at the same time, and see whose data each of them reads.

Every request stores its name twice: in Flask's context and in a ``threading.local``, which older
texts use to explain contexts. It waits until all others have done the same. Then it reads both.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, request


def in_threads(app: Flask, names: list[str]) -> dict[str, list[str]]:
    """Give each request a thread, as ``flask run`` does."""
    local = threading.local()
    all_ready = threading.Barrier(len(names), timeout=60)

    def handle(name: str) -> tuple[str, str]:
        with app.test_request_context(query_string={"name": name}):
            local.name = name
            all_ready.wait()
            return request.args["name"], local.name

    with ThreadPoolExecutor(len(names)) as pool:
        return sort_results(pool.map(handle, names))


def in_tasks(app: Flask, names: list[str]) -> dict[str, list[str]]:
    """Give each request an asyncio task; all of them share one thread."""
    local = threading.local()
    all_ready = asyncio.Barrier(len(names))

    async def handle(name: str) -> tuple[str, str]:
        with app.test_request_context(query_string={"name": name}):
            local.name = name
            await all_ready.wait()
            return request.args["name"], local.name

    async def handle_all() -> list[tuple[str, str]]:
        return await asyncio.gather(*[handle(name) for name in names])

    return sort_results(asyncio.run(handle_all()))


def sort_results(results) -> dict[str, list[str]]:
    """Return what the requests have read as one list for each place."""
    in_context, in_local = zip(*results, strict=True)
    return {"request": list(in_context), "threading.local": list(in_local)}
