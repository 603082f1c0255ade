"""LlamaIndex's clients of OpenAI, Cohere and text-embeddings-inference."""

from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.embeddings.cohere import CohereEmbedding
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference
from llama_index.postprocessor.cohere_rerank import CohereRerank
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference
from report import COHERE_NAME, EMBED, GATEWAY, KEY, PASSAGES, QUERIES, QUERY, RERANK, RERANKER, TEXTS, UNKNOWN, report


def _openai_like(model: str) -> OpenAILikeEmbedding:
    return OpenAILikeEmbedding(model_name=model, api_base=f"{EMBED}/v1", api_key=KEY)


def _cohere_rerank(model: str) -> CohereRerank:
    return CohereRerank(model=model, base_url=GATEWAY, api_key=KEY, top_n=len(TEXTS))


def _vectors(passages: BaseEmbedding, queries: BaseEmbedding) -> dict[str, list[list[float]]]:
    return {"passage": passages.get_text_embedding_batch(TEXTS), "query": [queries.get_query_embedding(QUERY)]}


def _ranked(reranker: BaseNodePostprocessor) -> list[tuple[str, float]]:
    nodes = [NodeWithScore(node=TextNode(text=text)) for text in TEXTS]
    return [(found.node.text, found.score) for found in reranker.postprocess_nodes(nodes, query_str=QUERY)]


cohere = CohereEmbedding(model_name=COHERE_NAME, base_url=GATEWAY, api_key=KEY)
tei = TextEmbeddingsInference(
    model_name="e5", base_url=EMBED, query_instruction="query: ", text_instruction="passage: "
)

report(
    embed={
        "LlamaIndex: OpenAILikeEmbedding": lambda: _vectors(_openai_like(PASSAGES), _openai_like(QUERIES)),
        "LlamaIndex: CohereEmbedding": lambda: _vectors(cohere, cohere),
        "LlamaIndex: TextEmbeddingsInference": lambda: _vectors(tei, tei),
    },
    rerank={
        "LlamaIndex: CohereRerank": lambda: _ranked(_cohere_rerank(RERANKER)),
        "LlamaIndex: TextEmbeddingInference": lambda: _ranked(TextEmbeddingInference(base_url=RERANK)),
    },
    unknown={
        "LlamaIndex: OpenAILikeEmbedding": lambda: _openai_like(UNKNOWN).get_query_embedding(QUERY),
        "LlamaIndex: CohereRerank": lambda: _ranked(_cohere_rerank(UNKNOWN)),
    },
)
