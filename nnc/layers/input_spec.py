"""What a layer says of its inputs, and the check that they are like that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy

from nnc.errors import ModelError, ShapeError
from nnc.tree import flatten


class InputSpec:
    """What an input of a layer must be like; as attribute `input_spec` of a layer it is checked at each call.

    Args:
        dtype: element type.
        shape: shape with the batch; None for a length that may be any.
        ndim: number of axes.
        max_ndim: largest number of axes.
        min_ndim: smallest number of axes.
        axes: lengths by the number of their axis.
        allow_last_axis_squeeze: whether a last axis of length 1 may be missing, or be too much.
        name: name of the input.
        optional: whether None may be given.

    Raises:
        ModelError: `axes` has other keys than whole numbers, or an axis that there is not.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else _dtype_name(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(axis): length for axis, length in dict(axes or {}).items()}
        except (TypeError, ValueError):
            raise ModelError(f"InputSpec: axes must be a dictionary with whole numbers as keys, got {axes!r}") from None
        most = self.ndim or self.max_ndim
        if self.axes and most is not None and max(self.axes) > most - 1:
            raise ModelError(f"InputSpec: axis {max(self.axes)} is greater than {most - 1}, the last of {most} axes")

    def __repr__(self) -> str:
        keys = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{key}={getattr(self, key)}' for key in keys if getattr(self, key))})"

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, but for the name; Keras's keys."""
        keys = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {key: getattr(self, key) for key in keys}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a specification from what `get_config` returned."""
        return cls(**config)


def check_inputs(input_spec: Any, inputs: Any, layer_name: str) -> None:
    """Check that inputs are as a layer says.

    Args:
        input_spec: an `InputSpec`, or nested ones, one for each input.
        inputs: what has a shape and an element type, nested.
        layer_name: for messages.

    Raises:
        ModelError: they are not, or there are more or fewer.
    """
    specs = flatten(input_spec)
    if isinstance(inputs, Mapping):
        names = [spec.name for spec in specs]
        if all(names):
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ModelError(
                    f'Missing data for input "{missing[0]}". You passed a data dictionary with keys {list(inputs)}.'
                    f" Expected the following keys: {names}"
                )
            inputs = [inputs[name] for name in names]
    found = flatten(inputs)
    if len(specs) == 1 and not any(hasattr(x, "shape") for x in found) and isinstance(inputs, list | tuple):
        found = [numpy.asarray(inputs)]
    if len(found) != len(specs):
        named = [spec.name for spec in specs if spec is not None]
        if len(named) == len(specs) and all(named):
            example = ", ".join(f"'{name}': ..." for name in named)
            raise ModelError(
                f'Layer "{layer_name}" expects {len(specs)} named input(s) with keys {named}, but it received'
                f" {len(found)} input tensors. Pass inputs as a dict, e.g. `layer({{{example}}})`."
            )
        raise ModelError(
            f'Layer "{layer_name}" expects {len(specs)} input(s), but it received {len(found)} input tensors.'
        )
    for number, (x, spec) in enumerate(zip(found, specs, strict=True)):
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise ModelError(
                f"Inputs to a layer should be tensors. Got '{x}' (of type {type(x)}) as input for layer '{layer_name}'."
            )
        problem = _problem(spec, _shown(x.shape), getattr(x, "dtype", None))
        if problem:
            raise ShapeError(
                f"Input {number} with name '{spec.name}' of layer '{layer_name}' is incompatible with the layer:"
                f" {problem}"
            )


def _problem(spec: InputSpec, shape: tuple[Any, ...], dtype: Any) -> str:
    ndim = len(shape)
    if spec.ndim is not None and not spec.allow_last_axis_squeeze and ndim != spec.ndim:
        return f"expected ndim={spec.ndim}, found ndim={ndim}. Full shape received: {shape}"
    if spec.max_ndim is not None and ndim > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={ndim}"
    if spec.min_ndim is not None and ndim < spec.min_ndim:
        return f"expected min_ndim={spec.min_ndim}, found ndim={ndim}. Full shape received: {shape}"
    if spec.dtype is not None and _dtype_name(dtype) != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={_dtype_name(dtype)}"
    for axis, length in spec.axes.items():
        if length is not None and shape[axis] not in {length, None}:
            return f"expected axis {axis} of input shape to have value {length}, but received input with shape {shape}"
    if spec.shape is not None:
        wanted = spec.shape
        if spec.allow_last_axis_squeeze:
            shape, wanted = (item[:-1] if item and item[-1] == 1 else item for item in (shape, wanted))
        for one, other in zip(wanted, shape, strict=False):
            if one is not None and other is not None and one != other:
                return f"expected shape={spec.shape}, found shape={shape}"
    return ""


def _shown(shape: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(int(dim) if isinstance(dim, int | numpy.integer) else None for dim in shape)


def _dtype_name(dtype: Any) -> str:
    try:
        return str(numpy.dtype(dtype).name)
    except TypeError:
        name = str(getattr(dtype, "name", dtype))
        if name in ("bfloat16", "string"):
            return name
        raise ModelError(f"{dtype!r} is no element type") from None
