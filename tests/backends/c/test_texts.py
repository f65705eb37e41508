"""Expressions in C have the value that they have in Python, whatever stands beside them."""

from __future__ import annotations

import ast
import ctypes
import operator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnc
from nnc.backends.c.arrays import Array
from nnc.backends.c.expressions import choice, infix, operand, product_of, variable, whole
from nnc.backends.c.headers import sections
from nnc.backends.c.statements import Directive, Facts, Statement, assign, block, declare, loop, when, written
from nnc.backends.c.text import symbol_text
from tests.backends.c.elementary import compile_unit
from tests.strategies import DIMS, SIZES, number

P = 5
"""The value of the variable ``p``."""
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    ">=": operator.ge,
    "==": operator.eq,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "&&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b),
}
LEAVES = st.integers(-9, 9).map(lambda value: (operand(value), value)) | st.just((variable("p"), P))


def larger(parts):
    """Return expressions of others, with their values."""
    signs = st.sampled_from(sorted(OPERATORS))
    pairs = st.tuples(signs, parts, parts).map(
        lambda item: (infix(item[0], item[1][0], item[2][0]), int(OPERATORS[item[0]](item[1][1], item[2][1])))
    )
    choices = st.tuples(parts, parts, parts).map(
        lambda item: (choice(*(part[0] for part in item)), item[1][1] if item[0][1] else item[2][1])
    )
    return pairs | choices | parts.map(lambda part: (-part[0], -part[1])) | parts.map(cast)


def cast(part):
    expression, value = part
    return expression.cast("int8_t"), ctypes.c_int8(value).value


EXPRESSIONS = st.recursive(LEAVES, larger, max_leaves=8)


def cases(first, second, sizes):
    """Return expressions with dimensions in them, with their values."""
    x, y = number(first, sizes), number(second, sizes)
    a, b, thousand = operand(first), operand(second), operand(1000)
    yield whole(first), x
    yield thousand - first, 1000 - x
    yield thousand - whole(first), 1000 - x
    yield a - b * 3, x - y * 3
    yield whole(first) * whole(second), x * y
    yield -a * b, -x * y
    yield choice(infix("<", a, b), b, a), max(x, y)
    yield infix("==", whole(first), whole(second)), x == y
    yield product_of(first, second, 7), x * y * 7
    if x >= 0 and y > 0:  # C rounds to zero
        yield thousand % second, 1000 % y
        yield a / b % 5, x // y % 5
        yield thousand / b / 2, 1000 // y // 2
    p = variable("p")
    memory = variable("memory")
    place = Array(memory, "float32", (9, 9), (first, second), second)
    yield place.address - memory, y
    yield place.at(3, operand(2) + 1).reference - memory, y + 3 * x + 3 * y
    yield place.at(0, p - 1).reference - memory, y + 4 * y


@pytest.mark.usefixtures("compiler")
@settings(max_examples=12)
@given(st.lists(st.tuples(DIMS, DIMS), min_size=1, max_size=12), SIZES, st.lists(EXPRESSIONS, max_size=40))
def test_values(pairs, sizes, expressions):
    out, i = variable("out"), variable("i")
    found = [case for pair in pairs for case in cases(*pair, sizes)] + expressions
    values = [int(value) for _, value in found]
    statements = [assign(out[index], expression) for index, (expression, _) in enumerate(found)]
    for first, _ in pairs:
        values.append(max(number(first, sizes), 0))
        count = out[len(values) - 1]
        statements += [assign(count, 0), loop(i, first, [assign(count, 1, sign="+=")])]
    unit = [
        "#include <stdint.h>",
        sections(["nnc_floor_divide_i64"]).text,
        "static float memory[1];",
        f"void fill({', '.join(f'int64_t {symbol_text(name)}' for name in sizes)}, int64_t p, int64_t *out)",
        "{",
        *written(statements, no_pragma),
        "}",
    ]
    with TemporaryDirectory() as folder:
        done = compile_unit(Path(folder), "\n".join(unit), "unit.so", ["-O0", "-w"])
        assert done.returncode == 0, done.stderr
        array = (ctypes.c_int64 * len(values))()
        ctypes.CDLL(f"{folder}/unit.so").fill(*map(ctypes.c_int64, sizes.values()), ctypes.c_int64(P), array)
    assert list(array) == values


def no_pragma(directive, indent):
    raise AssertionError(directive, indent)


def test_no_text_takes_an_expression_apart():
    with pytest.raises(TypeError, match=r"'a \+ b' has a precedence, which a string does not"):
        f"{variable('a') + variable('b')} * 2"


def test_facts_of_statements():
    x, y, i = map(variable, "xyi")
    shared = Directive(members=variable("team"), is_simd=True)
    body = [declare("const float", y, x[i] * 2), when(infix("<", y, 0), [Statement("return;", may_fail=True)])]
    code = [loop(i, nnc.ir.symbol("batch"), body, shared), block([assign(x[0], 1)])]
    assert Facts.of(code) == Facts({"batch", "i", "x", "y", "team"}, True, True, True)
    assert Facts.of(body[:1]) == Facts({"i", "x"})
    assert written(code, lambda directive, indent: f"{indent}OMP {directive}", depth=0) == [
        "OMP parallel for simd num_threads(team)",
        "for (int64_t i = 0; i < batch; i++) {",
        "    const float y = x[i] * 2;",
        "    if (y < 0) {",
        "        return;",
        "    }",
        "}",
        "{",
        "    x[0] = 1;",
        "}",
    ]


# ---------------------------------------------------------------------- what is not asked of texts

TAKING_APART = {
    *("endswith", "find", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rpartition"),
    *("split", "splitlines", "startswith"),
}


def test_no_fact_is_read_out_of_emitted_text():
    """Modules that build statements know their facts: they match no patterns, and take no texts apart."""
    root, seen, found = Path(nnc.__file__).parent, set(), []
    for path in (
        path for room in ("backends/c", "backends/c/kernels", "export") for path in (root / room).glob("*.py")
    ):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        if not imported & {"nnc.backends.c.expressions", "nnc.backends.c.statements"}:
            continue
        seen.add(path.name)
        taken = {
            node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        taken |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
        texts = [
            node for node in nodes if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
        ]
        found += [f"{path.name}: {name}" for name in sorted(taken & {*TAKING_APART, "re"})]
        found += [f"{path.name}: {ast.unparse(node)}" for node in texts if type(literal(node.left)) is str]
    assert found == []
    assert {"printer.py", "loops.py", "pooling.py", "c_function.py", "c_linkage.py"} <= seen


def literal(node):
    """Return what a node says, if it is a constant."""
    return node.value if isinstance(node, ast.Constant) else None
