"""Says readably that a batch has more rows than a layer that goes on from batch to batch keeps states for."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.errors import ModelError
from nnc.ir import Graph, State, symbol

ROWS = "batch"
"""The symbol of the number of rows."""


def too_many_rows(graph: Graph, bindings: Mapping[str, int]) -> ModelError | None:
    """Return the error for a graph that cannot be planned because a state has fewer rows than the batch, or None.

    Args:
        graph: the graph.
        bindings: sizes of the run-time dimensions.
    """
    for node in graph.nodes:
        for state in node.operands:
            if isinstance(state.node.op, State) and state.rank:
                kept, rows = state.shape[0], bindings.get(ROWS, 0)
                left = kept - symbol(ROWS)
                if isinstance(kept, int) and kept < rows and any(left in type.shape for type in node.types):
                    return ModelError(
                        f"Layer '{node.path or 'rnn'}' is stateful: it keeps the states of {kept} rows, the batch size"
                        f" of the model's input; expected a batch of {kept} rows at most, got {rows}; give"
                        f" batch_size={kept} to fit, evaluate and predict, or make the model for larger batches,"
                        f" Input(batch_shape=({rows}, …))"
                    )
    return None
