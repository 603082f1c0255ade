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
    others = set(installed) - {model_id}
    near = {_plain(name): name for name in others} | {_plain(name.rpartition("/")[2]): name for name in others}
    found = {near[name] for name in get_close_matches(_plain(model_id), near, cutoff=0.9)}
    return f" Did you mean {' or '.join(sorted(found))}, which is installed?" if found else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]", "", name).lower()
