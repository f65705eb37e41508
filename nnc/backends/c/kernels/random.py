"""Random numbers, the same as `nnc.ir.ops.random` gives."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import Expression, infix, product_of, variable
from nnc.backends.c.kernels.registry import KernelCall, kernel
from nnc.backends.c.statements import SIMD, Code, assign, block, declare, declare_all, loop
from nnc.backends.c.thread_counts import shared_nest
from nnc.ir.ops.random import RandomUniform

_STREAM_FACTOR, _GOLDEN = 0xD1B54A32D192ED03, 0x9E3779B97F4A7C15
_WORD = 2**64 - 1


@kernel(RandomUniform)
def random_uniform(call: KernelCall) -> Sequence[Code]:
    """One hash per element, from the key and the element's number alone."""
    (key, *starts), result, unit = call.operands, call.result, call.unit
    stream = call.op.stream * _STREAM_FACTOR & _WORD
    state, first, second, start, i = map(variable, ("state", "first", "second", "start", "i"))
    words = [unit.call("nnc_stream_word_u32", state + _hexadecimal(factor * _GOLDEN & _WORD)) for factor in (1, 2)]
    number = i.cast("uint32_t")
    bits = unit.call("nnc_random_bits_i32", number + start if starts else number, first, second)
    flat = Array(result.pointer, result.dtype, (-1,), (1,), result.offset)
    scale = Expression("0x1p-24f" if result.dtype == "float32" else "0x1p-24")
    seed = infix("|", infix("<<", key.at(0).cast("uint64_t"), 32), key.at(1)).grouped
    divided = shared_nest((result.size,), directive=SIMD)
    lines = [
        declare("const uint64_t", state, infix("^", seed, _hexadecimal(stream))),
        declare_all("const uint32_t", (first, words[0]), (second, words[1])),
        *(declare("const uint32_t", start, given.at()) for given in starts),
        loop(i, product_of(*result.shape), [assign(flat.at(i), bits.cast(result.c_type) * scale)], divided),
    ]
    return [block(lines)]


def _hexadecimal(word: int) -> Expression:
    return Expression(f"0x{word:X}u")
