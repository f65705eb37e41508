"""Random numbers, the same as `nnc.ops.random` gives."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.arrays import Array
from nnc.backends.c.kernels.registry import Call, kernel
from nnc.backends.c.nests import indented
from nnc.backends.c.text import product_text
from nnc.ops.random import RandomUniform

_STREAM_FACTOR, _GOLDEN = 0xD1B54A32D192ED03, 0x9E3779B97F4A7C15
_WORD = 2**64 - 1


@kernel(RandomUniform)
def random_uniform(call: Call) -> Sequence[str]:
    """One hash per element, from the key and the element's number alone."""
    (key,), result, unit = call.operands, call.result, call.unit
    stream = call.op.stream * _STREAM_FACTOR & _WORD
    first, second = (unit.call("nnc_stream_word_u32", f"state + 0x{factor * _GOLDEN & _WORD:X}u") for factor in (1, 2))
    bits = unit.call("nnc_random_bits_i32", "(uint32_t)i", "first", "second")
    flat = Array(result.pointer, result.dtype, (-1,), (1,), result.offset)
    scale = "0x1p-24f" if result.dtype == "float32" else "0x1p-24"
    lines = [
        f"const uint64_t state = ((uint64_t){key.at('0')} << 32 | {key.at('1')}) ^ 0x{stream:X}u;",
        f"const uint32_t first = {first}, second = {second};",
        "#pragma omp simd",
        f"for (int64_t i = 0; i < {product_text(*result.shape)}; i++) {{",
        f"    {flat.at('i')} = ({result.c_type}){bits} * {scale};",
        "}",
    ]
    return ["{", *indented(lines), "}"]
