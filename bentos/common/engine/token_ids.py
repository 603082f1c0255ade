"""Token ids that a request sends in place of a text."""

from collections.abc import Sequence

from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.errors import InvalidInput, Location

_MOST_IDS_PER_TOKEN = 16


def check_ids(ids: Sequence[int], size: int, loc: Location) -> None:
    """Accept ids of a vocabulary of this size.

    Raises:
        InvalidInput: one is not; its place is named.
    """
    if ids and not (min(ids) >= 0 and max(ids) < size):
        index = next(index for index, token in enumerate(ids) if not 0 <= token < size)
        raise InvalidInput(f"A token id of this model is between 0 and {size - 1}.", loc=(*loc, index))


def decoded(
    ids: Sequence[int], tokenizer: Tokenizer, loc: Location, *, keep: int | None = None, side: Side = Side.END
) -> str:
    """The text of token ids. Blocks, and holds the interpreter's lock.

    Args:
        ids: of the model's tokens.
        tokenizer: of the model.
        loc: of the list, for errors.
        keep: most tokens of the text that are kept: of many more ids not all are decoded. By default all are.
        side: where a longer text loses tokens.

    Raises:
        InvalidInput: the model has no such id.
    """
    check_ids(ids, tokenizer.vocabulary_size, loc)
    if keep is not None:
        most = _MOST_IDS_PER_TOKEN * keep
        ids = ids[-most:] if side is Side.START else ids[:most]
    return tokenizer.text(ids)
