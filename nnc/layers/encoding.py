"""Whole numbers as classes, and numbers as the bins they lie in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy

from nnc.arguments import argument, number, passed_on, positive, unsupported
from nnc.arrays import is_array_like, to_array
from nnc.checks import is_whole
from nnc.choices import OutputMode
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import cast, max, one_hot, reshape, sum
from nnc.ir.ops.comparison import GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.layers.declared import KerasLayer
from nnc.layers.input_types import FLOAT
from nnc.layers.rescaling import as_numbers
from nnc.layers.unbatched import EncodingLayer

Array = Any
MODES = ("int", "one_hot", "multi_hot", "count")
_OLDER = (("binary", "multi_hot"), ("tf-idf", "tf_idf"))


def mode_among(*known: str) -> Callable[[str, str, Any], str]:
    """Return a check of output modes, some of which have older names."""

    def check(where: str, key: str, value: Any) -> str:
        name = next((new for old, new in _OLDER if value == old), value)
        if name not in known:
            raise ModelError(
                f"{where}: Invalid value for argument `{key}`. Expected one of {', '.join(known)}, got {value!r}"
            )
        return str(name)

    return check


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


def _check_num_tokens(where: str, key: str, value: Any) -> int:
    if value is None:
        raise ModelError(f"{where}: {key} must be set to use this layer, to the number of classes")
    if not is_whole(value) or value < 1:
        raise ModelError(f"{where}: `{key}` must be >= 1, a whole number, got {value!r}")
    return int(value)


class CategoryEncoding(EncodingLayer, KerasLayer):
    """Classes, numbers from 0, as rows of zeros and ones, or of counts.

    Args:
        num_tokens: number of classes.
        output_mode: ``one_hot``, ``multi_hot`` or ``count``; see `encode`.
        sparse: must be False.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("num_tokens",)
    noted_arguments = ("{output_mode}",)
    keeps_integers = True

    num_tokens: int | None = argument(_check_num_tokens, default=None, optional=False)
    output_mode: OutputMode = argument(mode_among(*MODES[1:]), default="multi_hot")
    sparse: bool = unsupported(default=False)

    def call(self, x: Value, count_weights: Value | None = None) -> Value:
        if count_weights is not None and self.output_mode != "count":
            raise ModelError(f"`count_weights` is not used when `output_mode` is not 'count', got '{self.output_mode}'")
        dtype = self.weights_dtype or FLOAT
        weights = None if count_weights is None else cast(count_weights, dtype)
        assert self.num_tokens is not None
        return encode(
            x if x.dtype in ("int32", "int64") else cast(x, "int32"), self.output_mode, self.num_tokens, dtype, weights
        )


def _check_boundaries(where: str, key: str, value: Any) -> list[float]:
    """Return the boundaries of bins."""
    boundaries: list[float] = as_numbers(where, key, list(value))
    return boundaries


class Discretization(EncodingLayer):
    """The number of the bin that each element lies in, or its encoding.

    Args:
        bin_boundaries: ascending numbers; a bin has its lower boundary in it.
        num_bins: instead, the number of bins whose boundaries `adapt` takes from data.
        epsilon: how exact `adapt` is, as a share of the data.
        output_mode: ``int``, ``one_hot``, ``multi_hot`` or ``count``; see `encode`.
        sparse: must be False.

    Raises:
        ModelError: an argument is wrong, or boundaries are missing when the layer is used.
    """

    key_arguments = ("num_bins",)
    noted_arguments = ("{output_mode}",)

    bin_boundaries: Sequence[float] | None = argument(_check_boundaries, default=None)
    num_bins: int | None = positive(default=None)
    epsilon: float = number(above=0, default=0.01)
    output_mode: OutputMode = argument(mode_among(*MODES), default="int")
    sparse: bool = unsupported(default=False, written="always")
    _dtype_given: Any = passed_on(default=None, alias="dtype")
    _name_given: str | None = passed_on(default=None, alias="name")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if (self.num_bins is None) == (self.bin_boundaries is None):
            words = "" if self.num_bins is None else "Both `num_bins` and `bin_boundaries` were given; "
            raise ModelError(
                f"Discretization: {words}give either `num_bins` or `bin_boundaries`, got {self.num_bins!r} and "
                f"{self.bin_boundaries!r}"
            )

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

    def compute_output_shape(self, *input_shape: Any, **named: Any) -> Any:
        """Return the shape of the output, which does not depend on where the boundaries are; see `Layer`."""
        if self.bin_boundaries is None and self.num_bins is not None:
            same = Discretization([0.0] * (self.num_bins - 1), output_mode=self.output_mode)
            return same.compute_output_shape(*input_shape, **named)
        return super().compute_output_shape(*input_shape, **named)

    def call(self, x: Value) -> Value:
        if self.bin_boundaries is None:
            raise ModelError("You need to give bin_boundaries, or to call .adapt(data) first; they are missing")
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
            layer.bin_boundaries = _check_boundaries("Discretization", "bin_boundaries", adapted)
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
