"""Compares two models or programs: their layers, training, plans, weights, and what they compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnc.backends import BackendName
from nnc.errors import DataError
from nnc.inspection.alignment import Match, config_changes, is_automatic, match_layers, plain_config
from nnc.inspection.difference import Difference, LayerChange, Outputs
from nnc.inspection.figures import figures
from nnc.inspection.layer_table import LayerRecord, layer_records
from nnc.inspection.objective_diff import compare_training
from nnc.inspection.output_diff import compare_outputs
from nnc.inspection.subject import is_program, open_subject
from nnc.inspection.weight_diff import compare_weights


def diff(
    first: Any,
    second: Any,
    *,
    x: Any = None,
    batch: int = 32,
    rtol: float | None = None,
    atol: float | None = None,
    backend: BackendName | None = None,
    replace: Mapping[str, Any] | None = None,
) -> Difference:
    """Compare two models or programs.

    Layers are matched by name, class and config in the order of the models, so that a layer that was renamed, added or
    taken out is one difference. The names of models do not matter, nor do the
    numbers of layers that nobody has named.

    Args:
        first: a model, a program, a live Keras model, the path of a model or program file, or what `open_subject`
            returned.
        second: another.
        x: input array or arrays that both are to predict; then what their layers return is compared as well.
        batch: rows of a batch for the memory of plans.
        rtol: largest difference of numbers that is accepted, as a fraction of the largest magnitude in the array; by
            default 1e-4, or 1e-7 for float64.
        atol: largest difference that is accepted whatever the magnitude; by default 1e-6, or 1e-9 for float64.
        backend: what runs both; see `nnc.backends.find_backend`.
        replace: replacements for classes in model files.

    Raises:
        ModelError: a model cannot be read.
        DataError: the data does not fit.
    """
    one, other = (
        open_subject(source, replace=None if is_program(source) else replace, backend=backend)
        for source in (first, second)
    )
    titles = (one.title, other.title)
    if one.title == other.title:
        titles = (f"{one.title} (first)", f"{other.title} (second)")
    matches = match_layers(layer_records(one), layer_records(other))
    renamed = {match.second.path: match.first.path for match in matches if match.first and match.second}
    weights, compared = compare_weights(one.program, other.program, renamed)
    outputs: Outputs | None = None
    if x is not None:
        outputs = compare_outputs(one, other, x, renamed, rtol, atol)
    elif rtol is not None or atol is not None:
        raise DataError("diff: tolerances are for what the models compute; give data with them")
    return Difference(
        first=titles[0],
        second=titles[1],
        layers=tuple(change for match in matches if (change := _change(match, renamed)) is not None),
        training=compare_training(one, other),
        figures=tuple(figures(one.program, other.program, batch)),
        weights=weights,
        weights_compared=compared,
        outputs=outputs,
    )


def _change(match: Match, renamed: Mapping[str, str]) -> LayerChange | None:
    x, y = match.first, match.second
    if x is None or y is None:
        layer = x or y
        assert layer is not None
        return LayerChange("added" if x is None else "removed", layer.path, layer.kind, {})
    changes: dict[str, tuple[Any, Any]] = {}
    if x.kind != y.kind:
        changes["class"] = x.kind, y.kind
    if x.name != y.name and not (is_automatic(x) and is_automatic(y)):
        changes["name"] = x.name, y.name
    changes |= config_changes(plain_config(x), plain_config(y))
    if len(changes) > ("name" in changes) and x.shape != y.shape:
        changes["output"] = x.shape, y.shape
    if not _reads_the_same(x, y, renamed):
        changes["inputs"] = ", ".join(x.inputs), ", ".join(y.inputs)
    if match.is_moved:
        return LayerChange("moved", x.path, x.kind, changes)
    if not changes:
        return None
    return LayerChange("renamed" if set(changes) == {"name"} else "changed", x.path, x.kind, changes)


def _reads_the_same(x: LayerRecord, y: LayerRecord, renamed: Mapping[str, str]) -> bool:
    """Whether two layers read the same layers; one in front of them that only one side has is told by itself."""
    known, sources = set(renamed.values()), [renamed.get(path) for path in y.inputs]
    return len(x.inputs) == len(sources) and all(
        old == new or new is None or old not in known for old, new in zip(x.inputs, sources, strict=True)
    )
