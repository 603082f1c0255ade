"""Figures that compare a converted model's outputs with its original's."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr

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
    correlation = spearmanr((reference @ reference.T)[pairs], (candidate @ candidate.T)[pairs]).statistic
    return {"spearman": float(np.nan_to_num(correlation))}


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
    taus = [kendalltau(one, other).statistic for one, other in zip(reference, candidate, strict=True)]
    return {
        # Equal logits for all documents have no tau: such an order agrees with nothing.
        "kendall_tau": float(np.nan_to_num(taus).mean()),
        "top_1_agreement": float((reference.argmax(axis=1) == candidate.argmax(axis=1)).mean()),
        "logit_difference_max": float(np.abs(reference - candidate).max()),
    }


def _top(similarities: Outputs) -> NDArray[np.intp]:
    return np.argsort(-similarities, axis=1, kind="stable")[:, :_DEPTH]


def _hits(top: NDArray[np.intp]) -> NDArray[np.bool_]:
    hits: NDArray[np.bool_] = top == np.arange(len(top))[:, None]
    return hits


def _ndcg(top: NDArray[np.intp]) -> NDArray[np.float64]:
    # With a single relevant passage the ideal gain is 1.
    return _hits(top) @ (1 / np.log2(np.arange(2, top.shape[1] + 2)))
