"""docs/models.md with its tables: of families as they were measured, of models as the installer knows them."""

from pathlib import Path

from scripts.docs import families_table
from scripts.models.files.facts import STATIC_WINDOW
from scripts.models.files.matryoshka import known_dimensions
from scripts.models.files.prompts import known_prompts

PAGE = Path(__file__).parents[2] / "docs" / "models.md"

_HEAD = """\
| model | family | window | prompt of queries | prompt of passages | `dimensions` besides its own |
|---|---|---|---|---|---|
"""

# Windows are those of the models' files; prompts and sizes are the installer's.
_KNOWN = [
    ("sentence-transformers/all-MiniLM-L6-v2", "bert", "256"),
    ("intfloat/e5-base-v2", "bert", "512"),
    ("intfloat/multilingual-e5-large", "xlm-roberta", "512"),
    ("intfloat/multilingual-e5-large-instruct", "xlm-roberta", "512"),
    ("BAAI/bge-base-en-v1.5", "bert", "512"),
    ("BAAI/bge-m3", "xlm-roberta", "8192"),
    ("mixedbread-ai/mxbai-embed-large-v1", "bert", "512"),
    ("Snowflake/snowflake-arctic-embed-m-v1.5", "bert", "512"),
    ("Snowflake/snowflake-arctic-embed-l-v2.0", "xlm-roberta", "8192"),
    ("nomic-ai/nomic-embed-text-v1.5", "nomic_bert", "8192"),
    ("nomic-ai/modernbert-embed-base", "modernbert", "8192"),
    ("Alibaba-NLP/gte-modernbert-base", "modernbert", "8192"),
    ("google/embeddinggemma-300m", "gemma3_text", "2048"),
    ("Qwen/Qwen3-Embedding-0.6B", "qwen3", "32768"),
    ("sentence-transformers/all-mpnet-base-v2", "mpnet", "384"),
    ("minishlab/potion-base-8M", "static", str(STATIC_WINDOW)),
    ("sentence-transformers/static-retrieval-mrl-en-v1", "static", str(STATIC_WINDOW)),
    ("Qwen/Qwen3-Reranker-0.6B", "qwen3", "40960"),
    ("mixedbread-ai/mxbai-rerank-base-v2", "qwen2", "32768"),
    ("BAAI/bge-reranker-base", "xlm-roberta", "512"),
    ("BAAI/bge-reranker-v2-m3", "xlm-roberta", "8192"),
    ("cross-encoder/ms-marco-MiniLM-L6-v2", "bert", "512"),
    ("Alibaba-NLP/gte-reranker-modernbert-base", "modernbert", "8192"),
]


def render() -> str:
    """The whole page, with the tables as they should be."""
    page = PAGE.read_text()
    for head, rows in ((families_table.HEAD, families_table.rows()), (_HEAD, _model_rows())):
        before, _, rest = page.partition(head)
        _, separator, after = rest.partition("\n\n")
        page = f"{before}{head}{chr(10).join(rows)}{separator}{after}"
    return page


def _model_rows() -> list[str]:
    rows = []
    for model, family, window in _KNOWN:
        prompts = known_prompts(model)
        shown = [_code(prompts[name]) if name in prompts else "" for name in ("query", "passage")]
        sizes = ", ".join(map(str, known_dimensions(model)))
        rows.append(f"| `{model}` | `{family}` | {window} | {shown[0]} | {shown[1]} | {sizes} |")
    return rows


def _code(prompt: str) -> str:
    """A prompt as code in a cell, with the spaces at its end visible."""
    return f"`{prompt!r}`".replace("|", "\\|")
