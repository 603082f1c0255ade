"""Qdrant's REST API over the embedded engine of qdrant-client, in a process of its own.

Qdrant's server cannot be installed from PyPI or Debian. Here client, wire and engine are real and only the server
between them is ours: it has no index and no optimiser, so what the migration asks of these is shown at `/_requests`.
Run: `python -m tests.migration.qdrant_server PORT`.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient, models
from qdrant_client.http.models import models as rest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ENGINE = QdrantClient(":memory:")
LOCK = threading.Lock()
REQUESTS: list[dict[str, Any]] = []
FAULTS: list[int] = []

Handler = Callable[[str, Any], Any]


def get_collection(name: str, _: Any) -> Any:
    return ENGINE.get_collection(name)


def create_collection(name: str, body: Any) -> bool:
    wanted = rest.CreateCollection.model_validate(body)
    return ENGINE.create_collection(
        name, vectors_config=wanted.vectors, sparse_vectors_config=wanted.sparse_vectors, metadata=wanted.metadata
    )


def update_collection(name: str, body: Any) -> bool:
    return ENGINE.update_collection(name, metadata=body.get("metadata"))


def upsert(name: str, body: Any) -> Any:
    return ENGINE.upsert(name, rest.PointsList.model_validate(body).points)


def update_vectors(name: str, body: Any) -> Any:
    return ENGINE.update_vectors(name, rest.UpdateVectors.model_validate(body).points)


def set_payload(name: str, body: Any) -> Any:
    return ENGINE.set_payload(name, body["payload"], body["points"])


def delete(name: str, body: Any) -> Any:
    return ENGINE.delete(name, TypeAdapter(rest.PointsSelector).validate_python(body))


def retrieve(name: str, body: Any) -> Any:
    return ENGINE.retrieve(name, body["ids"], body.get("with_payload", True), body.get("with_vector", False))


def scroll(name: str, body: Any) -> dict[str, Any]:
    wanted = rest.ScrollRequest.model_validate(body)
    points, following = ENGINE.scroll(
        name,
        scroll_filter=wanted.filter,
        limit=wanted.limit or 10,
        offset=wanted.offset,
        with_payload=True if wanted.with_payload is None else wanted.with_payload,
        with_vectors=wanted.with_vector or False,
    )
    return {"points": points, "next_page_offset": following}


def count(name: str, body: Any) -> Any:
    return ENGINE.count(name, rest.CountRequest.model_validate(body).filter)


def query(name: str, body: Any) -> Any:
    wanted = rest.QueryRequest.model_validate(body)
    return ENGINE.query_points(
        name,
        query=wanted.query,
        using=wanted.using,
        limit=wanted.limit or 10,
        with_payload=wanted.with_payload or False,
    )


def change_aliases(_: str, body: Any) -> bool:
    return ENGINE.update_collection_aliases(rest.ChangeAliasesOperation.model_validate(body).actions)


def snapshot(name: str, _: Any) -> models.SnapshotDescription:
    ENGINE.get_collection(name)
    return models.SnapshotDescription(name=f"{name}.snapshot", size=0)


def route(path: str, method: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        if FAULTS:
            return JSONResponse({"status": {"error": "fault of a test"}}, FAULTS.pop())
        body = await request.json() if await request.body() else None
        name = request.path_params.get("name", "")
        if method in ("PUT", "PATCH") and not path.endswith(("points", "vectors")):
            REQUESTS.append({"method": method, "path": request.url.path, "body": body})
        try:
            with LOCK:
                result = handler(name, body)
        except ValueError as error:
            return JSONResponse({"status": {"error": str(error)}}, 404 if "not found" in str(error) else 400)
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        return JSONResponse({"result": to_jsonable_python(result), "status": "ok", "time": 0.0})

    return Route(path, endpoint, methods=[method])


async def requests(_: Request) -> Response:
    return JSONResponse(REQUESTS)


async def add_faults(request: Request) -> Response:
    FAULTS.extend(await request.json())
    return JSONResponse({})


APP = Starlette(
    routes=[
        Route("/_requests", requests),
        Route("/_faults", add_faults, methods=["POST"]),
        route("/collections", "GET", lambda *_: ENGINE.get_collections()),
        route("/aliases", "GET", lambda *_: ENGINE.get_aliases()),
        route("/collections/aliases", "POST", change_aliases),
        route("/collections/{name}", "GET", get_collection),
        route("/collections/{name}", "PUT", create_collection),
        route("/collections/{name}", "PATCH", update_collection),
        route("/collections/{name}", "DELETE", lambda name, _: ENGINE.delete_collection(name)),
        route("/collections/{name}/exists", "GET", lambda name, _: {"exists": ENGINE.collection_exists(name)}),
        route("/collections/{name}/snapshots", "POST", snapshot),
        route("/collections/{name}/index", "PUT", lambda *_: {"operation_id": 0, "status": "completed"}),
        route("/collections/{name}/points", "PUT", upsert),
        route("/collections/{name}/points", "POST", retrieve),
        route("/collections/{name}/points/vectors", "PUT", update_vectors),
        route("/collections/{name}/points/payload", "POST", set_payload),
        route("/collections/{name}/points/scroll", "POST", scroll),
        route("/collections/{name}/points/count", "POST", count),
        route("/collections/{name}/points/query", "POST", query),
        route("/collections/{name}/points/delete", "POST", delete),
    ]
)

if __name__ == "__main__":
    uvicorn.run(APP, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
