"""Where the text that a chat template makes of a pair is cut."""

from collections.abc import Callable

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from bentos.common.models.profile import PairPrompt
from scripts.command import UsageError
from scripts.models.files.pair_prompts import Encode, Render, read_pair_prompt
from scripts.models.trial_texts import TEXTS

LINES = ["a.\n", "b?\n", "is: it\n"]


def words_and_line_ends() -> Encode:
    """Punctuation and the line breaks behind it are one token."""
    tokenizer = Tokenizer(models.BPE())
    pattern = r" ?[^\W\d_]+| ?[^\s\w]+[\r\n]*|\s+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(show_progress=False, initial_alphabet=alphabet)
    tokenizer.train_from_iterator([*LINES, *TEXTS] * 9, trainer)
    return lambda text: tokenizer.encode(text).ids


def template(text: str, instructed: str | None = None) -> Render:
    def render(instruction: str | None, query: str, document: str) -> str:
        form = text if instruction is None or instructed is None else instructed
        return form.format(i=instruction, q=query, d=document)

    return render


def test_texts_are_tokenized_with_what_their_tokens_may_reach_into() -> None:
    found = read_pair_prompt(template("Q: {q}\nD: {d}\nScore: "), words_and_line_ends())
    assert found == PairPrompt(before="Q:", query=(" ", "\n"), between="D:", document=(" ", "\n"), after="Score: ")


def test_an_instruction_has_a_place_in_front_of_the_query() -> None:
    render = template("Find it.\nQ: {q}\nD: {d}", "Find it: {i}\nQ: {q}\nD: {d}")
    found = read_pair_prompt(render, words_and_line_ends())
    assert (found.before, found.instructed) == ("Find it.\nQ:", ("Find it: ", "\nQ:"))


@pytest.mark.parametrize("text", ["{q}", "{d} {q}", "{q} {q} {d}", "{q} {d} {d}", ""])
def test_both_texts_are_there_once_and_the_query_first(text: str) -> None:
    with pytest.raises(UsageError, match="the query and then the document, once each"):
        read_pair_prompt(template(text), words_and_line_ends())


@pytest.mark.parametrize(
    "instructed", ["{i}\nQ: {q}\nD: {d}, as said", "{i}\nQ: {q}\nDocument: {d}", "{i}Q:{q}\nD: {d}"], ids=repr
)
def test_an_instruction_that_changes_what_is_behind_it_is_refused(instructed: str) -> None:
    with pytest.raises(UsageError, match="an instruction in a place"):
        read_pair_prompt(template("Q: {q}\nD: {d}", instructed), words_and_line_ends())


def test_a_tokenizer_that_knows_no_parts_is_refused() -> None:
    whole: Callable[[str], list[int]] = lambda text: [hash(text)]  # noqa: E731
    with pytest.raises(UsageError, match="joins the query and the document"):
        read_pair_prompt(template("Q: {q} D: {d}"), whole)
