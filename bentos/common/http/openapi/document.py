"""What FastAPI's description of the routes lacks: keys, examples, errors by status, BentoML's routes, short names."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from bentos.common.errors import (
    BodyTooLarge,
    DeadlineExceeded,
    DomainError,
    InferenceFailed,
    InvalidInput,
    MalformedBody,
    NotReady,
    Overloaded,
    RequestTimeout,
    TooManyItems,
    UnknownModel,
    UnsupportedBody,
)
from bentos.common.http.headers import WORK_OPTIONS
from bentos.common.http.middleware.api_keys import UNAUTHORIZED
from bentos.common.http.openapi.names import SCHEMAS, shorten
from bentos.common.http.openapi.notes import BatchDescription, BodyNotes
from bentos.common.http.problems import Problem, problem_of
from bentos.common.http.route import ErrorRenderer

_KEY = "key"
_RETRY_AFTER = {"Retry-After": {"description": "Seconds after which to try again", "schema": {"type": "integer"}}}
_OF_BODIES: Sequence[tuple[DomainError, str]] = (
    (MalformedBody(""), "The body is not JSON"),
    (InvalidInput(""), "A field is wrong, missing or unknown"),
    (RequestTimeout(""), "The body took too long to arrive"),
    (BodyTooLarge(""), "The body is too large"),
    (TooManyItems(""), "Too many items"),
    (UnsupportedBody(""), "The body is not declared as JSON"),
    (Overloaded("", retry_after=1), "More work than can be answered in time, or too little memory for the body"),
)
_OF_COMPUTING: Sequence[tuple[DomainError, str]] = (
    (InferenceFailed("", item=0), "The model failed"),
    (NotReady("", retry_after=1), "The model is loading, or the service ends"),
    (DeadlineExceeded(""), "The request's time has passed"),
)
_OF_MODELS: Sequence[tuple[DomainError, str]] = ((UnknownModel(""), "Another model is served"),)


@dataclass
class Description:
    """The document of one service, made when it is first asked for.

    Attributes:
        app: whose routes are described.
        renderer_by_path: how errors are written on a path.
        bodies: notes on bodies, by path.
        batch_apis: BentoML's APIs, by path.
        needs_key: whether keys are set.
        exempt: paths that need none.
    """

    app: FastAPI
    renderer_by_path: Callable[[str], ErrorRenderer]
    bodies: Mapping[str, BodyNotes]
    batch_apis: Mapping[str, BatchDescription]
    needs_key: bool
    exempt: Collection[str] = field(default=())

    @cached_property
    def content(self) -> dict[str, Any]:
        """The document."""
        app = self.app
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        paths: dict[str, dict[str, Any]] = document["paths"]
        paths |= {path: {"post": api.operation} for path, api in self.batch_apis.items()}
        schemas = document["components"]["schemas"]
        for path, methods in paths.items():
            for method, operation in methods.items():
                operation["operationId"] = "_".join([method, *re.findall(r"\w+", path)])
                if body := operation.get("requestBody"):
                    _note(body["content"]["application/json"], self.bodies.get(path), schemas)
                _add_errors(operation, self._errors(path, operation, schemas), self.renderer_by_path(path))
        if self.needs_key:
            document["components"]["securitySchemes"] = {
                _KEY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "One of the service's keys, as `Authorization: Bearer KEY`",
                }
            }
            document["security"] = [{_KEY: []}]
            for path in self.exempt:
                for operation in paths.get(path, {}).values():
                    operation["security"] = []
        shorten(document)
        return document

    def _errors(self, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[tuple[Problem, str]]:
        """The errors of a route, and what they mean."""
        body = operation.get("requestBody")
        if body:
            yield from _problems(_OF_BODIES)
            reference = body["content"]["application/json"]["schema"].get("$ref", "")
            if "model" in schemas.get(reference.removeprefix(SCHEMAS), {}).get("properties", ()):
                yield from _problems(_OF_MODELS)
        if "{model}" in path:
            yield from _problems(_OF_MODELS)
        if any(parameter["name"] == WORK_OPTIONS[0]["name"] for parameter in operation.get("parameters", ())):
            yield from _problems(_OF_COMPUTING)
        if self.needs_key and path not in self.exempt:
            yield UNAUTHORIZED, "The key is missing or wrong"


def _problems(errors: Iterable[tuple[DomainError, str]]) -> Iterator[tuple[Problem, str]]:
    return ((problem_of(error), sentence) for error, sentence in errors)


def _note(content: dict[str, Any], notes: BodyNotes | None, schemas: dict[str, Any]) -> None:
    if notes is None:
        return
    content["example"] = notes.example
    if notes.one_of:
        schema = schemas[content["schema"]["$ref"].removeprefix(SCHEMAS)]
        fields = schema["properties"]
        # A field that is null counts as absent.
        null: dict[str, Any] = {"type": "null"}
        schema["oneOf"] = [
            {
                "required": [name],
                "properties": {other: {"not": null} if other == name else null for other in notes.one_of},
            }
            for name in notes.one_of
            if name in fields
        ]


def _add_errors(operation: dict[str, Any], errors: Iterable[tuple[Problem, str]], render: ErrorRenderer) -> None:
    """Put errors under the statuses that the route's dialect gives them, before the one for all others."""
    responses = operation["responses"]
    other = responses.pop("default")
    for problem, sentence in errors:
        answer = render(problem)
        known = responses.setdefault(str(answer.status_code), {"description": sentence})
        if sentence not in known["description"]:
            known["description"] += f"; {sentence[0].lower()}{sentence[1:]}"
        known["content"] = other["content"]
        if "Retry-After" in answer.headers:
            known["headers"] = _RETRY_AFTER
    operation["responses"] = {**dict(sorted(responses.items())), "default": {**other, "description": "Any other error"}}
