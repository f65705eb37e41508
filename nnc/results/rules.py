"""Computes the result of a metric from the sums of its batches, in NumPy alone; named in the manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy

from nnc.ir import Graph, interpret, parse_graph
from nnc.results.curves import Confusion, auc, best_where, ratio
from nnc.settings import SETTINGS

Array = Any
Result = Callable[[Sequence[Array], Mapping[str, Any]], Any]
"""Returns a number or an array of sums (float64, of a metric's shapes) and of settings from the manifest."""


def _mean(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    return ratio(sums[0], sums[1])


def _sum(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    return sums[0]


def _last(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    return sums[0]


def _root_mean(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    return numpy.sqrt(ratio(sums[0], sums[1]))


def _count(kind: str) -> Result:
    def result(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
        return getattr(Confusion.of(sums, settings), kind)

    return result


def _precision(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    return Confusion.of(sums, settings).precision


def _recall(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    return Confusion.of(sums, settings).recall


def _best(wanted: str, constrained: str) -> Result:
    def result(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
        confusion = Confusion.of(sums, settings)
        return best_where(getattr(confusion, wanted), getattr(confusion, constrained), settings["value"])

    return result


def _auc(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    areas = auc(Confusion.of(sums, settings), settings["curve"], settings["summation_method"])
    if not settings["multi_label"]:
        return areas
    weights = settings["label_weights"]
    return areas.mean() if weights is None else ratio(numpy.dot(areas, weights), numpy.sum(weights))


def _fbeta(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    true_positives, false_positives, false_negatives, weights = sums
    precision = true_positives / (true_positives + false_positives + SETTINGS.epsilon)
    recall = true_positives / (true_positives + false_negatives + SETTINGS.epsilon)
    square = settings["beta"] ** 2
    scores = precision * recall / (square * precision + recall + SETTINGS.epsilon) * (1 + square)
    if settings["average"] == "weighted":
        return numpy.sum(scores * (weights / (numpy.sum(weights) + SETTINGS.epsilon)))
    return scores if settings["average"] is None else numpy.mean(scores)


def _r2(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    squared_sum, total_sum, residual, count, samples = sums
    total = squared_sum - total_sum * (total_sum / count)
    scores = 1 - residual / total
    scores = numpy.where(numpy.isinf(scores), 0.0, scores)
    aggregation, regressors = settings["class_aggregation"], settings["num_regressors"]
    if aggregation == "uniform_average":
        scores = numpy.mean(scores)
    elif aggregation == "variance_weighted_average":
        scores = numpy.sum(total * scores) / numpy.sum(total)
    if regressors == 0 or regressors >= samples - 1:  # too few samples to adjust
        return scores
    return 1 - (1 - scores) * (samples - 1) / (samples - regressors - 1)


def _iou(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    confusion, chosen = sums[0], numpy.asarray(settings["target_class_ids"], int)
    hits = numpy.diag(confusion)
    union = (confusion.sum(0) + confusion.sum(1) - hits)[chosen]
    occurs = union > 1e-9
    scores = numpy.where(occurs, hits[chosen] / (union + SETTINGS.epsilon), 0.0)
    return scores.sum() / (occurs.sum() + SETTINGS.epsilon)


def _graph(sums: Sequence[Array], settings: Mapping[str, Any]) -> Array:
    graph = result_graph(settings["graph"])
    outputs, _ = interpret(graph, dict(zip(graph.inputs, sums, strict=True)))
    return outputs["result"]


@lru_cache(64)
def result_graph(text: str) -> Graph:
    """Return the graph that computes the result of a user's metric of its sums.

    Raises:
        GraphError: the text is none.
    """
    import nnc.ir.ops  # noqa: F401  (the parser looks operations up by name)

    return parse_graph(text, "the result of a metric")


RESULTS: Mapping[str, Result] = MappingProxyType(
    {
        "auc": _auc,
        "false_negatives": _count("false_negatives"),
        "false_positives": _count("false_positives"),
        "fbeta": _fbeta,
        "graph": _graph,
        "iou": _iou,
        "last": _last,
        "mean": _mean,
        "precision": _precision,
        "precision_at_recall": _best("precision", "recall"),
        "r2": _r2,
        "recall": _recall,
        "recall_at_precision": _best("recall", "precision"),
        "root_mean": _root_mean,
        "sensitivity_at_specificity": _best("recall", "specificity"),
        "specificity_at_sensitivity": _best("specificity", "recall"),
        "sum": _sum,
        "true_negatives": _count("true_negatives"),
        "true_positives": _count("true_positives"),
    }
)
"""Functions that compute results, by the names that metrics and manifests use."""


def result_of(name: str, state: Array, shapes: Sequence[Sequence[int]], settings: Mapping[str, Any]) -> Any:
    """Return a metric's result: a number, or a float32 array where it has several.

    Args:
        name: a key of `RESULTS`.
        state: the sums, one behind the other in a vector.
        shapes: the shape of each sum.
        settings: what the result depends on besides the sums.
    """
    sums, start = [], 0
    for shape in shapes:
        size = int(numpy.prod(shape, dtype=int))
        sums.append(numpy.asarray(state[start : start + size], float).reshape(tuple(shape)))
        start += size
    with numpy.errstate(all="ignore"):
        result = numpy.asarray(RESULTS[name](sums, settings))
    return float(result) if result.ndim == 0 else result.astype("float32")
