"""Steps that move elements: shapes, parts, joints, and sizes that are read off tensors."""

from __future__ import annotations

import numpy
from hypothesis import strategies as st

from tests.operations.graphs.growing import Growing, has_axes, is_float, is_number, is_whole, known_axes, spread


def moved(grower: Growing) -> None:
    """Axes exchanged, made and joined."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    rank, known = arrays[0].ndim, known_axes(arrays)
    kind = grower.draw(
        st.sampled_from(("transpose", "moveaxis", "swapaxes", "flatten", "merge", "split", "squeeze", "ravel", "tile"))
    )
    if kind == "transpose":
        axes = tuple(grower.draw(st.permutations(range(rank))))
        grower.add(f"ops.transpose({x}, {axes})")
    elif kind == "moveaxis":
        ends = st.integers(-rank, rank - 1)
        grower.add(f"ops.moveaxis({x}, {grower.draw(ends)}, {grower.draw(ends)})")
    elif kind == "swapaxes":
        ends = st.integers(-rank, rank - 1)
        grower.add(f"ops.swapaxes({x}, {grower.draw(ends)}, {grower.draw(ends)})")
    elif kind == "flatten" and 0 not in known and known == list(range(1, rank)):
        grower.add(f"ops.reshape({x}, (-1, {int(numpy.prod(arrays[0].shape[1:]))}))")
    elif kind == "merge" and rank > 1:
        axis = grower.draw(st.integers(0, rank - 2))
        rest = [arrays[0].shape[other] if other in known else None for other in range(rank)]
        shape = [*rest[:axis], -1, *rest[axis + 2 :]]
        if None not in shape:
            grower.add(f"ops.reshape({x}, {tuple(shape)})")
    elif kind == "split" and known:
        axis = grower.draw(st.sampled_from(known))
        length = arrays[0].shape[axis]
        parts = [part for part in range(1, length + 1) if length % part == 0]
        part = grower.draw(st.sampled_from(parts))
        shape = [arrays[0].shape[other] if other in known else -1 for other in range(rank)]
        if shape.count(-1) <= 1:
            grower.add(f"ops.reshape({x}, {(*shape[:axis], part, length // part, *shape[axis + 1 :])})")
    elif kind == "squeeze" and any(arrays[0].shape[axis] == 1 for axis in known):
        grower.add(f"ops.squeeze({x}, axis={next(axis for axis in known if arrays[0].shape[axis] == 1)})")
    elif kind == "ravel":
        grower.add(grower.draw(st.sampled_from((f"ops.ravel({x})", f"ops.reshape({x}, (-1,))"))))
    elif kind == "tile":
        grower.add(f"ops.tile({x}, {[grower.draw(st.integers(1, 2)) for _ in range(rank)]})")


def cut(grower: Growing) -> None:
    """Parts of values, by numbers and by slices."""
    x = grower.pick(lambda arrays: has_axes(arrays) and bool(known_axes(arrays)))
    arrays = grower.arrays(x)
    known = known_axes(arrays)
    if not known:
        return
    axis = grower.draw(st.sampled_from(known))
    length, rank = arrays[0].shape[axis], arrays[0].ndim
    first, last = sorted((grower.draw(st.integers(0, length - 1)), grower.draw(st.integers(0, length - 1))))
    negative, parts = first - length, min(length, 2)
    cuts = sorted({place for place in (1, length - 1) if 0 < place < length})
    key = grower.draw(
        st.sampled_from(
            (
                *(
                    f"{first}:{last + 1}",
                    f"{negative}",
                    f"{first}",
                    f"{first}:",
                    "::2",
                    "::-1",
                    f"None, {first}:",
                    "None",
                ),
                *(f"[{last}, {first}, {last}]", f":{last + 1}:2", f"{last}::-1"),
            )
        )
    )
    text = grower.draw(
        st.sampled_from(
            (
                f"{x}[{':, ' * axis}{key}]",
                f"{x}[..., {key}{', :' * (rank - 1 - axis)}]",
                f"ops.take({x}, [{last}, {first}, {negative}], axis={axis})",
                f"ops.take({x}, {negative}, axis={axis - rank})",
                f"ops.take({x}, [[{first}, {last}], [{last}, {first}]], axis={axis})",
                f"ops.split({x}, {cuts}, axis={axis})[{grower.draw(st.integers(0, len(cuts)))}]",
                f"ops.split({x}, {length}, axis={axis})[{first}]",
                f"ops.unstack({x}, axis={axis})[{last}]",
                f"ops.array_split({x}, {parts}, axis={axis})[{grower.draw(st.integers(0, parts - 1))}]",
            )
        )
    )
    if "[[" in key or (key.startswith("[") and "..." in text):
        return
    grower.add(text)


def indexed(grower: Growing) -> None:
    """Elements by computed indices."""
    x = grower.pick(lambda arrays: has_axes(arrays) and bool(known_axes(arrays)))
    arrays = grower.arrays(x)
    known = known_axes(arrays)
    if not known:
        return
    axis = grower.draw(st.sampled_from(known))
    length = arrays[0].shape[axis]
    index = grower.pick(lambda arrays: is_whole(arrays) and arrays[0].ndim <= 2)
    if not is_whole(grower.arrays(index)):
        return
    kind = grower.draw(st.sampled_from(("take", "along", "segments", "scatter", "update")))
    if kind == "take":
        grower.add(f"ops.take({x}, {index} % {length}, axis={axis})")
    elif kind == "along":
        if spread(arrays, axis):
            grower.add(f"ops.take_along_axis({x}, ops.argsort({x}, axis={axis}), axis={axis})")
    elif kind == "segments" and is_number(arrays) and arrays[0].dtype != "uint8":
        ids = f"ops.reshape({index}, (-1,))"
        shapes = [array.size for array in grower.arrays(index)]
        if shapes == [array.shape[0] for array in arrays]:
            name = grower.draw(st.sampled_from(("segment_sum", "segment_sum", "segment_max")))
            if name == "segment_sum" or spread(tuple(array.reshape(-1) for array in arrays), 0):
                grower.add(f"ops.{name}({x}, {ids} % 3, num_segments=3)")
    elif kind == "scatter" and known == list(range(1, arrays[0].ndim)) and is_number(arrays):
        rows = [array.shape[0] for array in arrays]
        if [array.shape for array in grower.arrays(index)] == [(count,) for count in rows]:
            rest = arrays[0].shape[1:]
            grower.add(f"ops.scatter(ops.expand_dims({index} % 4, -1), {x}, {(4, *rest)})")
    elif kind == "update" and 0 in known:
        rest = arrays[0].shape[1:]
        if known == list(range(arrays[0].ndim)):
            grower.add(f"ops.scatter_update({x}, [[{length and 0}]], ops.ones({(1, *rest)}, dtype={x}.dtype))")


def joined(grower: Growing) -> None:
    """Concatenation and stacks, of values of several element types."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    axis = grower.draw(st.integers(-arrays[0].ndim, arrays[0].ndim - 1))
    y = grower.pick(lambda others: [array.shape for array in others] == [array.shape for array in arrays])
    if [array.shape for array in grower.arrays(y)] != [array.shape for array in arrays]:
        y = x
    text = grower.draw(
        st.sampled_from(
            (
                *("ops.concatenate([{x}, {y}], axis={axis})", "ops.stack([{x}, {y}], axis={axis})"),
                *("ops.concatenate([{x}, {y}, {x}], axis={axis})", "ops.append({x}, {y}, axis={axis})"),
                *("ops.hstack([{x}, {y}])", "ops.vstack([{x}, {y}])", "ops.stack([{y}, {x}, {y}])"),
            )
        )
    )
    grower.add(text.replace("{x}", x).replace("{y}", y).replace("{axis}", str(axis)))


def padded(grower: Growing) -> None:
    """``pad`` in its modes, ``tril`` and ``triu``, ``image.resize``."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    rank, known = arrays[0].ndim, known_axes(arrays)
    widths = [
        (grower.draw(st.integers(0, 2)), grower.draw(st.integers(0, 2))) if axis in known else (0, 0)
        for axis in range(rank)
    ]
    kind = grower.draw(
        st.sampled_from(("constant", "zeros", "reflect", "symmetric", "triangle", "resize", "broadcast"))
    )
    if kind == "zeros":
        grower.add(f"ops.pad({x}, {widths})")
    elif kind == "constant" and is_float(arrays):
        grower.add(f"ops.pad({x}, {widths}, constant_values=0.5)")
    elif kind in ("reflect", "symmetric"):
        least = 1 if kind == "reflect" else 0
        limits = [arrays[0].shape[axis] - least if axis in known else 0 for axis in range(rank)]
        cut_off = [
            (min(before, limit), min(after, limit)) for (before, after), limit in zip(widths, limits, strict=True)
        ]
        grower.add(f"ops.pad({x}, {cut_off}, mode='{kind}')")
    elif kind == "triangle" and rank > 1 and {rank - 2, rank - 1} <= set(known):
        grower.add(f"ops.{grower.draw(st.sampled_from(('tril', 'triu')))}({x}, k={grower.draw(st.integers(-1, 1))})")
    elif kind == "resize" and rank == 4 and known == [1, 2, 3] and is_float(arrays):
        way = grower.draw(st.sampled_from(("nearest", "bilinear", "bicubic")))
        grower.add(f"ops.image.resize({x}, (3, 5), interpolation='{way}', data_format='channels_last')")
    elif kind == "broadcast":
        grower.add(
            f"ops.broadcast_to({x}, (2, {', '.join(map(str, arrays[0].shape))}))"
            if len(known) == rank
            else f"ops.stack([{x}, {x}])"
        )


def by_rows(grower: Growing) -> None:
    """Shapes that are read off tensors, in the call of an author's layer."""
    if not grower.is_traced:
        return
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    if 0 in known_axes(arrays):
        return
    rank, rows = arrays[0].ndim, f"ops.shape({x})[0]"
    others = "".join(f", {length}" for length in arrays[0].shape[1:])
    mean = f"ops.mean(ops.cast({x}, 'float32'), axis=0, keepdims=True)"
    texts = [
        f"ops.zeros(({rows}, 2)) + ops.mean(ops.cast({x}, 'float32'))",
        f"ops.ones(({rows}, 2))",
        f"ops.arange({rows})",
        f"ops.full(({rows},), 2)",
        f"ops.reshape({x}, ({rows}, -1))",
        f"ops.mean(ops.cast({x}, 'float32')) * {rows}",
        f"ops.tile({mean}, ({rows}{', 1' * (rank - 1)}))",
        f"ops.sum(ops.cast({x}, 'float32'), axis=0) / {rows}",
    ]
    if known_axes(arrays) == list(range(1, rank)):
        zeros = f"ops.zeros(({rows}{others},), dtype={x}.dtype)"
        texts += [
            f"ops.concatenate([{x}, {zeros}], axis=-1)",
            f"ops.reshape({x}, (1, {rows}{others}))",
            f"ops.reshape({x}, ({rows}, 1{others}))",
        ]
    grower.add(grower.draw(st.sampled_from(texts)))
