"""Shapes of the dialects' errors."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What an error is called in each dialect that has a name for it."""

    code: str
    openai_type: str
    tei_type: str


DOWN = Fault("not_ready", "server_error", "Unhealthy")
LATE = Fault("deadline_exceeded", "server_error", "Backend")
TOO_LARGE = Fault("body_too_large", "invalid_request_error", "Validation")

DIALECTS = {
    "/embed": "native",
    "/v1/embed": "cohere",
    "/v2/embed": "cohere",
    "/v1/tokenize": "cohere",
    "/v1/embeddings": "openai",
    "/embeddings": "openai",
    "/tei/embed": "tei",
    "/similarity": "tei",
    "/voyage/v1/embeddings": "voyage",
    "/": "tei",
    "/rerank": "native",
    "/v1/rerank": "jina",
    "/v2/rerank": "cohere",
    "/tei/rerank": "tei",
    "/voyage/v1/rerank": "voyage",
    "/score": "native",
    "/v1/score": "openai",
    "/v1/ranking": "nvidia",
    "/predict": "tei",
}
"""Dialect of each path."""
RERANK_PATHS = [path for path in DIALECTS if path.endswith(("rerank", "score", "ranking", "predict"))]
EMBED_PATHS = [path for path in DIALECTS if path not in RERANK_PATHS]


def check_error(body: dict[str, Any], path: str, fault: Fault) -> str:
    """Check that an error has the shape of the path's dialect; returns its sentence."""
    match DIALECTS[path]:
        case "native":
            error = body["error"]
            assert error == {"code": fault.code, "message": error["message"], "param": None}
            return str(error["message"])
        case "openai":
            error = body["error"]
            assert error == {"message": error["message"], "type": fault.openai_type, "param": None, "code": None}
            assert body["detail"] == error["message"]
            return str(error["message"])
        case "tei":
            assert body == {"error": body["error"], "error_type": fault.tei_type}
            return str(body["error"])
        case "nvidia":
            assert body == {"object": "error", "message": body["message"], "detail": {}, "type": fault.openai_type}
            return str(body["message"])
        case "voyage":
            assert body.keys() == {"detail"}
            return str(body["detail"])
        case "jina":
            assert body == {"id": body["id"], "message": body["message"], "detail": body["message"]}
            return str(body["message"])
        case _:
            assert body.keys() == {"id", "message"}
            return str(body["message"])
