"""LangChain's clients of OpenAI and Cohere."""

from langchain_cohere import CohereEmbeddings, CohereRerank
from langchain_core.documents import Document
from langchain_openai import OpenAIEmbeddings
from report import COHERE_NAME, EMBED, GATEWAY, KEY, PASSAGES, QUERIES, QUERY, RERANKER, TEXTS, UNKNOWN, report


def _openai(model: str) -> OpenAIEmbeddings:
    return OpenAIEmbeddings(base_url=f"{EMBED}/v1", api_key=KEY, model=model, check_embedding_ctx_length=False)


def _cohere(model: str, **settings: int) -> CohereEmbeddings:
    return CohereEmbeddings(base_url=GATEWAY, cohere_api_key=KEY, model=model, **settings)


def _ranked(model: str) -> list[tuple[str, float]]:
    reranker = CohereRerank(base_url=GATEWAY, cohere_api_key=KEY, model=model)
    found = reranker.compress_documents([Document(text) for text in TEXTS], QUERY)
    return [(document.page_content, document.metadata["relevance_score"]) for document in found]


report(
    embed={
        "LangChain: OpenAIEmbeddings": lambda: {
            "passage": _openai(PASSAGES).embed_documents(TEXTS),
            "query": [_openai(QUERIES).embed_query(QUERY)],
        },
        "LangChain: CohereEmbeddings": lambda: {
            "passage": _cohere(COHERE_NAME).embed_documents(TEXTS),
            "query": [_cohere(COHERE_NAME).embed_query(QUERY)],
        },
    },
    rerank={"LangChain: CohereRerank": lambda: _ranked(RERANKER)},
    unknown={
        "LangChain: OpenAIEmbeddings": lambda: _openai(UNKNOWN).embed_query(QUERY),
        # It would try thrice, seconds apart.
        "LangChain: CohereEmbeddings": lambda: _cohere(UNKNOWN, max_retries=1).embed_query(QUERY),
        "LangChain: CohereRerank": lambda: _ranked(UNKNOWN),
    },
)
