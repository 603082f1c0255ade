"""Which side of a text is lost, as a request of text-embeddings-inference and the setting say it together."""

import pytest

from bentos.common.engine.tokenizer import Truncation
from bentos.common.http.dialects.tei import Direction, truncation


@pytest.mark.parametrize(
    ("truncate", "direction", "setting", "meant"),
    [
        (None, None, "end", None),
        (None, None, "start", None),
        (None, None, "none", None),
        (None, "Right", "end", None),
        (None, "Right", "start", "end"),
        (None, "right", "none", None),
        (None, "Left", "end", "start"),
        (None, "left", "start", None),
        (None, "Left", "none", None),
        (True, None, "end", "end"),
        (True, None, "start", "start"),
        (True, None, "none", "end"),
        (True, "Right", "start", "end"),
        (True, "Left", "end", "start"),
        (True, "Left", "none", "start"),
        (False, "Left", "end", "none"),
        (False, None, "start", "none"),
    ],
)
def test_what_the_request_leaves_open_the_setting_decides(
    truncate: bool | None, direction: Direction | None, setting: Truncation, meant: Truncation | None
) -> None:
    """Where nothing is meant the setting decides, so that a long text may still be read in pieces."""
    assert truncation(truncate, direction, setting) == meant
