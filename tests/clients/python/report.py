"""Where the services are, what is sent, and what came of it, as one JSON object on standard output.

The scripts beside this module run in the environment that `make client-packages` makes. They name their clients as
docs/clients.md does, and give them the settings that it has and nothing else.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

EMBED, RERANK, GATEWAY = (os.environ[f"{name}_URL"] for name in ("EMBED", "RERANK", "GATEWAY"))
RERANKER = os.environ["RERANK_MODEL"]
PASSAGES, QUERIES = "e5-passage", "e5-query"
COHERE_NAME = "embed-multilingual-v3.0"
UNKNOWN = "no-such-model"
KEY = "any"

TEXTS = ["The grey heron stands still and waits.", "Our office is open from nine to five.", "A stork nests here."]
QUERY = "How does a heron hunt?"

Calls = Mapping[str, Callable[[], Any]]


def report(*, embed: Calls, unknown: Calls, rerank: Calls | None = None) -> None:
    """Print what each call returned, or its error, by the name of its client.

    Args:
        embed: vectors of `TEXTS` by what they are for, and of `QUERY`.
        unknown: what asks for a model that is not there.
        rerank: `TEXTS` with their scores, best first.
    """
    found = {
        kind: {name: _outcome(call) for name, call in calls.items()}
        for kind, calls in (("embed", embed), ("rerank", rerank or {}), ("unknown", unknown))
    }
    # On a line of its own, whatever a client has printed.
    sys.stdout.write("\n" + json.dumps(found, default=float))


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
