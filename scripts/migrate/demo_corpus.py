"""A small real corpus that is there already: what NumPy and SciPy say of their functions, in two parts.

The first sentence says what a function does and the paragraph after it how. Nothing in the text tells that they belong
together, so that the one is a fair query for the other.
"""

import importlib
import inspect
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

OLD_SIZE = 1024
_MODULES = (
    *("numpy", "numpy.fft", "numpy.linalg", "numpy.ma", "numpy.polynomial", "numpy.random"),
    *("scipy.cluster.hierarchy", "scipy.fft", "scipy.integrate", "scipy.interpolate", "scipy.linalg", "scipy.ndimage"),
    *("scipy.optimize", "scipy.signal", "scipy.sparse", "scipy.sparse.csgraph", "scipy.spatial", "scipy.special"),
    "scipy.stats",
)
_MIN_CHARACTERS, _MAX_CHARACTERS = 60, 1000  # of a paragraph that says something
_SECTION = re.compile(r"\n[^\n]+\n-{3,}")
_NO_PROSE = re.compile(r"^(\.\.|>>>|[*:]|\w+\()", re.M)


class Article(NamedTuple):
    """A function's documentation."""

    name: str
    title: str
    body: str

    @property
    def payload(self) -> dict[str, Any]:
        """Payload of a point."""
        return self._asdict()


def articles() -> list[Article]:
    """All of them, no two with the same title or body."""
    by_title: dict[str, Article] = {}
    for article in _found():
        by_title.setdefault(article.title, article)
    return list({article.body: article for article in by_title.values()}.values())


def old_vector(text: str) -> NDArray[np.float64]:
    """Word counts, each word hashed to one of 1,024 dimensions: such a model finds equal words only."""
    vector = np.zeros(OLD_SIZE)
    for word in re.findall(r"\w+", text.lower()):
        vector[zlib.crc32(word.encode()) % OLD_SIZE] += 1.0
    return vector


def _found() -> Iterator[Article]:
    for module_name in _MODULES:
        module = importlib.import_module(module_name)
        for name in sorted(set(dir(module)) - {name for name in dir(module) if name.startswith("_")}):
            documented = getattr(module, name)
            if callable(documented) and (
                article := _article(f"{module_name}.{name}", inspect.getdoc(documented) or "")
            ):
                yield article


def _article(name: str, text: str) -> Article | None:
    """The documentation, if it has the two parts in prose."""
    summary = _SECTION.split(text)[0]
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", summary) if not _NO_PROSE.search(part)]
    if len(paragraphs) < 2 or not _MIN_CHARACTERS <= len(paragraphs[1]) <= _MAX_CHARACTERS:
        return None
    return Article(name, paragraphs[0], paragraphs[1])
