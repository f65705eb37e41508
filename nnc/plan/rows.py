"""Says readably which number of rows a layer takes that has states for so many, or was traced with them."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.errors import ModelError
from nnc.ir import Graph, State, symbol
from nnc.ir.nominal import fixed_rows

ROWS = "batch"
"""The symbol of the number of rows."""


def unfit_rows(graph: Graph, bindings: Mapping[str, int]) -> ModelError | None:
    """Return the error for a graph that cannot be planned because of the number of rows in the batch, or None.

    Args:
        graph: the graph.
        bindings: sizes of the run-time dimensions.
    """
    return _too_many_for_states(graph, bindings) or _other_than_traced(graph, bindings)


def _other_than_traced(graph: Graph, bindings: Mapping[str, int]) -> ModelError | None:
    """Return the error where a graph takes one number of rows, and this is another."""
    rows = bindings.get(ROWS, 0)
    wanted, path = fixed_rows(graph) or (rows, "")
    if wanted == rows:
        return None
    return ModelError(
        f"Layer '{path}' takes {wanted} rows at a time, no other number, as it was traced"
        f" with those that its model was built for; got {rows}; give batch_size={wanted} to fit, evaluate and predict,"
        f" and arrays whose rows are a multiple of {wanted}"
    )


def _too_many_for_states(graph: Graph, bindings: Mapping[str, int]) -> ModelError | None:
    """Return the error where a state has fewer rows than the batch."""
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
