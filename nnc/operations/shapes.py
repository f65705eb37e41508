"""Operations that move elements and change none: shapes, joining, repetition, padding, slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nnc import ops
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.operations.registry import operation
from nnc.ops.movement import normalize_axis


@operation("Transpose")
def transpose(x: Value, axes: Sequence[int] | None = None) -> Value:
    """Return x with its axes in another order, by default the opposite one."""
    return ops.transpose(x, axes)


@operation("Reshape")
def reshape(x: Value, newshape: Sequence[int | None]) -> Value:
    """Return x in another shape; None is the number of rows."""
    return ops.reshape(x, [x.shape[0] if dim is None else dim for dim in newshape])


@operation("Concatenate", promotes=True)
def concatenate(*xs: Any, axis: int = 0) -> Value:
    """Return tensors one behind the other along an axis; they are given in one list or one by one."""
    return ops.concatenate(_listed(xs), axis)


@operation("Stack", promotes=True)
def stack(*xs: Any, axis: int = 0) -> Value:
    """Return tensors one behind the other along a new axis; they are given in one list or one by one."""
    values = _listed(xs)
    place = axis % (values[0].rank + 1)
    return ops.concatenate([expand_dims(value, place) for value in values], place)


def _listed(xs: tuple[Any, ...]) -> Sequence[Value]:
    found: Sequence[Value] = xs[0] if isinstance(xs[0], list | tuple) else xs
    return found


@operation("ExpandDims")
def expand_dims(x: Value, axis: Any) -> Value:
    """Return x with new axes of length 1."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = x.rank + len(axes)
    shape = list(x.shape)
    for place in sorted(item % rank for item in axes):
        shape.insert(place, 1)
    return ops.reshape(x, shape)


@operation("Squeeze")
def squeeze(x: Value, axis: Any = None) -> Value:
    """Return x without axes of length 1, by default all of them."""
    axes = range(x.rank) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = {item % x.rank for item in axes if axis is not None or x.shape[item] == 1}
    return ops.reshape(x, [dim for place, dim in enumerate(x.shape) if place not in gone])


@operation("GetItem")
def get_item(x: Value, key: Any) -> Value:
    """Return x at an index, which is plain data as `nnc.layers.symbolic.slice_config` writes it."""
    given = key if isinstance(key, list | tuple) else [key]
    items = [
        "..." if isinstance(item, Mapping) and item.get("class_name") == "__ellipsis__" else item for item in given
    ]
    if "..." in items:
        place = items.index("...")
        axes = sum(item is not None for item in items) - 1
        items[place : place + 1] = [_WHOLE] * (x.rank - axes)
    axis = 0
    for item in items:
        if item is None:
            x = expand_dims(x, axis)
        elif isinstance(item, Mapping):
            part = slice(*(item.get("config", item).get(name) for name in ("start", "stop", "step")))
            if (part.start or 0, part.stop, part.step or 1) != (0, None, 1):
                start, stop, step = part.indices(int(x.shape[axis]))
                if step < 0:
                    x = ops.flip(x, axis)
                    length = int(x.shape[axis])
                    start, stop, step = length - 1 - start, length - 1 - stop, -step
                x = ops.take(x, axis, start, stop, step)
        else:
            index = int(item) % int(x.shape[axis])
            x = squeeze(ops.take(x, axis, index, index + 1), axis)
            continue
        axis += 1
    return x


_WHOLE: Mapping[str, Any] = MappingProxyType({"config": {"start": None, "stop": None, "step": None}})


@operation("Tile")
def tile(x: Value, repeats: int | Sequence[int]) -> Value:
    """Return x one behind the other, so many times along each of its last axes; new axes of length 1 come in front."""
    times = [repeats] if isinstance(repeats, int) else [int(item) for item in repeats]
    times = [1] * (x.rank - len(times)) + times
    x = ops.reshape(x, [1] * (len(times) - x.rank) + list(x.shape))
    for axis, count in enumerate(times):
        x = _repeated(x, axis, axis, count)
    return x


@operation("Repeat")
def repeat(x: Value, repeats: int | Sequence[int], axis: int | None = None) -> Value:
    """Return each element so many times side by side along an axis, or of all in a row.

    Raises:
        ModelError: elements are to be repeated differently.
    """
    times = [repeats] if isinstance(repeats, int) else list(repeats)
    if len(set(times)) != 1:
        raise ModelError(f"Repeat: all elements must be repeated alike, got {times}")
    x = ops.reshape(x, (-1,)) if axis is None else x
    place = normalize_axis(x, axis or 0)
    return _repeated(x, place, place + 1, int(times[0]))


def _repeated(x: Value, axis: int, place: int, times: int) -> Value:
    """Return x with a new axis of so many repetitions at a place beside an axis, which the axis then takes in."""
    if times == 1:
        return x
    shape = list(x.shape)
    once, often = ([*shape[:place], number, *shape[place:]] for number in (1, times))
    whole = ops.broadcast_to(ops.reshape(x, once), often)
    return ops.reshape(whole, [*shape[:axis], shape[axis] * times, *shape[axis + 1 :]])


@operation("Pad")
def pad(x: Value, pad_width: Any, mode: str = "constant", constant_values: float | None = None) -> Value:
    """Return x with more in front of and behind each axis: a number, or what is inside, mirrored.

    Args:
        x: the operand.
        pad_width: pairs of whole numbers, one per axis, or one for all.
        mode: ``constant``; ``reflect``, which does not repeat the ends; or ``symmetric``, which does.
        constant_values: the number; 0 by default.

    Raises:
        ModelError: the mode is unknown.
    """
    widths = [(int(before), int(after)) for before, after in pad_width]
    widths = widths * x.rank if len(widths) == 1 else widths
    if mode == "constant":
        if not constant_values:
            return ops.pad(x, widths)
        outside = ops.pad(ops.broadcast_to(x.graph.constant(1, x.dtype), x.shape), widths)
        return ops.where(ops.equal(outside, 1), ops.pad(x, widths), constant_values)
    if mode not in ("reflect", "symmetric"):
        raise ModelError(f"Pad: mode must be constant, reflect or symmetric, got {mode!r}")
    skipped = int(mode == "reflect")
    for axis, (before, after) in enumerate(widths):
        length = x.shape[axis]
        parts = [x]
        if before:
            parts.insert(0, ops.flip(ops.take(x, axis, skipped, skipped + before), axis))
        if after:
            parts.append(ops.flip(ops.take(x, axis, length - skipped - after, length - skipped), axis))
        x = ops.concatenate(parts, axis) if len(parts) > 1 else x
    return x
