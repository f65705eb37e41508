"""Steps along axes: reductions, what is accumulated and sorted, products."""

from __future__ import annotations

from typing import Any

import numpy
from hypothesis import strategies as st

from tests.operations.graphs.growing import Growing, away, has_axes, is_float, is_number, known_axes, spread

REDUCTIONS = (
    *("sum", "mean", "var", "std", "max", "min", "amax", "amin", "prod", "any", "all", "logsumexp", "count_nonzero"),
    *("argmax", "argmin", "norm", "median", "ptp", "nansum", "nanmean", "nanmax", "average", "moments"),
)


def reduced(grower: Growing) -> None:
    """Reductions over axes."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    rank = arrays[0].ndim
    name = grower.draw(st.sampled_from(REDUCTIONS))
    keepdims = grower.draw(st.booleans())
    axes = grower.draw(
        st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=rank, unique_by=lambda axis: axis % rank)
    )
    is_single = len(axes) == 1 or name in ("argmax", "argmin", "average", "norm")
    axis: Any = axes[0] if is_single else tuple(axes)
    if grower.draw(st.sampled_from((True, False, False, False, False))):
        axis = None
    ordered = name in ("max", "min", "amax", "amin", "argmax", "argmin", "median", "ptp", "nanmax")
    places = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    if ordered and is_float(arrays):
        others = [place for place in range(rank) if place not in {place % rank for place in places}]
        rows = [numpy.transpose(array, (*others, *[place % rank for place in places])) for array in arrays]
        flat = tuple(row.reshape(*row.shape[: len(others)], -1) for row in rows)
        if not spread(flat, -1):
            return
    if name == "prod" and any(place % rank not in known_axes(arrays) for place in places):
        return
    if name in ("count_nonzero", "any", "all") and is_float(arrays) and not away(arrays, 0.0):
        return
    if name in ("std", "norm") and is_float(arrays):
        found = [numpy.std(a, tuple(places)) if name == "std" else numpy.abs(a).sum(tuple(places)) for a in arrays]
        if min(item.min() for item in found) < 0.05:
            return
    if name == "moments" and not is_float(arrays):
        return
    if name == "moments":
        grower.add(f"ops.moments({x}, axes={list(places)}, keepdims={keepdims})[{grower.draw(st.integers(0, 1))}]")
    elif name in ("count_nonzero", "average"):
        grower.add(f"ops.{name}({x}, axis={axis})")
    else:
        grower.add(f"ops.{name}({x}, axis={axis}, keepdims={keepdims})")


def accumulated(grower: Growing) -> None:
    """What keeps the shape: cumulative sums, sorting, softmax, flips."""
    x = grower.pick(has_axes)
    arrays = grower.arrays(x)
    axis = grower.draw(st.integers(-arrays[0].ndim, arrays[0].ndim - 1))
    text = grower.draw(
        st.sampled_from(
            (
                *("ops.cumsum({x}, axis={axis})", "ops.cumprod({x}, axis={axis})", "ops.sort({x}, axis={axis})"),
                *("ops.argsort({x}, axis={axis})", "ops.flip({x}, axis={axis})", "ops.roll({x}, 1, axis={axis})"),
                *("ops.roll({x}, -2, axis={axis})", "ops.roll({x}, 3)", "ops.softmax({x}, axis={axis})"),
                *("ops.log_softmax({x}, axis={axis})", "ops.normalize({x}, axis={axis})", "ops.flip({x})"),
                *("ops.repeat({x}, 2, axis={axis})", "ops.diff({x}, axis={axis})", "ops.sparsemax({x}, axis=-1)"),
                *("ops.normalize({x}, axis={axis}, order=1)"),
                *("ops.expand_dims({x}, axis={axis})", "ops.unstack({x}, axis={axis})[0]", "ops.glu({x}, axis={axis})"),
                *("ops.top_k({x}, 1)[0]", "ops.top_k({x}, 1)[1]", "ops.quantile({x}, 0.3, axis={axis})"),
                *(
                    "ops.cumsum({x})",
                    "ops.layer_normalization({x}, axis={axis})",
                    "ops.rms_normalization({x}, axis={axis})",
                ),
            )
        )
    )
    function = text.partition("(")[0]
    if function in ("ops.sort", "ops.argsort", "ops.quantile") and not spread(arrays, axis):
        return
    if function in ("ops.top_k", "ops.sparsemax") and not spread(arrays, -1):
        return
    if function == "ops.sparsemax" and arrays[0].ndim < 2:
        return  # Keras gives zeros for a vector
    if function == "ops.sparsemax":
        found = tuple(numpy.sort(array, -1)[..., ::-1] for array in arrays)
        supports = tuple(1 + numpy.arange(1, row.shape[-1] + 1) * row - numpy.cumsum(row, -1) for row in found)
        if not is_float(arrays) or not away(supports, 0.0):
            return
        if any(((support > 0).sum(-1) > 1).any() for support in supports):
            return  # Keras's results do not sum to 1 there, as the docs of nnc's say
    if "norm" in function:
        if not is_float(arrays) or min((array**2).sum(axis).min() for array in arrays) < 0.1:
            return
        if "order=1" in text and not away(arrays, 0.0):
            return
    grower.add(text.replace("{x}", x).replace("{axis}", str(axis)))


def multiplied(grower: Growing) -> None:
    """Products of matrices and sums of products."""
    x = grower.pick(lambda arrays: is_number(arrays) and has_axes(arrays, 2))
    arrays = grower.arrays(x)
    rank, known = arrays[0].ndim, known_axes(arrays)
    if rank < 2 or not is_number(arrays):
        return
    letters = "abcdef"[:rank]
    last, first = arrays[0].shape[-1], ", ".join([":", *"0" * (rank - 1)])
    texts = [
        f"ops.matmul({x}, ops.swapaxes({x}, -1, -2))",
        f"{x} @ ops.swapaxes({x}, -1, -2)",
        f"ops.einsum('{letters},{letters}->{letters[0]}', {x}, {x})",
        f"ops.einsum('{letters}->{letters[::-1]}', {x})",
        f"ops.einsum('{letters}->{letters[0]}', {x})",
        f"ops.einsum('...{letters[-1]}->{letters[-1]}...', {x})",
        f"ops.einsum('{letters},{letters},{letters[0]}->{letters[-1]}', {x}, {x}, {x}[{first}])",
        f"ops.einsum('...{letters[-2:]},...{letters[-1]}->...{letters[-2]}', {x}, {x}[..., 0, :])",
        f"ops.tensordot({x}, {x}, axes=[[{rank - 1}], [{rank - 1}]])",
    ]
    if rank - 1 in known:
        numbers = [[round(0.3 * row - 0.4 * column, 2) for column in range(2)] for row in range(last)]
        constant = f"numpy.array({numbers}, 'float32')"
        texts += [
            f"ops.matmul({x}, {constant})",
            f"ops.dot({x}, {constant})",
            f"ops.tensordot({x}, {constant}, axes=1)",
            f"ops.einsum('...i,ij->...j', {x}, {constant})",
        ]
    if rank == 2 and len(known) == 1:
        texts += [f"ops.outer({x}[0], {x}[0])", f"ops.vdot({x}[0], {x}[0])", f"ops.inner({x}, {x})"]
    grower.add(grower.draw(st.sampled_from(texts)))
