"""Short, printable texts for labels: escapes, shapes, numbers with their units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nnc.ir import SymbolicDim, TensorType

if TYPE_CHECKING:
    from nnc.plan import Plan

WIDEST = 44
"""Characters that a line of a label may have; longer ones are shortened or broken."""


def shorten(text: str, limit: int = WIDEST) -> str:
    """Return `text` with an ellipsis in place of its middle if it is longer than `limit`.

    >>> shorten("a_rather_long_name", 9)
    'a_ra…name'
    """
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


def wrap(words: Iterable[str], separator: str = " · ", lines: int = 4, limit: int = WIDEST) -> tuple[str, ...]:
    """Return `words` joined into at most `lines` lines of at most `limit` characters; the last says how many are left.

    >>> wrap(["matmul", "add", "sigmoid"], limit=14)
    ('matmul · add ·', 'sigmoid')
    """
    remaining = [shorten(word, limit - 4) for word in words]
    wrapped: list[str] = []
    while remaining:
        count = 1
        while count < len(remaining) and len(separator.join(remaining[: count + 1])) <= limit - 2:
            count += 1
        is_last = count == len(remaining)
        if len(wrapped) == lines - 1 and not is_last:
            wrapped.append(f"… and {len(remaining)} more")
            break
        wrapped.append(separator.join(remaining[:count]) + ("" if is_last else separator.rstrip()))
        del remaining[:count]
    return tuple(wrapped)


def shape_text(type: TensorType) -> str:
    """Return a shape as it stands on an edge; the element type is said where it is not float32.

    >>> from nnc.ir import symbol
    >>> shape_text(TensorType("float32", (symbol("batch"), 2)))
    'batch×2'
    >>> shape_text(TensorType("int64"))
    'scalar i64'
    """
    # A product of a number and a symbol has its own sign, for ``×`` stands between dimensions.
    dims = [str(dim).replace("*", "·") if isinstance(dim, SymbolicDim) else str(dim) for dim in type.shape]
    shape = "×".join(dims) or "scalar"
    return shape if type.dtype == "float32" else f"{shape} {str(type).partition('[')[0]}"


def parameters_text(count: int) -> str:
    """Return a number of parameters in words.

    >>> parameters_text(1), parameters_text(12345)
    ('1 parameter', '12,345 parameters')
    """
    return f"{count:,} parameter{'' if count == 1 else 's'}"


def flops_text(count: int) -> str:
    """Return a number of floating-point operations in words, with three digits.

    >>> flops_text(1), flops_text(64), flops_text(7_764_379_216)
    ('1 FLOP', '64 FLOPs', '7.76 GFLOPs')
    """
    if count < 1000:
        return f"{count} FLOP{'' if count == 1 else 's'}"
    power = min((len(str(count)) - 1) // 3, 5)
    scaled = f"{count / 1000**power:.3g}"
    if float(scaled) >= 1000 and power < 5:  # 999.9 thousand are a million
        power, scaled = power + 1, "1"
    return f"{float(scaled):g} {' kMGTP'[power]}FLOPs"


def plan_text(plan: Plan) -> str:
    """Return what a plan is for: ``train, batch=32``."""
    return ", ".join([shorten(plan.source.name), *(f"{name}={size}" for name, size in plan.bindings.items())])
