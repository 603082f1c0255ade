"""The servers that are compared. To add one: its requirements, a server script if it has no server, an entry here."""

from pathlib import Path

from benchmarks.peers.peer import EmbedRoute, Launch, Peer, RerankRoute
from benchmarks.served import SERVICES

SERVERS = Path(__file__).parent / "servers"
OURS = "duobento"

_PLAIN_EMBED = EmbedRoute("/embed", lambda texts: {"texts": texts}, lambda answer: answer["embeddings"])
_PLAIN_RERANK = RerankRoute("/rerank", lambda request: {"query": request.query, "documents": request.documents})
_OPENAI_EMBED = EmbedRoute(
    "/embeddings",
    lambda texts: {"model": "model", "input": texts},
    lambda answer: [item["embedding"] for item in answer["data"]],
)
_INFINITY_RERANK = RerankRoute(
    "/rerank", lambda request: {"model": "model", "query": request.query, "documents": request.documents}
)
_BENTOML_EMBED = EmbedRoute("/encode", lambda texts: {"sentences": texts}, lambda answer: answer)
_BENTOML_RERANK = RerankRoute(
    "/score", lambda request: {"pairs": [(request.query, document) for document in request.documents]}
)


def _ours(launch: Launch) -> list[str]:
    service = SERVICES["embed" if launch.kind == "encoder" else "rerank"]
    return [str(launch.python), "-m", "bentoml", "serve", service, "--host", "127.0.0.1", "--port", str(launch.port)]


def _our_settings(launch: Launch) -> dict[str, str]:
    prefix = "EMBED" if launch.kind == "encoder" else "RERANK"
    return {
        f"{prefix}_MODEL": launch.model_id,
        f"{prefix}_THREADS": str(launch.threads),
        "ACCESS_LOG": "false",
        "CACHE_URL": "none",
    }


def _gunicorn(launch: Launch) -> list[str]:
    return [
        *(str(launch.python), "-m", "gunicorn", f"gunicorn_app:create('{launch.model}', '{launch.kind}')"),
        *("--chdir", str(SERVERS), "--bind", f"127.0.0.1:{launch.port}", "--preload"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "2"),
        # A worker that is paused while another server is measured must not be taken for a hung one.
        *("--timeout", "0", "--keep-alive", "75"),
    ]


def _infinity(launch: Launch, start: list[str], model: str, engine: str) -> list[str]:
    return [
        *(str(launch.python), *start, "v2", "--model-id", model, "--served-model-name", "model"),
        # Its own warm-up computes several batches of 32 x 512 tokens: minutes for a large model on two processors.
        *("--engine", engine, "--device", "cpu", "--pooling-method", "mean", "--no-model-warmup"),
        *("--host", "127.0.0.1", "--port", str(launch.port), "--log-level", "warning"),
    ]


def _infinity_torch(launch: Launch) -> list[str]:
    return _infinity(launch, ["-m", "infinity_emb.cli"], str(launch.model), "torch")


def _infinity_optimum(launch: Launch) -> list[str]:
    start = [str(SERVERS / "infinity_optimum.py"), str(launch.model)]
    return _infinity(launch, start, ".", "optimum")


def _infinity_settings(launch: Launch) -> dict[str, str]:
    return {"INFINITY_ANONYMOUS_USAGE_STATS": "0", "HF_HOME": str(launch.home)}


def _bentoml(launch: Launch) -> list[str]:
    service = "Encoder" if launch.kind == "encoder" else "Reranker"
    return [
        *(str(launch.python), "-m", "bentoml", "serve", f"bentoml_example:{service}", "--working-dir", str(SERVERS)),
        *("--host", "127.0.0.1", "--port", str(launch.port), "--arg", f"model={launch.model}"),
    ]


def _onnxruntime(launch: Launch) -> list[str]:
    arguments = [launch.model, launch.kind, launch.window, launch.threads, launch.port]
    return [str(launch.python), str(SERVERS / "onnxruntime_server.py"), *map(str, arguments)]


def _ctranslate2(launch: Launch) -> list[str]:
    arguments = [launch.model, launch.window, launch.threads, launch.port]
    return [str(launch.python), str(SERVERS / "ctranslate2_server.py"), *map(str, arguments)]


PEERS = [
    Peer(
        name=OURS,
        about="embed-service and rerank-service, best installed variant",
        precision=None,
        model_format="installed",
        command=_ours,
        variables=_our_settings,
        versions=("bentoml", "openvino", "torch"),
        ready="/ready",
        embed=_PLAIN_EMBED,
        rerank=_PLAIN_RERANK,
        adds_prompt=True,
    ),
    Peer(
        name="gunicorn",
        about="sentence-transformers behind gunicorn, 2 workers x 2 threads that share the processors",
        requirements="sentence-transformers",
        versions=("sentence-transformers", "torch", "gunicorn"),
        model_format="torch",
        command=_gunicorn,
        processes=2,
        embed=_PLAIN_EMBED,
        rerank=_PLAIN_RERANK,
    ),
    Peer(
        name="infinity-torch",
        about="Infinity, torch engine with BetterTransformer, its default",
        requirements="infinity",
        versions=("infinity_emb", "torch", "sentence-transformers"),
        model_format="transformers-4",
        command=_infinity_torch,
        variables=_infinity_settings,
        embed=_OPENAI_EMBED,
        rerank=_INFINITY_RERANK,
    ),
    Peer(
        name="infinity-optimum",
        about="Infinity, optimum engine: ONNX Runtime on a graph that it fuses at the first start",
        requirements="infinity",
        versions=("infinity_emb", "optimum", "onnxruntime"),
        model_format="onnx",
        command=_infinity_optimum,
        converts_at_first_start=True,
        variables=_infinity_settings,
        embed=_OPENAI_EMBED,
        rerank=_INFINITY_RERANK,
    ),
    Peer(
        name="bentoml",
        about="BentoML's own batchable API around sentence-transformers",
        requirements="bentoml",
        versions=("bentoml", "sentence-transformers", "torch"),
        model_format="torch",
        command=_bentoml,
        ready="/readyz",
        embed=_BENTOML_EMBED,
        rerank=_BENTOML_RERANK,
    ),
    Peer(
        name="onnxruntime",
        about="a plain ONNX Runtime server with batching, stand-in for text-embeddings-inference on CPU",
        requirements="onnxruntime",
        versions=("onnxruntime", "tokenizers", "uvicorn"),
        model_format="onnx",
        command=_onnxruntime,
        embed=_PLAIN_EMBED,
        rerank=_PLAIN_RERANK,
    ),
    Peer(
        name="ctranslate2-int8",
        about="the same plain server on CTranslate2 in int8; it has no classification head, so no rerank",
        precision="int8",
        requirements="ctranslate2",
        versions=("ctranslate2", "tokenizers", "uvicorn"),
        model_format="ctranslate2",
        command=_ctranslate2,
        embed=_PLAIN_EMBED,
        rerank=None,
    ),
]
