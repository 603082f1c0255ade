"""Rerankers that are language models: files that sentence-transformers needs, where a copy of the model is older."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from bentos.common.backends.interface import Kind
from bentos.common.models.profile import TOKENIZER_FILE
from scripts.command import UsageError
from scripts.models.files.facts import LOGIT_SCORE, is_language_model, read_json, read_template
from scripts.models.files.known_names import is_of_family
from scripts.models.files.tokenizer import read_tokenizer

_TEMPLATE_FILE = "chat_template.jinja"
_ROLES = ("query", "document")


class _Known(NamedTuple):
    """A family of rerankers.

    Attributes:
        names: a pattern of model ids.
        template: of a pair of texts in these roles, and of a system message that is the instruction.
        answers: tokens that say that a document is relevant, and that it is not.
    """

    names: str
    template: str
    answers: tuple[str, str] = ("yes", "no")


def _content(role: str) -> str:
    return f'messages | selectattr("role", "eq", "{role}") | map(attribute="content") | first'


# Prompt and default of the card, https://huggingface.co/Qwen/Qwen3-Reranker-0.6B (format_instruction, prefix, suffix).
_QWEN3 = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: {{ '
    + _content("system")
    + ' | default("Given a web search query, retrieve relevant passages that answer the query") }}\n<Query>: {{ '
    + _content("query")
    + " }}\n<Document>: {{ "
    + _content("document")
    + " }}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n\n"
)
# Prompt and answers of https://github.com/mixedbread-ai/mxbai-rerank (mxbai_rerank_v2.py), which the card refers to.
_MXBAI = (
    "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
    '<|im_start|>user\n{% if messages[0].role == "system" %}instruction: {{ messages[0].content }}\n'
    "{% endif %}query: {{ "
    + _content("query")
    + " }}\ndocument: {{ "
    + _content("document")
    + " }}\nYou are a search relevance expert who evaluates how well documents match search queries. For each "
    "query-document pair, carefully analyze the semantic relationship between them, then provide your binary relevance "
    "judgment (0 for not relevant, 1 for relevant).\nRelevance:<|im_end|>\n<|im_start|>assistant\n\n"
)
KNOWN = (
    _Known(r"qwen3-reranker-[\d.]+b(-seq-cls)?", _QWEN3),
    _Known(r"mxbai-rerank-(base|large)-v2(-seq(-cls)?)?", _MXBAI, ("1", "0")),
)


def complete(folder: Path, model_id: str, wanted: Kind | None) -> bool:
    """Write the chat template of a known reranker and, for any language model that scores pairs, how it answers.

    Nothing is written over: a model whose files say how sentence-transformers loads it is left as it is.

    Args:
        folder: ours to change; its files may be links.
        model_id: by which a family is known.
        wanted: what the command line says.

    Returns:
        Whether something was missing.

    Raises:
        UsageError: there is no tokenizer, or it lacks the answers.
    """
    known = next((one for one in KNOWN if is_of_family(model_id, one.names)), None)
    declared = read_json(folder / "config_sentence_transformers.json").get("model_type") == "CrossEncoder"
    scores = wanted == "cross-encoder" or (wanted is None and (known or declared))
    if not scores or (folder / "modules.json").exists():
        return False
    added = False
    if known and not all(re.search(f"""["']{role}["']""", read_template(folder)) for role in _ROLES):
        (folder / _TEMPLATE_FILE).unlink(missing_ok=True)
        (folder / _TEMPLATE_FILE).write_text(known.template)
        added = True
    if is_language_model(folder):
        _write_modules(folder, *(known.answers if known else ("yes", "no")))
        added = True
    return added


def _write_modules(folder: Path, *answers: str) -> None:
    """As `CrossEncoder.save_pretrained` writes them."""
    if not (folder / TOKENIZER_FILE).is_file():
        raise UsageError("The model has no tokenizer.json: copy the whole repository again.")
    tokenizer = read_tokenizer(folder / TOKENIZER_FILE)
    ids = [tokenizer.token_to_id(answer) for answer in answers]
    if None in ids:
        raise UsageError(f"The model would score by the tokens {' and '.join(answers)}, which its tokenizer lacks.")
    output = {"method": "forward", "method_output_name": "logits"}
    settings = {
        "transformer_task": "text-generation",
        "modality_config": {"text": output, "message": output | {"format": "flat"}},
        "module_output_name": "causal_logits",
    }
    score = f"1_{LOGIT_SCORE}"
    modules = {"": "base.modules.transformer.Transformer", score: f"cross_encoder.modules.logit_score.{LOGIT_SCORE}"}
    entries = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.{name}"}
        for number, (path, name) in enumerate(modules.items())
    ]
    (folder / score).mkdir(exist_ok=True)
    _write(folder / score / "config.json", dict(zip(("true_token_id", "false_token_id"), ids, strict=True)))
    _write(folder / "sentence_bert_config.json", read_json(folder / "sentence_bert_config.json") | settings)
    _write(folder / "modules.json", entries)
    # Without it sentence-transformers looks for other modules than these.
    declared = "config_sentence_transformers.json"
    _write(folder / declared, read_json(folder / declared) | {"model_type": "CrossEncoder"})


def _write(file: Path, content: object) -> None:
    file.unlink(missing_ok=True)  # a link to the source's file, which is not ours to change
    file.write_text(json.dumps(content))
