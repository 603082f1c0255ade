"""Runs the original once, then any number of converted models, on the same texts."""

import numpy as np
from numpy.typing import NDArray

from bentos.common.backends.interface import Backend, Outputs
from bentos.common.models.store import InstalledModel
from scripts.models.fidelity import metrics
from scripts.models.fidelity.metrics import Figures
from scripts.models.fidelity.reference import infer, run_original
from scripts.models.fidelity.texts import other_texts, rankings, read_entries
from scripts.models.rows import ModelRows

# Below this the answer is on average not even second: the original does not know the language.
_KNOWN_LANGUAGE_MRR = 0.5


class EncoderComparison:
    """Vectors of an encoder's original, in fp32, and how others differ from them.

    Languages in which the original itself does not find the answers are left out: in those its vectors mean little,
    and nothing is lost when they change.

    Args:
        installed: the original.

    Attributes:
        reference: what the original was computed by.
        languages: that it knows.
    """

    def __init__(self, installed: InstalledModel) -> None:
        entries, others = read_entries(), other_texts()
        queries = [entry.query for entry in entries]
        passages = [entry.passage for entry in entries] + [text for _, text in others]
        rows = ModelRows(installed)
        self._rows = rows.of("query", queries) + rows.of("passage", passages)
        prompts = installed.profile.prompts
        texts = [prompts.get("query", "") + text for text in queries]
        texts += [prompts.get("passage", "") + text for text in passages]
        self._reference, self.reference = run_original(installed, texts, self._rows)
        self._count = len(entries)
        languages = np.array([entry.language for entry in entries])
        self.languages = self._known(languages)
        self._searched = np.isin(languages, self.languages)
        self._kept = np.concatenate(
            [self._searched, self._searched, np.isin([language for language, _ in others], self.languages)]
        )

    def measure(self, backend: Backend) -> Figures:
        """Run the same texts, packed with batch-mates of all lengths, and compare."""
        vectors = infer(backend, self._rows)
        reference_queries, reference_passages = self._search(self._reference)
        queries, passages = self._search(vectors)
        return {
            **metrics.cosines(self._reference[self._kept], vectors[self._kept]),
            **metrics.pair_similarities(reference_passages, passages),
            **metrics.retrieval(reference_queries @ reference_passages.T, queries @ passages.T),
        }

    def _search(self, vectors: Outputs) -> tuple[Outputs, Outputs]:
        queries, passages = vectors[: self._count], vectors[self._count : 2 * self._count]
        return queries[self._searched], passages[self._searched]

    def _known(self, languages: NDArray[np.str_]) -> list[str]:
        queries, passages = self._reference[: self._count], self._reference[self._count : 2 * self._count]
        found = metrics.reciprocal_ranks(queries @ passages.T)
        names = [str(name) for name in np.unique(languages)]
        return [name for name in names if found[languages == name].mean() >= _KNOWN_LANGUAGE_MRR] or names


class CrossEncoderComparison:
    """Logits of a cross-encoder's original, in fp32, and how others differ from them; see `EncoderComparison`."""

    def __init__(self, installed: InstalledModel) -> None:
        pairs = [(ranking.query, document) for ranking in rankings() for document in ranking.documents]
        self._rows = ModelRows(installed).of_pairs(pairs)
        self.languages = sorted({entry.language for entry in read_entries()})
        logits, self.reference = run_original(installed, pairs, self._rows)
        self._reference = self._by_query(logits)

    def measure(self, backend: Backend) -> Figures:
        """Run the same pairs, packed with batch-mates of all lengths, and compare."""
        return metrics.ranking(self._reference, self._by_query(infer(backend, self._rows)))

    def _by_query(self, logits: Outputs) -> Outputs:
        return logits.reshape(len(rankings()), -1)


Comparison = EncoderComparison | CrossEncoderComparison


def compare_with(installed: InstalledModel) -> Comparison:
    """Run the original; takes seconds for a small model and minutes for a large one."""
    return (EncoderComparison if installed.profile.kind == "encoder" else CrossEncoderComparison)(installed)
