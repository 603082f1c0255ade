"""Which installed model somebody may mean by a name that none has."""

import re
from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(model_id: str, installed: Iterable[str]) -> str:
    """A sentence on models named so but for the owner, case, punctuation or a character; nothing if there is none.

    Args:
        model_id: as it was asked for.
        installed: ids of all models that there are.
    """
    found = nearest(model_id, installed)
    return f" Did you mean {' or '.join(found)}, which is installed?" if found else ""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Known names that are the same but for the owner, case, punctuation or a character, in alphabetical order."""
    others = set(known) - {name}
    near = {_plain(other): other for other in others} | {_plain(other.rpartition("/")[2]): other for other in others}
    return sorted({near[plain] for plain in get_close_matches(_plain(name), near, cutoff=0.9)})


def _plain(name: str) -> str:
    return re.sub(r"[-_.]", "", name).lower()
