"""Tokenizers whose `tokenizer.json` gives the tokens that transformers gives, told by their parts.

transformers builds those of BERT, MPNet and RoBERTa anew, from vocabulary and `tokenizer_config.json`, whatever the
other parts of the file are. Where it is installed the two can be compared on texts; where it is not, the parts have to
be those that it would build.
"""

import json
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors

from scripts.models.facts import read_json, transformer_settings

_CLS_SEP = ("[CLS]", "[SEP]")
_S = ("<s>", "</s>")
_MPNET = {"MPNetTokenizer", "MPNetTokenizerFast"}
# Classes that take the file as it is.
_AS_IT_IS = {"PreTrainedTokenizerFast", "TokenizersBackend"}


def is_known(folder: Path, tokenizer: Tokenizer) -> bool:
    """Whether transformers would build this tokenizer from the files in the model's folder."""
    settings = transformer_settings(folder)
    passed = settings.get("processing_kwargs") or {}
    if any(set(passed.get(part) or {}) - {"max_length"} for part in ("text", "common")):
        return False
    # sentence-transformers passes these on; they win over the tokenizer's own.
    given = settings.get("processor_kwargs") or settings.get("tokenizer_args") or {}
    config = read_json(folder / "tokenizer_config.json") | given
    state = json.loads(tokenizer.to_str())
    model, parts = state["model"]["type"], {name: state[name] for name in ("normalizer", "pre_tokenizer")}
    match model:
        case "WordPiece" if config.get("tokenizer_class") in _MPNET:
            return parts == _bert(config) and _surrounds(tokenizer, _S, separators=2)
        case "WordPiece":
            return parts == _bert(config) and _surrounds(tokenizer, _CLS_SEP, separators=1)
        case "Unigram":
            as_it_is = config.get("tokenizer_class") in _AS_IT_IS
            return _is_sentencepiece(parts, as_it_is) and _surrounds(tokenizer, _S, separators=2)
        case "BPE" if read_json(folder / "config.json").get("model_type") == "modernbert":
            as_it_is = config.get("tokenizer_class") in _AS_IT_IS
            return as_it_is and _surrounds(tokenizer, _CLS_SEP, separators=1)
        case "BPE":
            return parts == _roberta(config) and _surrounds(tokenizer, _S, separators=2)
    return False


def _bert(config: dict[str, Any]) -> dict[str, Any]:
    normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
        strip_accents=config.get("strip_accents"),
        lowercase=config.get("do_lower_case", True),
    )
    return {"normalizer": _state(normalizer), "pre_tokenizer": _state(pre_tokenizers.BertPreTokenizer())}


def _roberta(config: dict[str, Any]) -> dict[str, Any]:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=config.get("add_prefix_space", False))
    return {"normalizer": None, "pre_tokenizer": _state(byte_level)}


def _is_sentencepiece(parts: dict[str, Any], as_it_is: bool) -> bool:
    """XLM-RoBERTa's and CamemBERT's: SentencePiece's own rules, then words with a mark in front."""
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
    words = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    single_spaces = _state(normalizers.Replace(Regex(" {2,}"), " "))
    rules = parts["normalizer"] or {}
    found = rules.get("normalizers", [rules])
    if found[0].get("type") != "Precompiled" or any(part != single_spaces for part in found[1:]):
        return False
    # Without the split at white space several spaces make tokens of their own, unless they are made one before.
    return parts["pre_tokenizer"] == _state(words) or (as_it_is and parts["pre_tokenizer"] == _state(metaspace))


def _surrounds(tokenizer: Tokenizer, specials: tuple[str, str], separators: int) -> bool:
    """Whether a text and a pair get these special tokens, compared as the post-processor's JSON."""
    first, last = specials
    ids = [number for token in specials if (number := tokenizer.token_to_id(token)) is not None]
    if len(ids) < len(specials) or tokenizer.post_processor is None:
        return False
    second = 1 if separators == 1 else 0
    between = " ".join([f"{last}:0"] * separators)
    template = processors.TemplateProcessing(
        single=f"{first}:0 $A:0 {last}:0",
        pair=f"{first}:0 $A:0 {between} $B:{second} {last}:{second}",
        special_tokens=list(zip(specials, ids, strict=True)),
    )
    start, end = (first, ids[0]), (last, ids[1])
    known = [_state(template), _state(processors.BertProcessing(end, start))]
    if separators != 1:
        options = [(trim, prefix) for trim in (True, False) for prefix in (True, False)]
        known = [_state(template), *(_state(processors.RobertaProcessing(end, start, *both)) for both in options)]
    return _state(tokenizer.post_processor) in known


def _state(part: Any) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(part.__getstate__())
    return state
