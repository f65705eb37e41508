"""Labels of a program's graphs, states and sizes, which optimizers, programs and exports know them by."""

from __future__ import annotations

PREDICT, EVALUATE, TRAIN = "predict", "evaluate", "train"
PROLOGUE = "predict_prologue"
"""The graph that derives the states of role ``hoisted``, which predictions read; see `nnc.passes.hoist`."""
ROWS = "batch"
"""The symbol of the number of rows."""
WEIGHTED = "_weighted"
"""Suffix of the graphs that take a weight per row."""
STEPS = "_steps"
"""Further suffix of the graphs that take a weight per step."""
THIRD = "third"
"""Label of the third array of a batch where steps of a user's own are given it as it is."""
TOTAL, COUNT = "metrics/total", "metrics/count"
"""States in which means add up: weighted sums, and the weights, one element per metric."""
LEARNING_RATE = "optimizer/learning_rate"
"""Label of the state that holds the learning rate."""
ITERATIONS = "optimizer/iterations"
"""Label of the state that counts batches."""


OWN_ROWS = " on own rows"
"""What the name of a graph ends with where it is run on rows that differ from replica to replica."""


SUMMAND, SUM = "summand/", "sum/"
"""Begin of the labels of vectors that processes add up: outputs of a part of a graph, and inputs of the next one."""
CROSSING = "crossing/"
"""Begin of the labels of what a part of a graph computes for another one of the same process."""
PLACEMENT = "processes/placement"
"""Label of the input that says which rows of a batch a process has; see `nnc.passes.distribute`."""


def unweighted(name: str) -> str:
    """Return the name of a graph without the suffixes of one that takes weights, or own rows of replicas."""
    return name.removesuffix(OWN_ROWS).removesuffix(STEPS).removesuffix(WEIGHTED)


def sums_label(metric: str) -> str:
    """Return the label of the state in which a metric that is not a mean adds up its sums."""
    return f"metrics/{metric}/sums"


OPERATION = "()"
"""End of the path of an operation that stands in a layer of its author's: ``block/attention/softmax()``."""


def layer_path(path: str) -> str:
    """Return the path of the layer that a path belongs to: of an operation inside an author's layer, that layer.

    >>> layer_path("block/attention/softmax()"), layer_path("block/attention")
    ('block/attention', 'block/attention')
    """
    return path.rpartition("/")[0] if path.endswith(OPERATION) else path
