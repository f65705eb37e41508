"""Findings of a verification: a comparison for each array that both engines computed, and the first that differs."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy

from nnc.labels import OPERATION, layer_path

Array = Any
KINDS = ("forward", "training", "backward", "gradient", "update")
"""Outputs of layers when predicting and in training; gradients of the loss with respect to the latter, and to weights;
weights after one update."""

_OF_OPTIMIZERS = 1e-6
"""Least difference of a weight after one update that is looked at."""
_SMALL = 0.1
"""Share of the largest gradient below which another counts as small."""


@dataclass(frozen=True)
class Trace:
    """The arrays that one engine computed.

    Args:
        layers: for each call of a layer, in order: its path, its class, and its outputs, None instead of what cannot be
            compared.
        cotangents: for each of these outputs the gradient of the loss with respect to it, None where there is none.
        gradients: gradient of each trained weight by path, in the order of weights.
        weights: each weight after one update, likewise.
        outputs: the model's outputs as `predict` gives them.
        same: for each output in `layers` the first one of its call that is the same tensor, by position.
        readers: for each output in `layers` the layers that read it, by path and class, where that is known.
        places: the author's lines of calls, by path, where they are known.
        operations: paths of those of `layers` that are operations, not layers.
    """

    layers: tuple[tuple[str, str, tuple[Array | None, ...]], ...]
    cotangents: tuple[tuple[Array | None, ...], ...] = ()
    gradients: tuple[tuple[str, Array | None], ...] = ()
    weights: tuple[tuple[str, Array], ...] = ()
    outputs: tuple[Array, ...] = ()
    same: tuple[tuple[int, ...], ...] = ()
    readers: tuple[tuple[tuple[tuple[str, str], ...], ...], ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    operations: frozenset[str] = frozenset()

    def without(self, paths: Collection[str]) -> Trace:
        """Return it without the calls of layers of these paths."""
        kept = [position for position, (path, _, _) in enumerate(self.layers) if path not in paths]
        return replace(
            self,
            layers=tuple(self.layers[position] for position in kept),
            cotangents=tuple(self.cotangents[position] for position in kept if self.cotangents),
            same=tuple(self.same[position] for position in kept if self.same),
            readers=tuple(self.readers[position] for position in kept if self.readers),
        )


def same_tensors(tensors: Sequence[Hashable]) -> tuple[int, ...]:
    """Return for each output of a call the position of the first one that is the same tensor.

    >>> same_tensors(["output", "output", "memory"])
    (0, 0, 2)
    """
    return tuple(tensors.index(tensor) for tensor in tensors)


@dataclass(frozen=True)
class Comparison:
    """One array of ours beside that of the reference.

    Args:
        kind: one of `KINDS`.
        path: the layer's or the weight's path; backward that of the layer that the gradient has come through last, with
            several of them between ``+``, or of the one that made the output that the loss is of.
        op: the layer's class; for weights ``weight``.
        shape: shape of ours.
        reference_shape: shape of the reference's.
        difference: largest absolute difference.
        scale: largest magnitude of the reference.
        tolerance: largest difference that is accepted.
        differs: whether the difference is beyond the tolerance, or the shapes are different.
        place: the author's line, as ``file:line``; empty where it is not known.
        is_operation: whether it is the result of an operation that the model's author calls, not of a layer.
    """

    kind: str
    path: str
    op: str
    shape: tuple[int, ...]
    reference_shape: tuple[int, ...]
    difference: float
    scale: float
    tolerance: float
    differs: bool
    place: str = ""
    is_operation: bool = False

    @property
    def relative(self) -> float:
        """The largest difference as a fraction of the largest magnitude."""
        return self.difference / self.scale if self.scale else self.difference

    def __str__(self) -> str:
        shapes, where = f"shape {self.shape}", f"{self.kind} at '{self.path}' ({self.op})"
        where = f"{where}, {self.place}" if self.place else where
        if self.shape != self.reference_shape:
            return f"{where}: {shapes}, the reference has {self.reference_shape}"
        return f"{where}, {shapes}: largest difference {self.difference:.3g}, of numbers up to {self.scale:.3g}"


@dataclass(frozen=True)
class Report:
    """All comparisons, in the order of `KINDS`; those of layers in the order of computation, backward from the loss on.

    Args:
        model: name of the model.
        reference: what it was compared with.
        rtol: largest difference that is accepted, as a fraction of the largest magnitude.
        comparisons: what was compared.
        unmatched: paths of layers that only one side has, or calls a different number of times.
    """

    model: str
    reference: str
    rtol: float
    comparisons: tuple[Comparison, ...]
    unmatched: tuple[str, ...] = ()

    @property
    def first(self) -> Comparison | None:
        """The first comparison that differs, None where none does."""
        return next((item for item in self.comparisons if item.differs), None)

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return self.first is None

    @property
    def operations(self) -> int:
        """How many operations that the model's author calls were compared, those of both modes counted once."""
        return len(self._operations)

    @property
    def traced_layers(self) -> int:
        """How many layers of the author's have such operations inside."""
        return len({layer_path(path) for path in self._operations if path.endswith(OPERATION)})

    @property
    def operations_text(self) -> str:
        """How many operations were compared, in words."""
        inside = sum(path.endswith(OPERATION) for path in self._operations)
        between = self.operations - inside
        found = [f"{_counted(inside, 'operation')} of {_counted(self.traced_layers, 'traced layer')}"] if inside else []
        found += [f"{_counted(between, 'operation')} between layers"] if between else []
        return " and ".join(found)

    def __str__(self) -> str:
        if self.first is not None:
            return f"first difference: {self.first}"
        walked = f"; {self.operations_text} compared" if self.operations else ""
        return f"{self.model} and {self.reference} agree to {self.rtol:g}{walked}"

    @property
    def _operations(self) -> set[str]:
        return {item.path for item in self.comparisons if item.is_operation}

    def worst(self, kind: str) -> Comparison | None:
        """Return the comparison of a kind with the largest difference for its tolerance."""
        found = [item for item in self.comparisons if item.kind == kind]
        return max(found, key=lambda item: item.difference / item.tolerance if item.tolerance else 0.0, default=None)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "model": self.model,
            "reference": self.reference,
            "rtol": self.rtol,
            "agrees": self.agrees,
            "operations": self.operations,
            "traced_layers": self.traced_layers,
            "first": None if self.first is None else asdict(self.first),
            "comparisons": [asdict(item) for item in self.comparisons],
            "unmatched": list(self.unmatched),
        }


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def compare_traces(ours: Trace, reference: Trace, rtol: float, atol: float) -> tuple[list[Comparison], list[str]]:
    """Return the comparisons of what both engines computed, and the paths of what only one has."""
    positions, unmatched = _matches(ours, reference)
    forward = "training" if ours.cotangents else "forward"
    found = [
        replace(
            _comparison(forward, path, op, x, y, rtol, atol),
            place=ours.places.get(path, ""),
            is_operation=path in ours.operations,
        )
        for first, second in positions
        for path, op, outputs in [ours.layers[first]]
        for x, y in zip(outputs, reference.layers[second][2], strict=False)
        if y is not None
    ]
    found += [
        _comparison(forward, "outputs", "Model", x, y, rtol, atol)
        for x, y in zip(ours.outputs, reference.outputs, strict=True)
    ]
    for call, other in reversed(positions) if ours.cotangents else ():
        if ours.same[call] != reference.same[other]:
            continue  # the gradient with respect to a tensor that is returned twice is that of both outputs
        for position, (x, y) in enumerate(zip(ours.cotangents[call], reference.cotangents[other], strict=False)):
            readers = reference.readers[other][position] or (ours.layers[call][:2],)
            path, op = "+".join(path for path, _ in readers), readers[0][1]
            if x is not None and y is not None:  # a loss of logits passes by the layer that made probabilities of them
                found.append(_comparison("backward", path, op, x, y, rtol, atol))
    found += _weights(ours, reference, rtol, atol)
    return found, unmatched


def _weights(ours: Trace, reference: Trace, rtol: float, atol: float) -> list[Comparison]:
    """Compare the gradients of weights, and the weights after an update.

    What should be 0, such as the gradient of a bias in front of a batch normalisation, is what rounding leaves of large
    numbers: a gradient that is small beside the others may be anything below that, and so may what an optimizer that
    goes by its sign makes of it. Weights after an update are never compared more closely than float32 has
    the numbers of an optimizer, with which Keras on TensorFlow computes in float64 as well.
    """
    found, undecided = [], {}
    arrays = [numpy.abs(array) for _, array in reference.gradients if array is not None and array.size]
    rounding = rtol * _SMALL * max((float(array.max()) for array in arrays), default=0.0)
    for (path, x), (_, y) in zip(ours.gradients, reference.gradients, strict=True):
        known = y if x is None else x
        if known is not None:  # no gradient is as good as zeros
            zeros = numpy.zeros_like(known)
            first, second = zeros if x is None else x, zeros if y is None else y
            found.append(_comparison("gradient", path, "weight", first, second, rtol, atol + rounding))
            undecided[path] = numpy.abs(second) <= atol + rounding
    for (path, x), (_, y) in zip(ours.weights, reference.weights, strict=True):
        decided = ~undecided[path] if path in undecided and undecided[path].shape == y.shape else numpy.array(True)
        found.append(
            _comparison(
                "update",
                path,
                "weight",
                x,
                numpy.where(decided, y, x) if x.shape == y.shape else y,
                rtol,
                max(atol, _OF_OPTIMIZERS),
            )
        )
    return found


def _matches(ours: Trace, reference: Trace) -> tuple[list[tuple[int, int]], list[str]]:
    """Return positions of equal calls: the same path, called as often on both sides."""
    calls = [_positions(trace.layers) for trace in (ours, reference)]
    paired = [
        pair
        for path, positions in calls[0].items()
        if len(positions) == len(calls[1].get(path, ()))
        for pair in zip(positions, calls[1][path], strict=True)
    ]
    unread = reference.operations - calls[0].keys()  # the model's, whose results nothing reads
    paths = dict.fromkeys([*calls[0], *(path for path in calls[1] if path not in unread)])
    return sorted(paired), [path for path in paths if len(calls[0].get(path, ())) != len(calls[1].get(path, ()))]


def _positions(layers: Sequence[tuple[str, str, Any]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for position, (path, _, _) in enumerate(layers):
        found.setdefault(path, []).append(position)
    return found


def _comparison(kind: str, path: str, op: str, x: Array, y: Array, rtol: float, atol: float) -> Comparison:
    first, second = numpy.asarray(x, "float64"), numpy.asarray(y, "float64")
    if first.shape != second.shape:
        return Comparison(kind, path, op, first.shape, second.shape, float("inf"), float("inf"), atol, True)
    with numpy.errstate(invalid="ignore"):
        apart = numpy.abs(first - second)
    apart = numpy.asarray(apart)  # a single number is none
    apart[(first == second) | (numpy.isnan(first) & numpy.isnan(second))] = 0.0  # infinities and NaN in equal places
    difference = float(apart.max(initial=0.0))
    magnitudes = numpy.abs(second)
    scale = float(magnitudes[numpy.isfinite(magnitudes)].max(initial=0.0))
    tolerance = rtol * scale + atol
    differs = not difference <= tolerance  # a NaN differs, too
    return Comparison(kind, path, op, first.shape, second.shape, difference, scale, tolerance, differs)
