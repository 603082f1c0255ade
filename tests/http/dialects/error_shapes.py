"""Errors as each dialect's clients read them; their shape is checked on the way."""

from typing import Any

import httpx


def cohere_error(answer: httpx.Response) -> tuple[int, str]:
    """Status and message of an error of Cohere's."""
    body = answer.json()
    assert body.keys() == {"id", "message"}
    assert body["id"] == answer.headers["X-Request-ID"]
    return answer.status_code, body["message"]


def jina_error(answer: httpx.Response) -> tuple[int, str]:
    """Status and message of an error of Jina's, which Cohere's clients can read too."""
    body = answer.json()
    assert body.keys() == {"id", "message", "detail"}
    assert body["id"] == answer.headers["X-Request-ID"]
    assert body["detail"] == body["message"]
    return answer.status_code, body["message"]


def openai_error(answer: httpx.Response) -> dict[str, Any]:
    """Status, type, param, code and message of an error of OpenAI's; clients of Jina read `detail`."""
    body = answer.json()
    assert body.keys() == {"error", "detail"}
    assert body["error"]["message"] in body["detail"]
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert body["error"]["message"]
    return {"status": answer.status_code, **body["error"]}


def tei_error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, type and message of an error of text-embeddings-inference."""
    body = answer.json()
    assert body.keys() == {"error", "error_type"}
    return answer.status_code, body["error_type"], body["error"]


def voyage_error(answer: httpx.Response) -> tuple[int, str]:
    """Status and sentence of an error of Voyage's."""
    body = answer.json()
    assert body.keys() == {"detail"}
    return answer.status_code, body["detail"]


def sentence(answer: httpx.Response) -> str:
    """Of an error in any dialect."""
    body = answer.json()
    error = body.get("error")
    return str(body.get("detail") or body.get("message") or (error["message"] if isinstance(error, dict) else error))
