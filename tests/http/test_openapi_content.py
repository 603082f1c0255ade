"""What `/openapi.json` says beyond the types: examples, errors by status, keys, short names."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.http.openapi_document import Document
from tests.http.services import EMBED, Service

KEY = {"Authorization": "Bearer third-key"}


def operations(service: Service, headers: dict[str, str] | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    """All operations by method and path."""
    document = Document.of(service, headers)
    return {(method, path): document.content["paths"][path][method.lower()] for method, path in document.operations}


def test_every_body_has_an_example_that_is_answered_with_200_and_fits_its_schema(service: Service) -> None:
    document = Document.of(service)
    registry: Registry[Any] = Registry().with_resource("urn:document", DRAFT202012.create_resource(document.content))
    with_body = {path: operation for (_, path), operation in operations(service).items() if "requestBody" in operation}
    assert len(with_body) > 4
    for path, operation in with_body.items():
        content = operation["requestBody"]["content"]["application/json"]
        answer = service.server.client.post(path, json=content["example"])
        assert answer.status_code == 200, (path, answer.text)
        schema = content["schema"]
        if "$ref" in schema:
            schema = {"$ref": f"urn:document{schema['$ref']}"}
        Draft202012Validator(schema, registry=registry).validate(content["example"])


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"text": "heron"}, True),
        ({"texts": ["heron"], "text": None}, True),
        ({}, False),
        ({"text": "heron", "texts": ["heron"]}, False),
        ({"text": None, "texts": None}, False),
    ],
)
def test_a_body_with_one_of_two_fields_is_described_so(embed: Service, body: dict[str, Any], fits: bool) -> None:
    schema = Document.of(embed).content["components"]["schemas"]["EmbedBody"]
    [of_fields] = [{"type": "object", "oneOf": schema["oneOf"]}]
    assert Draft202012Validator(of_fields).is_valid(body) is fits
    assert (embed.server.client.post("/embed", json=body).status_code == 200) is fits


def test_errors_stand_under_their_statuses_with_when_to_come_back(service: Service) -> None:
    for (_, path), operation in operations(service).items():
        responses = operation["responses"]
        assert "default" in responses
        if "requestBody" not in operation:
            continue
        assert {"400", "429"} <= responses.keys(), path
        assert all(responses[status]["description"] for status in responses)
        for status in {"429", "503"} & responses.keys():
            assert "Retry-After" in responses[status]["headers"], path


def test_a_dialect_that_gives_an_error_another_status_is_described_so(service: Service) -> None:
    paths = Document.of(service).content["paths"]
    failed = paths["/tei/embed" if service.kind is EMBED else "/tei/rerank"]["post"]["responses"]
    assert failed["424"]["description"] == "The model failed"
    assert failed["424"]["content"]["application/json"]["schema"]["$ref"].endswith("/TEIError")


def test_where_keys_are_set_the_document_says_so(locked: Service) -> None:
    content = Document.of(locked, KEY).content
    [(name, scheme)] = content["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert content["security"] == [{name: []}]
    for (_, path), operation in operations(locked, KEY).items():
        is_open = path in ("/live", "/ready", "/health", "/metrics")
        assert (operation.get("security") == []) is is_open, path
        assert ("401" in operation["responses"]) is not is_open, path


def test_where_none_are_set_it_asks_for_none(service: Service) -> None:
    content = Document.of(service).content
    assert "securitySchemes" not in content["components"]
    assert "security" not in content


def test_names_are_short_and_of_nothing_internal(service: Service) -> None:
    content = Document.of(service).content
    assert not [name for name in content["components"]["schemas"] if "__" in name]
    assert not re.search("bentos|pydantic|HTTPValidation", str(content))
    identifiers = [operation["operationId"] for operation in operations(service).values()]
    assert len(set(identifiers)) == len(identifiers)
    assert f"post_{service.kind.path.strip('/')}" in identifiers
    for (_, path), operation in operations(service).items():
        assert operation["summary"], path
        assert operation["description"], path
