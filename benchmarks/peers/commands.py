"""How each server is started: its command and the variables of its environment."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.machine import has_bf16
from benchmarks.peers.peer import Launch
from benchmarks.served import SERVICES

SERVERS = Path(__file__).parent / "servers"


def ours(launch: Launch) -> list[str]:
    """embed-service or rerank-service."""
    service = SERVICES["embed" if launch.kind == "encoder" else "rerank"]
    return [str(launch.program), "-m", "bentoml", "serve", service, "--host", "127.0.0.1", "--port", str(launch.port)]


def our_settings(launch: Launch) -> Mapping[str, str]:
    """The installed model by the name that all are asked for, without the cache and a line for each request.

    No request is refused for the time that it would wait, as the others refuse none.
    """
    prefix = "EMBED" if launch.kind == "encoder" else "RERANK"
    return {
        f"{prefix}_MODEL": launch.model_id,
        f"{prefix}_MODEL_ALIASES": "model",
        f"{prefix}_THREADS": str(launch.threads),
        f"{prefix}_MAX_INTERACTIVE_WAIT_SECONDS": "600",
        "ACCESS_LOG": "false",
        "CACHE_URL": "none",
    }


def gunicorn(launch: Launch) -> list[str]:
    """sentence-transformers behind Flask."""
    return [
        *(str(launch.program), "-m", "gunicorn", f"gunicorn_app:create('{launch.model}', '{launch.kind}')"),
        *("--chdir", str(SERVERS), "--bind", f"127.0.0.1:{launch.port}", "--preload"),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "2"),
        # A long request must not be taken for a worker that hangs.
        *("--timeout", "0", "--keep-alive", "75"),
    ]


def infinity_torch(launch: Launch) -> list[str]:
    """Infinity on torch."""
    return _infinity(launch, ["-m", "infinity_emb.cli"], str(launch.model), "torch")


def infinity_optimum(launch: Launch) -> list[str]:
    """Infinity on ONNX Runtime."""
    return _infinity(launch, [str(SERVERS / "infinity_optimum.py"), str(launch.model)], ".", "optimum")


def _infinity(launch: Launch, start: list[str], model: str, engine: str) -> list[str]:
    return [
        *(str(launch.program), *start, "v2", "--model-id", model, "--served-model-name", "model"),
        # Its own warm-up computes several batches of 32 x 512 tokens: minutes for a large model on two processors.
        *("--engine", engine, "--device", "cpu", "--pooling-method", "mean", "--no-model-warmup"),
        *("--host", "127.0.0.1", "--port", str(launch.port), "--log-level", "warning"),
    ]


def infinity_settings(launch: Launch) -> Mapping[str, str]:
    """What it fuses stays in its home."""
    return {"INFINITY_ANONYMOUS_USAGE_STATS": "0", "HF_HOME": str(launch.home)}


def vllm(launch: Launch) -> list[str]:
    """vLLM as a server of a pooling model."""
    return [
        *(str(launch.program), "-m", "vllm.entrypoints.openai.api_server", "--model", str(launch.model)),
        *("--served-model-name", "model", "--runner", "pooling", "--dtype", "bfloat16" if has_bf16() else "float32"),
        *("--host", "127.0.0.1", "--port", str(launch.port), "--disable-log-stats"),
    ]


def vllm_settings(launch: Launch) -> Mapping[str, str]:
    """All threads for the model, none reserved for its own front end; what it compiles stays in its home."""
    return {
        "VLLM_CACHE_ROOT": str(launch.home),
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
    }


def llama_cpp(launch: Launch) -> list[str]:
    """llama.cpp's server with eight texts at a time, each as long as the model's window."""
    tokens = str(8 * launch.window)
    return [
        *(str(launch.program), "--model", str(launch.model / "model.gguf"), "--threads", str(launch.threads)),
        *(("--embedding", "--pooling", "mean") if launch.kind == "encoder" else ("--rerank",)),
        *("--ctx-size", tokens, "--batch-size", tokens, "--ubatch-size", tokens, "--parallel", "8"),
        *("--host", "127.0.0.1", "--port", str(launch.port), "--no-webui", "--offline"),
    ]


def sie(launch: Launch) -> list[str]:
    """Superlinked's inference engine."""
    return [
        *(str(launch.program), "-m", "sie_server.cli", "serve", "--device", "cpu", "--models-dir", str(launch.model)),
        *("--models", "model", "--preload", "model", "--no-hf-fallback"),
        *("--host", "127.0.0.1", "--port", str(launch.port)),
    ]


def sie_settings(launch: Launch) -> Mapping[str, str]:
    """All threads; by itself it takes half of the processors."""
    return {"SIE_TORCH_NUM_THREADS": str(launch.threads)}


def bentoml(launch: Launch) -> list[str]:
    """BentoML's own way."""
    service = "Encoder" if launch.kind == "encoder" else "Reranker"
    return [
        *(str(launch.program), "-m", "bentoml", "serve", f"bentoml_example:{service}", "--working-dir", str(SERVERS)),
        *("--host", "127.0.0.1", "--port", str(launch.port), "--arg", f"model={launch.model}"),
    ]


def onnxruntime(launch: Launch) -> list[str]:
    """The plain server on ONNX Runtime."""
    arguments = [launch.model, launch.kind, launch.window, launch.threads, launch.port]
    return [str(launch.program), str(SERVERS / "onnxruntime_server.py"), *map(str, arguments)]


def ctranslate2(launch: Launch) -> list[str]:
    """The plain server on CTranslate2."""
    arguments = [launch.model, launch.window, launch.threads, launch.port]
    return [str(launch.program), str(SERVERS / "ctranslate2_server.py"), *map(str, arguments)]
