"""Figures that compare a converted model's outputs with its original's."""

import numpy as np
from numpy.typing import NDArray

from bentos.common.backends.interface import Outputs

Figures = dict[str, float]

_DEPTH = 10
_TINY = 1e-12


def cosines(reference: Outputs, candidate: Outputs) -> Figures:
    """Cosine of each text's vector to its original; both `[texts, dimension]`."""
    products = np.einsum("td,td->t", reference.astype(np.float64), candidate.astype(np.float64))
    lengths = np.linalg.norm(reference, axis=1) * np.linalg.norm(candidate, axis=1)
    cosine = products / np.maximum(lengths, _TINY)
    return {
        "cosine_mean": float(cosine.mean()),
        "cosine_p1": float(np.percentile(cosine, 1)),
        "cosine_min": float(cosine.min()),
    }


def pair_similarities(reference: Outputs, candidate: Outputs) -> Figures:
    """Spearman's correlation of the similarities of all pairs of texts; both `[texts, dimension]`."""
    pairs = np.triu_indices(len(reference), k=1)
    return {"spearman": spearman((reference @ reference.T)[pairs], (candidate @ candidate.T)[pairs])}


def retrieval(reference: Outputs, candidate: Outputs) -> Figures:
    """What a search loses; similarities of both, `[queries, passages]`, where query i is answered by passage i.

    Losses are fractions of the original's figure; a negative one is a gain.
    """
    ours, theirs = _top(candidate), _top(reference)
    overlap = [len(np.intersect1d(one, other)) / _DEPTH for one, other in zip(ours, theirs, strict=True)]
    ndcg, original_ndcg = _ndcg(ours).mean(), _ndcg(theirs).mean()
    mrr, original_mrr = reciprocal_ranks(candidate).mean(), reciprocal_ranks(reference).mean()
    return {
        "ndcg_at_10": float(ndcg),
        "ndcg_at_10_loss": float((original_ndcg - ndcg) / max(original_ndcg, _TINY)),
        "mrr_at_10": float(mrr),
        "mrr_at_10_loss": float((original_mrr - mrr) / max(original_mrr, _TINY)),
        "top_10_overlap": float(np.mean(overlap)),
    }


def reciprocal_ranks(similarities: Outputs) -> NDArray[np.float64]:
    """1/rank of each query's answer, 0 beyond rank 10; see `retrieval`."""
    hits = _hits(_top(similarities))
    return np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)


def ranking(reference: Outputs, candidate: Outputs) -> Figures:
    """What a reranking loses; logits of both, `[queries, documents]`."""
    taus = [kendall_tau(one, other) for one, other in zip(reference, candidate, strict=True)]
    return {
        "kendall_tau": float(np.mean(taus)),
        "top_1_agreement": float((reference.argmax(axis=1) == candidate.argmax(axis=1)).mean()),
        "logit_difference_max": float(np.abs(reference - candidate).max()),
    }


def spearman(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's rank correlation of two lists of numbers, equal ones with their mean rank; 0 where all are equal."""
    ranks = [_mean_ranks(numbers) for numbers in (one, other)]
    centred = [rank - rank.mean() for rank in ranks]
    spread = np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum())
    return float(centred[0] @ centred[1] / spread) if spread else 0.0


def kendall_tau(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Kendall's tau-b of two short lists; 0 where all numbers of one are equal: such an order agrees with nothing."""
    pairs = np.triu_indices(len(one), k=1)
    signs = [np.sign(np.subtract.outer(numbers, numbers)[pairs]) for numbers in (one, other)]
    spread = np.sqrt(np.abs(signs[0]).sum() * np.abs(signs[1]).sum())
    return float((signs[0] * signs[1]).sum() / spread) if spread else 0.0


def _mean_ranks(numbers: NDArray[np.float32]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return ranks


def _top(similarities: Outputs) -> NDArray[np.intp]:
    return np.argsort(-similarities, axis=1, kind="stable")[:, :_DEPTH]


def _hits(top: NDArray[np.intp]) -> NDArray[np.bool_]:
    hits: NDArray[np.bool_] = top == np.arange(len(top))[:, None]
    return hits


def _ndcg(top: NDArray[np.intp]) -> NDArray[np.float64]:
    # With a single relevant passage the ideal gain is 1.
    return _hits(top) @ (1 / np.log2(np.arange(2, top.shape[1] + 2)))
