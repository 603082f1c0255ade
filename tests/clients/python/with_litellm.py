"""litellm, by each of the providers that docs/clients.md names."""

from functools import partial

import litellm
from report import EMBED, GATEWAY, KEY, PASSAGES, QUERIES, QUERY, RERANK, RERANKER, TEXTS, UNKNOWN, report


def _embedded(provider: str, model: str, texts: list[str]) -> list[list[float]]:
    answer = litellm.embedding(model=f"{provider}/{model}", input=texts, api_base=f"{EMBED}/v1", api_key=KEY)
    return [item["embedding"] for item in answer.data]


def _vectors(provider: str) -> dict[str, list[list[float]]]:
    return {"passage": _embedded(provider, PASSAGES, TEXTS), "query": _embedded(provider, QUERIES, [QUERY])}


def _ranked(provider: str, url: str, model: str = RERANKER, **settings: bool) -> list[tuple[str, float]]:
    answer = litellm.rerank(
        model=f"{provider}/{model}", query=QUERY, documents=TEXTS, api_base=url, api_key=KEY, **settings
    )
    return [(TEXTS[found["index"]], found["relevance_score"]) for found in answer.results]


report(
    embed={f"litellm: {name}/": partial(_vectors, name) for name in ("openai", "hosted_vllm", "jina_ai")},
    rerank={
        "litellm: cohere/": partial(_ranked, "cohere", GATEWAY),
        "litellm: hosted_vllm/": partial(_ranked, "hosted_vllm", RERANK),
        "litellm: infinity/": partial(_ranked, "infinity", RERANK, return_documents=False),
        "litellm: jina_ai/": partial(_ranked, "jina_ai", f"{RERANK}/v1/rerank"),
    },
    unknown={
        "litellm: openai/": partial(_embedded, "openai", UNKNOWN, TEXTS),
        "litellm: cohere/": partial(_ranked, "cohere", GATEWAY, UNKNOWN),
        "litellm: hosted_vllm/": partial(_ranked, "hosted_vllm", RERANK, UNKNOWN),
    },
)
