"""Points as the stores of frameworks write them, recorded from the stores themselves.

Recorded on 27 November 2026 from langchain-qdrant 1.1.0, qdrant-haystack 13.1.0 (haystack-ai 3.4.1) and
llama-index-vector-stores-qdrant 0.10.4 (llama-index-core 0.14.25), each in an environment of its own:

    client = QdrantClient(":memory:")
    client.create_collection("langchain", models.VectorParams(size=4, distance=models.Distance.COSINE))
    langchain = langchain_qdrant.QdrantVectorStore(client, "langchain", DeterministicFakeEmbedding(size=4))
    langchain.add_documents([Document("Herons fish at dawn.", metadata={"source": "birds.md"})], ids=[ID])
    haystack = QdrantDocumentStore(":memory:", index="haystack", embedding_dim=4, use_sparse_embeddings=True)
    haystack.write_documents([Document(id="a", content="Herons fish at dawn.", meta={"source": "birds.md"},
                                       embedding=[1, 0, 0, 0], sparse_embedding=SparseEmbedding([1, 5], [0.5, 0.25]))])
    sparse = lambda texts: ([[1, 5]] * len(texts), [[0.5, 0.25]] * len(texts))
    llama_index = llama_index.vector_stores.qdrant.QdrantVectorStore("llama", client=client, enable_hybrid=True,
                                                                     sparse_doc_fn=sparse, sparse_query_fn=sparse)
    llama_index.add([TextNode(id_=ID, text="Herons fish at dawn.", metadata={"file_name": "birds.md"},
                              embedding=[1, 0, 0, 0])])
    client.scroll("langchain", with_vectors=True)

n8n is an application, but its store is a package of npm, @langchain/qdrant (1.0.3 with @langchain/core 1.4.0):

    await QdrantVectorStore.fromDocuments([new Document({pageContent: "Herons fish at dawn.", metadata: {source: "blob",
        loc: {lines: {from: 1}}}})], new FakeEmbeddings(), {client, collectionName: "n8n"})

Dify's is no package. Its collection follows the source, `api/providers/vdb/vdb-qdrant`: several knowledge bases lie in
one, told apart by `group_id`, each with an index of its own (`payload_m`).
"""

import json
from dataclasses import dataclass, field
from typing import Any

from qdrant_client import QdrantClient, models

from tests.migration.parts import point_alias

TEXT = "Herons fish at dawn."
ID = "0b9c3d6e-7a51-4f3f-8f0e-3a1d2c4b5a69"
_DENSE = [1.0, 0.0, 0.0, 0.0]
_SPARSE = models.SparseVector(indices=[1, 5], values=[0.5, 0.25])
_NODE: dict[str, Any] = {
    "id_": ID,
    "embedding": None,
    "metadata": {"file_name": "birds.md"},
    "excluded_embed_metadata_keys": [],
    "excluded_llm_metadata_keys": [],
    "relationships": {},
    "metadata_template": "{key}: {value}",
    "metadata_separator": "\n",
    "text": TEXT,
    "mimetype": "text/plain",
    "start_char_idx": None,
    "end_char_idx": None,
    "text_template": "{metadata_str}\n\n{content}",
    "class_name": "TextNode",
}


@dataclass(frozen=True)
class Stored:
    """A point of a store.

    Attributes:
        vectors: name and value; an empty name is the collection's only vector.
        sparse: the same of sparse vectors.
        indexes: payload fields that the store indexes.
    """

    payload: dict[str, Any]
    vectors: dict[str, list[float]] = field(default_factory=lambda: {"": _DENSE})
    sparse: dict[str, models.SparseVector] = field(default_factory=dict)
    hnsw: models.HnswConfigDiff | None = None
    indexes: dict[str, Any] = field(default_factory=dict)

    def seed(self, client: QdrantClient, alias: str) -> str:
        """A collection with this point, behind an alias; its name."""
        old = f"{alias}-old"
        size = models.VectorParams(size=len(_DENSE), distance=models.Distance.COSINE)
        vectors: Any = size if "" in self.vectors else dict.fromkeys(self.vectors, size)
        client.create_collection(
            old,
            vectors_config=vectors,
            sparse_vectors_config=dict.fromkeys(self.sparse, models.SparseVectorParams()),
            hnsw_config=self.hnsw,
        )
        for name, schema in self.indexes.items():
            client.create_payload_index(old, name, field_schema=schema)
        vector: Any = self.vectors[""] if "" in self.vectors else self.vectors | self.sparse
        client.upsert(old, [models.PointStruct(id=ID, vector=vector, payload=self.payload)])
        point_alias(client, alias, old)
        return old


STORES = {
    "LangChain": Stored({"page_content": TEXT, "metadata": {"source": "birds.md", "loc": {"lines": {"from": 1}}}}),
    "Haystack": Stored(
        {"id": "a", "content": TEXT, "blob": None, "meta": {"source": "birds.md"}, "score": None},
        {"text-dense": _DENSE},
        {"text-sparse": _SPARSE},
    ),
    "LlamaIndex": Stored(
        {
            "file_name": "birds.md",
            "_node_content": json.dumps(_NODE),
            "_node_type": "TextNode",
            "document_id": "None",
            "doc_id": "None",
            "ref_doc_id": "None",
        },
        {"text-dense": _DENSE},
        {"text-sparse-new": _SPARSE},
    ),
    "Dify": Stored(
        {"page_content": TEXT, "metadata": {"doc_id": ID, "document_id": ID, "dataset_id": ID}, "group_id": ID},
        hnsw=models.HnswConfigDiff(m=0, payload_m=16, ef_construct=100, full_scan_threshold=10000),
        indexes={
            "group_id": models.PayloadSchemaType.KEYWORD,
            "page_content": models.TextIndexParams(
                type=models.TextIndexType.TEXT,
                tokenizer=models.TokenizerType.MULTILINGUAL,
                min_token_len=2,
                max_token_len=20,
                lowercase=True,
            ),
        },
    ),
    "n8n, LangChain.js": Stored({"content": TEXT, "metadata": {"source": "blob", "loc": {"lines": {"from": 1}}}}),
}
