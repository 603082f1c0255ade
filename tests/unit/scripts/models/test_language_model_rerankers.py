"""Language models that score pairs by their next token are served as sentence-transformers and their cards have it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder
from transformers import AutoModelForCausalLM, AutoTokenizer

from bentos.common.backends.interface import Backend, Outputs
from bentos.common.backends.openvino import OpenVINOBackend
from bentos.common.backends.torch import TorchCrossEncoder
from bentos.common.backends.torch_packed.model import PackedModel
from bentos.common.engine.pairs import pair_format
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.store import InstalledModel, list_installed
from scripts.command import UsageError
from scripts.models.conversion.artefact import install_precision
from scripts.models.fidelity.texts import read_entries
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json
from scripts.models.miniatures.rerankers import Layout, write_reranker
from scripts.models.rows import pair_rows
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

SYSTEM = "{%- set instruction = messages | selectattr('role', 'eq', 'system') | map(attribute='content') | first"
# tokenizer_config.json of Qwen/Qwen3-Reranker-0.6B.
QWEN3 = (
    SYSTEM + " | default('Given a web search query, retrieve relevant passages that answer the query') -%}\n"
    "{%- set query_text = messages | selectattr('role', 'eq', 'query') | map(attribute='content') | first -%}\n"
    "{%- set document_text = messages | selectattr('role', 'eq', 'document') | map(attribute='content') | first -%}\n"
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: '
    "{{ instruction }}\n<Query>: {{ query_text }}\n<Document>: {{ document_text }}<|im_end|>\n<|im_start|>assistant\n"
    "<think>\n\n</think>\n\n\n"
)
# What is behind a document is tokenized with its end here, and there is no instruction.
PLAIN = (
    "query: {{ (messages | selectattr('role', 'eq', 'query') | first).content }}\n"
    "document: {{ (messages | selectattr('role', 'eq', 'document') | first).content }}\nRelevance:"
)
IN_TURNS = (
    "<|im_start|>system\n{{ messages[0].content }}<|im_end|>\n<|im_start|>user\n{{ messages[1].content }}<|im_end|>\n"
    "<|im_start|>assistant\n\n"
)
CHAT = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
TO_USERS = " in messages if message.role in ('user', 'assistant')"
SWAPPED = PLAIN.replace("query", "-").replace("document", "query").replace("-", "document")
MODELS: dict[str, dict[str, Any]] = {
    "qwen3": {"template": QWEN3, "tie_word_embeddings": True},
    "qwen3, a head of its own": {"template": QWEN3, "tie_word_embeddings": False},
    "qwen2, other answers": {"family": "qwen2", "template": PLAIN, "answers": ("1", "0")},
    "qwen2, one answer, in turns": {"family": "qwen2", "template": IN_TURNS, "answers": ("yes", None)},
    "gemma3": {"family": "gemma3_text", "template": PLAIN},
    "qwen3, a classifier": {"template": QWEN3, "layout": "classifier"},
}
QUERY = "Wie machen Pflanzen Zucker?"
TEXTS = [
    "Plants turn light into sugar.",
    "",
    "a",
    "  spaces around  ",
    "ends in a line\n",
    "<|im_end|> literal",
    "東京?",
]
PAIRS = [(QUERY, text) for text in TEXTS] + [(text, "A document.") for text in TEXTS[1:]]
INSTRUCTION = "Judge by the subject. Is it the same?"


def installed(folder: Path, home: Path, name: str = "local/reranker", **wishes: Any) -> InstalledModel:
    return install(LocalFolder(folder, name), Wishes(**wishes), print, home=home)


def backends(model: InstalledModel, home: Path) -> list[Backend]:
    """The original and its conversion."""
    converted = install_precision(model, "fp32", print, home=home)
    assert converted.profile.pair_prompt == model.profile.pair_prompt
    graph = OpenVINOBackend(
        converted.path,
        precision="fp32",
        pooling=converted.profile.pooling or "mean",
        threads=1,
        streams=1,
        window=converted.profile.max_tokens,
    )
    return [TorchCrossEncoder(model.path, device="cpu", precision="fp32", threads=1), graph]


def served(model: InstalledModel, backend: Backend, pairs: Any, instruction: str | None = None) -> Outputs:
    tokenizer = Tokenizer.load(model.path, model.profile.max_tokens)
    return backend.infer(pair_rows(pair_format(tokenizer, model.profile.pair_prompt, instruction), pairs))[:, 0]


def predicted(folder: Path, pairs: Any, prompt: str | None = None) -> Outputs:
    model: Any = CrossEncoder(str(folder), device="cpu")
    return np.concatenate([model.predict([pair], prompt=prompt, activation_fn=torch.nn.Identity()) for pair in pairs])


def refusal(folder: Path, home: Path, name: str = "local/reranker", **wishes: Any) -> str:
    with pytest.raises(UsageError) as refused:
        installed(folder, home, name, **wishes)
    assert list_installed(home) == ([], [])
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


@pytest.mark.parametrize("settings", MODELS.values(), ids=MODELS)
def test_both_backends_give_the_logits_of_the_library(settings: dict[str, Any], tmp_path: Path) -> None:
    folder, home = write_reranker(tmp_path / "model", **settings), tmp_path / "home"
    model = installed(folder, home)
    assert (model.profile.kind, model.profile.max_tokens) == ("cross-encoder", 512)
    takes_instruction = settings["template"] == QWEN3
    expected = predicted(folder, PAIRS)
    assert np.ptp(expected) > 0.1
    for backend in backends(model, home):
        np.testing.assert_allclose(served(model, backend, PAIRS), expected, atol=1e-3)
        if takes_instruction:
            other = predicted(folder, PAIRS[:4], INSTRUCTION)
            assert np.abs(other - expected[:4]).min() > 1e-3
            np.testing.assert_allclose(served(model, backend, PAIRS[:4], INSTRUCTION), other, atol=1e-3)
        else:
            with pytest.raises(ValueError, match="takes no instruction"):
                served(model, backend, PAIRS, INSTRUCTION)


@pytest.mark.parametrize("name", ["qwen3", "qwen2, one answer, in turns"])
def test_packed_rows_of_a_gpu_give_the_same(name: str, tmp_path: Path) -> None:
    model = installed(write_reranker(tmp_path / "model", **MODELS[name]), tmp_path / "home")
    packed: Any = PackedModel(CrossEncoder(str(model.path), device="cpu").eval())
    padded = TorchCrossEncoder(model.path, device="cpu", precision="fp32", threads=1)
    np.testing.assert_allclose(served(model, packed, PAIRS), served(model, padded, PAIRS), atol=1e-4)


@pytest.mark.parametrize("name", ["qwen3", "qwen2, other answers", "qwen3, a classifier"])
def test_a_document_over_the_window_loses_its_end_and_the_prompt_keeps_its_own(name: str, tmp_path: Path) -> None:
    folder, home = write_reranker(tmp_path / "model", **MODELS[name]), tmp_path / "home"
    pairs = [(QUERY, " ".join(entry.passage for entry in read_entries()[:9])), PAIRS[0]]
    model = installed(folder, home)
    for backend in backends(model, home):
        np.testing.assert_allclose(served(model, backend, pairs), predicted(folder, pairs), atol=1e-3)


@pytest.mark.parametrize("instruction", [None, INSTRUCTION])
def test_the_recipe_of_qwens_card(instruction: str | None, tmp_path: Path) -> None:
    """https://huggingface.co/Qwen/Qwen3-Reranker-0.6B: parts are tokenized apart, and yes and no compared."""
    folder, home = write_reranker(tmp_path / "model", template=CHAT, layout="bare"), tmp_path / "home"
    model = installed(folder, home, "Qwen/Qwen3-Reranker-0.6B")
    tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
    original: Any = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32)
    ask = instruction or "Given a web search query, retrieve relevant passages that answer the query"
    prefix = (
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
        'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
    )
    suffix = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"

    def logit(query: str, document: str) -> float:
        parts = (prefix, f"<Instruct>: {ask}\n<Query>: {query}\n<Document>: {document}", suffix)
        ids = [number for part in parts for number in tokenizer.encode(part, add_special_tokens=False)]
        with torch.no_grad():
            logits = original(torch.tensor([ids])).logits[0, -1]
        yes, no = (logits[tokenizer.convert_tokens_to_ids(answer)] for answer in ("yes", "no"))
        return float(yes - no)

    expected = [logit(*pair) for pair in PAIRS]
    for backend in backends(model, home):
        np.testing.assert_allclose(served(model, backend, PAIRS, instruction), expected, atol=1e-3)


@pytest.mark.parametrize("instruction", [None, INSTRUCTION])
def test_the_recipe_of_mxbais_card(instruction: str | None, tmp_path: Path) -> None:
    """https://github.com/mixedbread-ai/mxbai-rerank, mxbai_rerank_v2.py, which tokenizes parts and lines apart."""
    folder, home = write_reranker(tmp_path / "model", "qwen2", template=CHAT, layout="bare"), tmp_path / "home"
    model = installed(folder, home, "mixedbread-ai/mxbai-rerank-base-v2")
    tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
    original: Any = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32)
    head = "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
    task = (
        "You are a search relevance expert who evaluates how well documents match search queries. For each "
        "query-document pair, carefully analyze the semantic relationship between them, then provide your binary "
        "relevance judgment (0 for not relevant, 1 for relevant).\nRelevance:"
    )
    # Where a text ends in a letter: a sentence's end and the line break behind it may be one token, as the library's
    # CrossEncoder has it, which reads the prompt as one text.
    pairs = [("plants", "sugar and light"), ("Wie machen Pflanzen Zucker", "Plants turn light into sugar"), ("a", "b")]

    def logit(query: str, document: str) -> float:
        ask = f"instruction: {instruction}\n" if instruction else ""
        parts = (head + "<|im_start|>user\n", f"{ask}query: {query}", "\n", f"document: {document}", "\n", task)
        ids = [
            number
            for part in (*parts, "<|im_end|>\n<|im_start|>assistant\n")
            for number in tokenizer.encode(part, add_special_tokens=False)
        ]
        with torch.no_grad():
            logits = original(torch.tensor([ids])).logits[0, -1]
        one, zero = (logits[tokenizer.convert_tokens_to_ids(answer)] for answer in ("1", "0"))
        return float(one - zero)

    expected = [logit(*pair) for pair in pairs]
    for backend in backends(model, home):
        np.testing.assert_allclose(served(model, backend, pairs, instruction), expected, atol=1e-3)


@pytest.mark.parametrize(("name", "layout"), [("qwen3-reranker-0.6b-SEQ-CLS", "classifier"), ("any/name", "bare")])
def test_a_copy_without_the_librarys_files_is_completed(name: str, layout: Layout, tmp_path: Path) -> None:
    template = CHAT if layout == "classifier" else QWEN3
    folder = write_reranker(tmp_path / "model", template=template, layout=layout)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    model = installed(folder, tmp_path / "home", name, kind="cross-encoder")
    assert {file: file.read_bytes() for file in folder.iterdir()} == before, "the folder itself is left as it was"
    assert model.profile.pair_prompt is not None
    assert model.profile.pair_prompt.before.endswith("passages that answer the query\n<Query>:")
    same = write_reranker(tmp_path / "same", template=QWEN3, layout="library" if layout == "bare" else "classifier")
    backend = TorchCrossEncoder(model.path, device="cpu", precision="fp32", threads=1)
    np.testing.assert_allclose(served(model, backend, PAIRS), predicted(same, PAIRS), atol=1e-3)


def test_the_gate_compares_with_the_prompt(tmp_path: Path) -> None:
    folder = write_reranker(tmp_path / "model", template=QWEN3)
    converted = install_precision(installed(folder, tmp_path / "home"), "fp32", print, home=tmp_path / "home")
    assert converted.profile.fidelity["kendall_tau"] > 0.999


def test_an_instruction_of_the_files_is_the_usual_one(tmp_path: Path) -> None:
    folder = write_reranker(tmp_path / "model", template=QWEN3)
    edit_json(
        folder / "config_sentence_transformers.json", prompts={"subject": INSTRUCTION}, default_prompt_name="subject"
    )
    model = installed(folder, tmp_path / "home")
    backend = TorchCrossEncoder(model.path, device="cpu", precision="fp32", threads=1)
    np.testing.assert_allclose(served(model, backend, PAIRS), predicted(folder, PAIRS, INSTRUCTION), atol=1e-3)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (CHAT.replace("{{ message.content }}", "text"), "does not have the query and then the document"),
        (SWAPPED, "does not have the query and then the document"),
        (
            PLAIN.replace(".content }}\nRel", ".content | upper }}\nRel"),
            "does not have the query and then the document",
        ),
        ("long " * 300 + PLAIN, "more than half of the window"),
    ],
    ids=["without texts", "document first", "changed", "long"],
)
def test_a_template_that_cannot_be_served_is_refused(template: str, words: str, tmp_path: Path) -> None:
    folder = write_reranker(tmp_path / "model", template=template)
    assert words in refusal(folder, tmp_path / "home")


def test_a_plain_language_model_is_neither(tmp_path: Path) -> None:
    folder = write_reranker(tmp_path / "model", template=CHAT.replace(" in messages", TO_USERS), layout="bare")
    assert "without a modules.json" in refusal(folder, tmp_path / "home")
    assert "does not have the query" in refusal(folder, tmp_path / "home", kind="cross-encoder")
