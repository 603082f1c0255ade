"""A service's own description of its answers, and whether an answer is one of them."""

from dataclasses import dataclass
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.http.services import Service

_URI = "urn:document"


@dataclass(frozen=True)
class Document:
    """The content of `/openapi.json`."""

    content: dict[str, Any]

    @classmethod
    def of(cls, service: Service, headers: dict[str, str] | None = None) -> "Document":
        """Ask a service for it."""
        return cls(service.server.client.get("/openapi.json", headers=headers).raise_for_status().json())

    @property
    def operations(self) -> set[tuple[str, str]]:
        """Method and path of everything that is described."""
        return {(method.upper(), path) for path, methods in self.content["paths"].items() for method in methods}

    def check(self, method: str, path: str, answer: httpx.Response) -> None:
        """Fail unless this is an answer that is described, in status, content type and content."""
        described = self.content["paths"][path][method.lower()]["responses"]
        status = str(answer.status_code)
        name = "default" if status not in described and answer.is_error else status
        assert name in described, f"{method} {path} may not be answered with {status}"
        content = described[name].get("content", {})
        media = answer.headers["Content-Type"].partition(";")[0]
        if not content:
            return
        assert media in content
        pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in ("paths", path))
        reference = f"{_URI}#/{pointer}/{method.lower()}/responses/{name}/content/{media.replace('/', '~1')}/schema"
        registry: Registry[Any] = Registry().with_resource(_URI, DRAFT202012.create_resource(self.content))
        schema: dict[str, Any] = {"$ref": reference}
        if content[media]["schema"]:  # further fields are not allowed, which pydantic's schemas let pass
            schema["unevaluatedProperties"] = False
        errors = [error.message for error in Draft202012Validator(schema, registry=registry).iter_errors(answer.json())]
        assert not errors, f"{method} {path}, {status}: {errors}"
