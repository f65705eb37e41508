"""Dimensions in C have the value that they have in Python, whatever stands beside them."""

from __future__ import annotations

import ctypes
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnc.backends.c.arrays import Array
from nnc.backends.c.headers import sections
from nnc.backends.c.nests import loop_head
from nnc.backends.c.text import bare_dim_text, dim_text, product_text, symbol_text
from tests.backends.c.elementary import compile_unit
from tests.strategies import DIMS, SIZES, number

pytestmark = pytest.mark.usefixtures("compiler")


def cases(first, second, sizes):
    """Return texts with dimensions in them, with their values."""
    x, y = number(first, sizes), number(second, sizes)
    a, b = dim_text(first), dim_text(second)
    yield bare_dim_text(first), x
    yield f"1000 - {a}", 1000 - x
    yield f"{a} - {b} * 3", x - y * 3
    yield f"-{a} * {b}", -x * y
    yield f"{a} < {b} ? {b} : {a}", max(x, y)
    yield f"{a} == {b}", x == y
    yield product_text(first, second, 7), x * y * 7
    if x >= 0 and y > 0:  # C rounds to zero
        yield f"1000 % {b}", 1000 % y
        yield f"{a} / {b} % 5", x // y % 5
        yield f"1000 / {b} / 2", 1000 // y // 2
    place = Array("0", "float32", (9, 9), (first, second), second)
    yield place.address, y
    yield place.at("3", "2 + 1").removeprefix("0"), y + 3 * x + 3 * y
    yield place.at("0", "p - 1").removeprefix("0"), y + 4 * y


@settings(max_examples=12)
@given(st.lists(st.tuples(DIMS, DIMS), min_size=1, max_size=12), SIZES)
def test_values(pairs, sizes):
    texts, values = [], []
    for first, second in pairs:
        for text, value in cases(first, second, sizes):
            texts.append(text.replace("[", "(").replace("]", ")"))
            values.append(value)
    statements = [f"    out[{place}] = {text};" for place, text in enumerate(texts)]
    for first, _ in pairs:
        values.append(max(number(first, sizes), 0))
        head = loop_head("i", first)
        statements.append(f"    out[{len(values) - 1}] = 0; {head} {{ out[{len(values) - 1}]++; }}")
    unit = [
        "#include <stdint.h>",
        sections(["nnc_floor_divide_i64"]),
        f"void fill({', '.join(f'int64_t {symbol_text(name)}' for name in sizes)}, int64_t p, int64_t *out)",
        "{",
        *statements,
        "}",
    ]
    with TemporaryDirectory() as folder:
        done = compile_unit(Path(folder), "\n".join(unit), "unit.so", ["-O0", "-w"])
        assert done.returncode == 0, done.stderr
        out = (ctypes.c_int64 * len(values))()
        ctypes.CDLL(f"{folder}/unit.so").fill(*map(ctypes.c_int64, sizes.values()), ctypes.c_int64(5), out)
    assert list(out) == values
