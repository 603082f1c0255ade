"""Qdrant's REST API over Qdrant's own engine, in a process of its own.

Qdrant's server cannot be installed from PyPI or Debian; its engine can, as qdrant-edge-py: a shard in Rust, with types
of numbers, quantization, and indexes of vectors and payload. A shard has no names, aliases, metadata or limits of
requests: these are ours here, by the server's rules. Snapshots are answered but not made: a shard reads them only.
What is asked of collections is shown at `/_requests`.
Run: `python -m tests.migration.qdrant_server PORT`.
"""

import sys
import threading
from collections.abc import Callable
from importlib import metadata
from itertools import count as numbers
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import uvicorn
from pydantic import BaseModel
from qdrant_client.http import models as rest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.migration.edge_collection import Collection, NotThere

VERSION = ["1.18.0"]  # vectors' names are checked from this one on
BODY_LIMIT = 32 * 2**20
NOT_IN_NAMES = '<>:"/\\|?*\0\x1f'
FOLDER = TemporaryDirectory(prefix="qdrant-")
LOCK = threading.Lock()
COLLECTIONS: dict[str, Collection] = {}
ALIASES: dict[str, str] = {}
SHARDS = numbers()
REQUESTS: list[dict[str, Any]] = []
FAULTS: list[int] = []
PROXY_LIMIT: list[int] = []  # bytes that a request may have on its way to the server; empty is any
DONE = {"operation_id": 0, "status": "completed"}

Handler = Callable[[str, Any], Any]


def behind(name: str) -> Collection:
    """The collection of a name or alias."""
    found = COLLECTIONS.get(ALIASES.get(name, name))
    if found is None:
        raise NotThere(f"Not found: Collection `{name}` doesn't exist!")
    return found


def refuse_bad_names(kind: str, names: list[str], limit: int) -> None:
    for name in names:
        bad = next((character for character in NOT_IN_NAMES if character in name), None)
        if bad or len(name) > limit or name in (".", ".."):
            raise ValueError(f"Validation error in JSON body: {kind} name {name!r} cannot contain {bad!r} char")


def create_collection(name: str, body: Any) -> bool:
    wanted = rest.CreateCollection.model_validate(body)
    refuse_bad_names("collection", [name], 255)
    named = wanted.vectors if isinstance(wanted.vectors, dict) else {}
    if VERSION >= ["1.18.0"]:
        refuse_bad_names("vector", [*named, *(wanted.sparse_vectors or {})], 200)
    if name in COLLECTIONS or name in ALIASES:
        raise ValueError(f"Wrong input: Collection `{name}` already exists!")
    COLLECTIONS[name] = Collection(wanted, Path(FOLDER.name) / str(next(SHARDS)))
    return True


def delete_collection(name: str, _: Any) -> bool:
    found = COLLECTIONS.pop(name, None)
    if found is not None:
        found.close()
        for alias in [alias for alias, collection in ALIASES.items() if collection == name]:
            del ALIASES[alias]
    return found is not None


def change_aliases(_: str, body: Any) -> bool:
    for action in rest.ChangeAliasesOperation.model_validate(body).actions:
        if isinstance(action, rest.DeleteAliasOperation):
            ALIASES.pop(action.delete_alias.alias_name, None)
        elif isinstance(action, rest.CreateAliasOperation):
            wanted = action.create_alias
            if wanted.alias_name in COLLECTIONS or wanted.collection_name not in COLLECTIONS:
                raise NotThere(f"Not found: {wanted}")
            ALIASES[wanted.alias_name] = wanted.collection_name
    return True


def aliases(*_: Any) -> Any:
    return {"aliases": [{"alias_name": name, "collection_name": of} for name, of in ALIASES.items()]}


def route(path: str, method: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        if FAULTS:
            return failure(FAULTS.pop(), "fault of a test")
        raw = await request.body()
        if PROXY_LIMIT and len(raw) > PROXY_LIMIT[0]:
            return Response("<h1>413 Request Entity Too Large</h1>", 413)
        if len(raw) > BODY_LIMIT:
            too_large = f"JSON payload ({len(raw)} bytes) is larger than allowed (limit: {BODY_LIMIT} bytes)."
            return failure(400, f"Payload error: {too_large}")
        body = orjson.loads(raw) if raw else None
        if method in ("PUT", "PATCH") and not path.endswith(("points", "vectors")):
            REQUESTS.append({"method": method, "path": request.url.path, "body": body})
        try:
            with LOCK:
                result = handler(request.path_params.get("name", ""), body)
        except NotThere as error:
            return failure(404, str(error))
        except Exception as error:  # the engine's own errors are of no other class
            return failure(400, str(error))
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        return Response(orjson.dumps({"result": result, "status": "ok", "time": 0.0}), media_type="application/json")

    return Route(path, endpoint, methods=[method])


def failure(status: int, reason: str) -> Response:
    return JSONResponse({"status": {"error": reason}, "time": 0.0}, status)


async def version(_: Request) -> Response:
    engine = f"qdrant-edge-py {metadata.version('qdrant-edge-py')} as a stand-in for Qdrant"
    return JSONResponse({"title": engine, "version": VERSION[0]})


async def set_version(request: Request) -> Response:
    VERSION[:] = [await request.json()]
    return JSONResponse({})


async def requests(_: Request) -> Response:
    return JSONResponse(REQUESTS)


async def add_faults(request: Request) -> Response:
    FAULTS.extend(await request.json())
    return JSONResponse({})


def asked(path: str, method: str, ask: Callable[[Collection, Any], Any]) -> Route:
    """A question to a collection."""
    return route(f"/collections/{{name}}{path}", method, lambda name, body: ask(behind(name), body))


def told(path: str, method: str, change: Callable[[Collection, Any], None], answer: Any) -> Route:
    """A change of a collection, which is done when it is answered."""

    def handler(name: str, body: Any) -> Any:
        change(behind(name), body)
        return answer

    return route(f"/collections/{{name}}{path}", method, handler)


async def limit_requests(request: Request) -> Response:
    limit = await request.json()
    PROXY_LIMIT[:] = [limit] if limit else []
    return JSONResponse({})


APP = Starlette(
    routes=[
        Route("/", version),
        Route("/_version", set_version, methods=["PUT"]),
        Route("/_requests", requests),
        Route("/_faults", add_faults, methods=["POST"]),
        Route("/_proxy_limit", limit_requests, methods=["PUT"]),
        route("/collections", "GET", lambda *_: {"collections": [{"name": name} for name in COLLECTIONS]}),
        route("/aliases", "GET", aliases),
        route("/collections/aliases", "POST", change_aliases),
        route("/collections/{name}", "PUT", create_collection),
        route("/collections/{name}", "DELETE", delete_collection),
        route("/collections/{name}/exists", "GET", lambda name, _: {"exists": ALIASES.get(name, name) in COLLECTIONS}),
        asked("", "GET", lambda found, _: found.info()),
        asked("/snapshots", "POST", lambda *_: {"name": "taken.snapshot", "size": 0}),
        asked("/points", "POST", lambda found, body: found.retrieve(body)),
        asked("/points/scroll", "POST", lambda found, body: found.scroll(body)),
        asked("/points/count", "POST", lambda found, body: {"count": found.count(body)}),
        asked("/points/query", "POST", lambda found, body: {"points": found.query(body)}),
        told("", "PATCH", lambda found, body: found.update(body), True),
        told("/index", "PUT", lambda found, body: found.index_payload(**body), DONE),
        told("/points", "PUT", lambda found, body: found.upsert(body["points"]), DONE),
        told("/points/vectors", "PUT", lambda found, body: found.update_vectors(body["points"]), DONE),
        told("/points/payload", "POST", lambda found, body: found.set_payload(**body), DONE),
        told("/points/delete", "POST", lambda found, body: found.delete(body), DONE),
    ]
)

if __name__ == "__main__":
    uvicorn.run(APP, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
