"""Whole numbers as classes, and numbers as the bins they lie in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Unpack

import numpy

from nnc.arrays import is_array_like, to_array
from nnc.checks import check_positive
from nnc.choices import OutputMode
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.input_types import FLOAT
from nnc.layers.options import LayerOptions
from nnc.layers.rescaling import as_numbers
from nnc.ops import cast, max, one_hot, reshape, sum
from nnc.ops.comparison import GreaterEqual
from nnc.ops.elementwise import apply

Array = Any
MODES = ("int", "one_hot", "multi_hot", "count")


def check_mode(where: str, mode: Any, known: Sequence[str]) -> str:
    """Return an output mode; ``binary`` is an older name of ``multi_hot``.

    Raises:
        ModelError: it is none of the known ones.
    """
    name = "multi_hot" if mode == "binary" else mode
    if name not in known:
        raise ModelError(f"{where}: output_mode must be one of {', '.join(known)}, got {mode!r}")
    return str(name)


def check_not_sparse(where: str, sparse: Any) -> bool:
    """Return False.

    Raises:
        ModelError: sparse outputs are wanted.
    """
    if sparse:
        raise ModelError(f"{where}: sparse outputs are not supported; leave sparse out")
    return False


def encode(indices: Value, mode: str, depth: int, dtype: str, weights: Value | None = None) -> Value:
    """Return classes as rows of numbers.

    Args:
        indices: whole numbers; what is not a class counts as nothing.
        mode: ``one_hot`` for a row per index, ``multi_hot`` for one row per sample that says which occur, ``count``
            for how often.
        depth: number of classes, the last axis of the result.
        dtype: element type of the result.
        weights: what each index counts, by default 1.

    Raises:
        ModelError: samples have no axis to count along.
    """
    if mode == "one_hot":
        flat = indices.rank > 1 and indices.shape[-1] == 1
        return one_hot(reshape(indices, indices.shape[:-1]) if flat else indices, depth, dtype)
    if indices.rank < 2:
        raise ModelError(f"output_mode '{mode}' needs an input with at least 2 dimensions, got {indices.type}")
    rows = one_hot(indices, depth, dtype)
    if mode == "multi_hot":
        return max(rows, 1)
    return sum(rows if weights is None else rows * reshape(weights, (*weights.shape, 1)), 1)


class CategoryEncoding(Layer):
    """Classes, numbers from 0, as rows of zeros and ones, or of counts.

    Args:
        num_tokens: number of classes.
        output_mode: ``one_hot``, ``multi_hot`` or ``count``; see `encode`.
        sparse: must be False.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("num_tokens",)
    noted_arguments = ("{output_mode}",)
    keeps_integers = True

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: OutputMode = "multi_hot",
        sparse: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.output_mode = check_mode("CategoryEncoding", output_mode, MODES[1:])
        self.num_tokens = check_positive("CategoryEncoding", "num_tokens", num_tokens)
        self.sparse = check_not_sparse("CategoryEncoding", sparse)

    def call(self, x: Value, count_weights: Value | None = None) -> Value:
        if count_weights is not None and self.output_mode != "count":
            raise ModelError(f"count_weights need output_mode 'count', not '{self.output_mode}'")
        dtype = self.weights_dtype or FLOAT
        weights = None if count_weights is None else cast(count_weights, dtype)
        return encode(
            x if x.dtype in ("int32", "int64") else cast(x, "int32"), self.output_mode, self.num_tokens, dtype, weights
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}


class Discretization(Layer):
    """The number of the bin that each element lies in, or its encoding.

    Args:
        bin_boundaries: ascending numbers; a bin has its lower boundary in it.
        num_bins: instead, the number of bins whose boundaries `adapt` takes from data.
        epsilon: how exact `adapt` is, as a share of the data.
        output_mode: ``int``, ``one_hot``, ``multi_hot`` or ``count``; see `encode`.
        sparse: must be False.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong, or boundaries are missing when the layer is used.
    """

    key_arguments = ("num_bins",)
    noted_arguments = ("{output_mode}",)

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: OutputMode = "int",
        sparse: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.output_mode = check_mode("Discretization", output_mode, MODES)
        self.sparse = check_not_sparse("Discretization", sparse)
        if (num_bins is None) == (bin_boundaries is None):
            raise ModelError(
                f"Discretization: give either num_bins or bin_boundaries, got {num_bins!r} and {bin_boundaries!r}"
            )
        self.num_bins = None if num_bins is None else check_positive("Discretization", "num_bins", num_bins)
        self.bin_boundaries = None
        if bin_boundaries is not None:
            self.bin_boundaries = as_numbers("Discretization", "bin_boundaries", list(bin_boundaries))
        self.epsilon = float(epsilon)

    @property
    def is_adaptable(self) -> bool:
        """Whether boundaries come from data, because none were given."""
        return self.num_bins is not None

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Take boundaries from data, between bins that have equally many elements.

        Args:
            data: an array, or batches of arrays.
            steps: how many batches; all by default.

        Raises:
            ModelError: boundaries were given.
        """
        if self.num_bins is None:
            raise ModelError(f"Layer '{self.name}' (Discretization) was given bin_boundaries, and cannot adapt")
        batches: Iterable[Any] = [data] if is_array_like(data) else islice(data, steps)
        summary = numpy.zeros((2, 0), "float32")
        for batch in batches:
            numbers = to_array(batch, "data").astype("float32")
            merged = numpy.concatenate([_summarize(numbers, self.epsilon), summary], 1)
            summary = _compress(merged[:, numpy.argsort(merged[0])], self.epsilon)
        self.bin_boundaries = _compress(summary, 1.0 / self.num_bins)[0, :-1].tolist()

    def call(self, x: Value) -> Value:
        if self.bin_boundaries is None:
            raise ModelError("bin_boundaries are missing: give them, or call adapt(data) first")
        boundaries = x.graph.constant(self.bin_boundaries, x.dtype)
        bins = sum(apply(GreaterEqual(dtype="int32"), reshape(x, (*x.shape, 1)), boundaries), -1)
        if self.output_mode == "int":
            return bins
        return encode(bins, self.output_mode, len(self.bin_boundaries) + 1, x.dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": config["name"],
            "dtype": config["dtype"],
        }

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """Make a layer from what `get_config` returned; one that was adapted has boundaries and their number."""
        given = dict(config)
        adapted = given.pop("bin_boundaries", None) if given.get("num_bins") is not None else None
        layer = super().from_config(given)
        if adapted is not None:
            layer.bin_boundaries = as_numbers("Discretization", "bin_boundaries", list(adapted))
        return layer


def _summarize(values: Array, epsilon: float) -> Array:
    """Return some of the values, sorted, and for how many each stands, as two rows."""
    step = float(numpy.maximum(values.size / (1.0 / epsilon), 1))
    chosen = numpy.sort(values, axis=None)[int(step - 1) :: int(step)]
    return numpy.stack([chosen, numpy.ones_like(chosen) * step])


def _compress(summary: Array, epsilon: float) -> Array:
    """Return a summary with at most 1 / epsilon values, interpolated between those it had."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + numpy.arange(0.0, 1.0, epsilon)
    totals = summary[1].cumsum()
    values = numpy.interp(shares, totals / totals[-1], summary[0])
    reached = numpy.interp(shares, totals / totals[-1], totals)
    return numpy.stack([values, numpy.diff(reached, prepend=0)]).astype("float32")
