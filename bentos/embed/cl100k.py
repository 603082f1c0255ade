"""Token ids of OpenAI's cl100k_base, which clients of OpenAI's API send in place of texts, as texts."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from bentos.common.errors import InvalidInput, Location


class Cl100k:
    """OpenAI's tokenizer. Its table is tiktoken's, which is no dependency: install it where this is wanted.

    Raises:
        SystemExit: tiktoken is not installed, or does not find its table.
    """

    def __init__(self) -> None:
        try:
            self._encoding: Any = import_module("tiktoken").get_encoding("cl100k_base")
        except ImportError:
            raise SystemExit("EMBED_TOKEN_IDS=cl100k needs tiktoken: pip install tiktoken.") from None
        except Exception as error:  # it loads its table from the network, by any of several libraries
            reason = f"{type(error).__name__}: {error}"
            raise SystemExit(f"EMBED_TOKEN_IDS=cl100k: tiktoken cannot load cl100k_base ({reason}).") from None

    def text(self, ids: Sequence[int], loc: Location) -> str:
        """The text of token ids.

        Args:
            ids: of cl100k_base.
            loc: of the list, for errors.

        Raises:
            InvalidInput: there is no such id.
        """
        try:
            text: str = self._encoding.decode(ids)
        except (KeyError, OverflowError):
            raise InvalidInput("A token id is none of cl100k_base.", loc=loc) from None
        return text
