"""What a server does with requests that are not a load: texts that are too long, Cohere's options, late answers."""

from collections.abc import Callable, Iterator

import httpx
import numpy as np

from benchmarks.peers.contestants import HttpContestant
from benchmarks.peers.requests import Documents, Request, Texts
from bentos.common.models.store import InstalledModel

HUGE = "5 MB of text"
LONG = "a text of three windows"
QUERY_TYPE = "Cohere's input_type search_query"
INT8 = "Cohere's embedding type int8"
LATE_ANSWER = "the answer is at a document's end"

_HUGE_BYTES = 5_000_000
_WORDS = "The harbour opens at noon and ships of every size wait for the tide. "
_OTHER_WORDS = "Violins, cellos and a piano were bought for the school in spring. "
_QUESTION = "Who is a software engineer?"
_ANSWER = "John is a software engineer."
_COHERE_PATH = "/v2/embed"
_SECONDS = 300
_SAME = 1e-4
_SHOWN_CHARACTERS = 120


def observe(server: HttpContestant, model: InstalledModel) -> Iterator[tuple[str, str]]:
    """Ask everything that concerns the model's kind; gives what was asked with what was seen, in words.

    Args:
        server: may be asked anything; it may end of it.
        model: that it serves.
    """
    window = model.profile.max_tokens
    if model.profile.kind == "encoder":
        yield LONG, _described(lambda: _long_text(server, window))
        yield QUERY_TYPE, _described(lambda: _query_type(server, bool(model.profile.prompts)))
        yield INT8, _described(lambda: _int8(server))
        yield HUGE, _described(lambda: _huge(server, Texts((_of_bytes(_HUGE_BYTES),)), Texts(("Berlin",))))
    else:
        yield LATE_ANSWER, _described(lambda: _late_answer(server, window))
        huge = Documents(_QUESTION, (_of_bytes(_HUGE_BYTES),))
        yield HUGE, _described(lambda: _huge(server, huge, Documents(_QUESTION, (_ANSWER,))))


def _long_text(server: HttpContestant, window: int) -> str:
    # A word is at least a token: the first two windows of both texts are the same.
    start = _of_words(2 * window)
    answers = [server.answer(Texts((start + end,))) for end in (_of_words(window), _OTHER_WORDS * window)]
    if not answers[0].is_success:
        return _refusal(answers[0])
    first, second = (server.vectors(answer)[0] for answer in answers)
    if np.abs(first - second).max() > _SAME:
        return "read to its end"
    return "cut at the window, and the answer says so" if _tells_of_cut(answers[0]) else "cut at the window, silently"


def _query_type(server: HttpContestant, has_prompts: bool) -> str:
    vectors = []
    for input_type in ("search_query", "search_document"):
        answer = _cohere(server, {"input_type": input_type, "embedding_types": ["float"]})
        if not answer.is_success:
            return _refusal(answer)
        vectors.append(np.array(answer.json()["embeddings"]["float"][0], np.float32))
    if np.abs(vectors[0] - vectors[1]).max() > _SAME:
        return "the query's prompt is put before the text"
    return "accepted; no prompt is put before the text" if has_prompts else "accepted; the model has no prompts"


def _int8(server: HttpContestant) -> str:
    answer = _cohere(server, {"input_type": "search_document", "embedding_types": ["int8"]})
    if not answer.is_success:
        return _refusal(answer)
    numbers = answer.json()["embeddings"].get("int8")
    return f"whole numbers from {min(numbers[0])} to {max(numbers[0])}" if numbers else "accepted, without int8"


def _late_answer(server: HttpContestant, window: int) -> str:
    filler = _of_words(2 * window)
    answer = server.answer(Documents(_QUESTION, (filler + _ANSWER, filler)))
    if not answer.is_success:
        return _refusal(answer)
    late, without = server.scores(answer)
    if abs(late - without) > _SAME:
        return f"seen: score {late:.3f}, without it {without:.3f}"
    return "not seen, and the answer says so" if _tells_of_cut(answer) else "not seen, silently"


def _huge(server: HttpContestant, huge: Request, small: Request) -> str:
    seen = _described(lambda: _outcome(server.answer(huge)))
    after = _described(lambda: _outcome(server.answer(small)))
    return seen if after == "answered" else f"{seen}; a small request after it: {after}"


def _cohere(server: HttpContestant, options: dict[str, object]) -> httpx.Response:
    body = {"model": "model", "texts": ["Who opens the harbour?"], **options}
    return httpx.post(server.server.url + _COHERE_PATH, json=body, timeout=_SECONDS)


def _tells_of_cut(answer: httpx.Response) -> bool:
    said = answer.json()
    return isinstance(said, dict) and bool(said.get("truncated"))


def _outcome(answer: httpx.Response) -> str:
    return "answered" if answer.is_success else _refusal(answer)


def _refusal(answer: httpx.Response) -> str:
    if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
        return "no such route"
    return f"refused, {answer.status_code}: {' '.join(answer.text.split())[:_SHOWN_CHARACTERS]}"


def _described(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except httpx.TimeoutException:
        return f"no answer within {_SECONDS} s"
    except httpx.TransportError as error:
        return f"the connection broke ({type(error).__name__})"


def _of_words(count: int) -> str:
    return _WORDS * -(-count // len(_WORDS.split()))


def _of_bytes(count: int) -> str:
    return _WORDS * (count // len(_WORDS))
