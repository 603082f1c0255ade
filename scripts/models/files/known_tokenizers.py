"""Tokenizers whose `tokenizer.json` gives the tokens that transformers gives, told by their parts.

transformers builds those of BERT, MPNet and RoBERTa anew, from vocabulary and `tokenizer_config.json`, whatever the
other parts of the file are. Where it is installed the two can be compared on texts; where it is not, the parts have to
be those that it would build.
"""

import json
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors

from scripts.models.files.facts import passed_to_tokenizer, read_json, transformer_settings

_CLS_SEP = ("[CLS]", "[SEP]")
_S = ("<s>", "</s>")
_MPNET = {"MPNetTokenizer", "MPNetTokenizerFast"}
_AROUND = ("cls_token", "sep_token", "bos_token", "eos_token")
"""Those around a text; BERT uses the first two."""
_NAMED = (*_AROUND, "unk_token", "pad_token", "mask_token")
_FLAGS = ("content", "lstrip", "rstrip", "single_word", "normalized")
_WORD_CHARACTERS = 100
# Classes that take the file as it is.
_AS_IT_IS = {"PreTrainedTokenizerFast", "TokenizersBackend"}


def is_known(folder: Path, tokenizer: Tokenizer) -> bool:
    """Whether transformers would build this tokenizer from the files in the model's folder."""
    settings = transformer_settings(folder)
    passed = settings.get("processing_kwargs") or {}
    if any(set(passed.get(part) or {}) - {"max_length"} for part in ("text", "common")):
        return False
    config = read_json(folder / "tokenizer_config.json") | passed_to_tokenizer(settings)
    named = read_json(folder / "special_tokens_map.json") | config
    if not _has_tokens(tokenizer, named, [*read_json(folder / "added_tokens.json")]):
        return False
    state = json.loads(tokenizer.to_str())
    model, parts = state["model"], {name: state[name] for name in ("normalizer", "pre_tokenizer")}
    as_it_is = config.get("tokenizer_class") in _AS_IT_IS
    match model["type"]:
        case "WordPiece":
            mpnet = config.get("tokenizer_class") in _MPNET
            specials, separators = (_S, 2) if mpnet else (_CLS_SEP, 1)
            same = parts == _bert(config) and _is_usual_wordpiece(model, named) and _are_around(specials, named)
            return same and _surrounds(tokenizer, specials, separators)
        case "Unigram":
            around = as_it_is or (bool(config.get("add_prefix_space", True)) and _are_around(_S, named))
            return around and _is_sentencepiece(parts, as_it_is) and _surrounds(tokenizer, _S, separators=2)
        case "BPE" if read_json(folder / "config.json").get("model_type") == "modernbert":
            return as_it_is and _surrounds(tokenizer, _CLS_SEP, separators=1)
        case "BPE":
            return parts == _roberta(config) and _are_around(_S, named) and _surrounds(tokenizer, _S, separators=2)
    return False


def _has_tokens(tokenizer: Tokenizer, named: dict[str, Any], more: list[str]) -> bool:
    """Whether the file has all tokens that others name, as they have them: transformers would add them."""
    present = tokenizer.get_added_tokens_decoder()
    for number, entry in (named.get("added_tokens_decoder") or {}).items():
        token = present.get(int(number)) if number.isdecimal() else None
        if token is None or any(getattr(token, flag) != entry[flag] for flag in _FLAGS if flag in entry):
            return False
    extra = [*(named.get("additional_special_tokens") or []), *_values(named.get("extra_special_tokens") or [])]
    special = [named[name] for name in _NAMED if named.get(name)]
    return {_content(token) for token in [*special, *extra, *more]} <= {token.content for token in present.values()}


def _are_around(specials: tuple[str, str], named: dict[str, Any]) -> bool:
    """Whether transformers would put these around a text: those that are named so, if others are not."""
    names = _AROUND[:2] if specials == _CLS_SEP else _AROUND
    return all(_content(named.get(name) or token) == token for name, token in zip(names, specials * 2, strict=False))


def _values(tokens: Any) -> list[Any]:
    return [*(tokens.values() if isinstance(tokens, dict) else tokens)]


def _content(token: Any) -> str:
    return str(token.get("content") if isinstance(token, dict) else token)


def _is_usual_wordpiece(model: dict[str, Any], named: dict[str, Any]) -> bool:
    usual = (_content(named.get("unk_token") or "[UNK]"), _WORD_CHARACTERS, "##")
    return (model["unk_token"], model["max_input_chars_per_word"], model["continuing_subword_prefix"]) == usual


def _bert(config: dict[str, Any]) -> dict[str, Any]:
    normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=config.get("tokenize_chinese_chars", True),
        strip_accents=config.get("strip_accents"),
        lowercase=config.get("do_lower_case", True),
    )
    return {"normalizer": _state(normalizer), "pre_tokenizer": _state(pre_tokenizers.BertPreTokenizer())}


def _roberta(config: dict[str, Any]) -> dict[str, Any]:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=config.get("add_prefix_space") or False)
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
