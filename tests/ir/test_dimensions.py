"""Dimensions known at run time: arithmetic against whole numbers, one form, texts, errors that name the symbol."""

from __future__ import annotations

import operator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nnc.errors import SymbolError
from nnc.ir import Graph, SymbolicDim, TensorType, nominal_sizes, ops, parse_dim, symbol
from nnc.ir.nominal import fixed_rows
from tests.strategies import DIMS, SIZES, number

BATCH, TIME = symbol("batch"), symbol("time")


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (BATCH, "batch"),
        (3 * BATCH, "3*batch"),
        (BATCH * 3, "3*batch"),
        (TIME * BATCH, "batch*time"),
        (2 * BATCH * (5 * TIME), "10*batch*time"),
        (BATCH * BATCH, "batch*batch"),
        (BATCH * 0, "0"),
        (BATCH - BATCH, "0"),
        (6 * BATCH // 2, "3*batch"),
        (6 * BATCH * TIME // (3 * TIME), "2*batch"),
        (6 * BATCH // BATCH, "6"),
        (BATCH // 1, "batch"),
        (TIME - 2, "time-2"),
        (7 - TIME, "-time+7"),
        (2 + TIME * BATCH - TIME, "batch*time-time+2"),
        (TIME // 2, "time//2"),
        (BATCH * (TIME // 2), "batch*(time//2)"),
        (2 * (TIME // 2) - 1, "2*(time//2)-1"),
        (-(TIME // 2), "-(time//2)"),
        ((TIME - 1) // 2 + 1, "(time+1)//2"),
        (-(-TIME // 2), "(time+1)//2"),
        ((2 * TIME + 5) // 4, "time//2+1"),
        ((4 * TIME + 6) // 4, "time+1"),
        ((TIME // 2) // 3, "time//6"),
        (((TIME - 1) // 2 + 1 - 1) // 2 + 1, "(time+3)//4"),
        (TIME % 4, "time-4*(time//4)"),
        (BATCH * (TIME - 2) * 3 // (BATCH * (TIME - 2)), "3"),
        ((TIME * TIME - 4) // (TIME + 2), "time-2"),
        (TIME.substitute({"time": 2 * BATCH}) // 2, "batch"),
        (((TIME + 1) // 2).substitute({"time": 2 * BATCH}), "batch"),
    ],
)
def test_arithmetic_has_one_form(dim, text):
    assert str(dim) == text
    assert parse_dim(text) == dim


@given(DIMS, DIMS, SIZES)
def test_arithmetic_then_numbers_is_numbers_then_arithmetic(first, second, sizes):
    x, y = number(first, sizes), number(second, sizes)
    assert number(first + second, sizes) == x + y
    assert number(first - second, sizes) == x - y
    assert number(first * second, sizes) == x * y
    assert number(-first, sizes) == -x


@given(DIMS, st.integers(1, 12), SIZES)
def test_division_rounds_down_as_that_of_numbers(dim, divisor, sizes):
    assert number(dim // divisor, sizes) == number(dim, sizes) // divisor
    assert number(dim % divisor, sizes) == number(dim, sizes) % divisor


@given(DIMS, DIMS)
def test_a_product_divided_by_a_factor_is_the_other(first, second):
    assume(isinstance(first * second, SymbolicDim) and (isinstance(second, SymbolicDim) or second > 0))
    assert (first * second) // second == first


@given(DIMS, DIMS, DIMS)
def test_equal_expressions_have_one_form(x, y, z):
    assert x + y == y + x
    assert x * y == y * x
    assert (x + y) * z == x * z + y * z
    assert x - y - z == x - (z + y)
    if isinstance(x, SymbolicDim):
        assert hash(x + 1 - 1) == hash(x)


@given(DIMS)
def test_texts_are_read_back(dim):
    text = str(dim)
    assert parse_dim(text) == dim
    assert parse_dim(text.replace("+", " + ").replace("//", " // ")) == dim


@given(DIMS, SIZES)
def test_texts_are_pythons(dim, sizes):
    assert eval(str(dim), {"__builtins__": {}}, sizes) == number(dim, sizes)


@given(DIMS, SIZES, SIZES)
def test_what_grows_does_grow(dim, small, change):
    if isinstance(dim, SymbolicDim) and dim.grows:
        assert dim.bind({name: small[name] + change[name] for name in small}) >= dim.bind(small)


def test_what_may_shrink_does_not_grow():
    assert all(dim.grows for dim in (TIME, TIME - 2, 2 * BATCH * TIME, (TIME - 1) // 2 + 1))
    assert not any(dim.grows for dim in (8 - TIME, BATCH * TIME - TIME, TIME - TIME // 2, -(TIME // 2)))


@given(DIMS, SIZES)
def test_a_solved_symbol_gives_the_size(dim, sizes):
    if not isinstance(dim, SymbolicDim):
        return
    known = {name: size for name, size in sizes.items() if name != "time"}
    found = dim.solve(number(dim, sizes), known)
    if found is not None:
        assert found[0] == "time"
        assert dim.bind({**known, "time": found[1]}) == number(dim, sizes)


def test_solving_needs_one_unknown_outside_of_quotients():
    assert (3 * TIME + 2).solve(14, {}) == ("time", 4)
    assert (BATCH * TIME + 2).solve(14, {"batch": 3}) == ("time", 4)
    assert (TIME + BATCH // 2).solve(14, {"batch": 3}) == ("time", 13)
    assert (TIME + BATCH).solve(14, {}) is None
    assert (TIME // 2).solve(7, {}) is None
    assert (TIME * TIME).solve(9, {}) is None
    assert (BATCH * TIME).solve(0, {"batch": 0}) is None


@pytest.mark.parametrize(
    ("compute", "fragment"),
    [
        (lambda: 12 // BATCH, "dimension 'batch' is only known at run time, so it cannot be divided into a number"),
        (lambda: BATCH < 3, "dimension 'batch' is only known at run time, so it cannot be compared by size"),
        (lambda: BATCH <= 3, "dimension 'batch' is only known at run time, so it cannot be compared by size"),
        (lambda: BATCH // 0, "dimension batch cannot be divided by 0; a divisor must be positive"),
        (lambda: BATCH // -2, "dimension batch cannot be divided by -2"),
        (lambda: BATCH // TIME, "dimension batch cannot be divided by time without a remainder"),
        (lambda: 3 * BATCH // (2 * BATCH), "dimension 3*batch cannot be divided by 2*batch without a remainder"),
        (lambda: (BATCH + 1) // BATCH, "dimension batch+1 cannot be divided by batch without a remainder"),
        (lambda: range(BATCH), "a number is needed here, but dimension 'batch' is only known at run time"),
        (lambda: int(2 * TIME + 1), "a number is needed here, but dimension '2*time+1' is only known at run time"),
        (lambda: (BATCH * TIME).bind({"batch": 3}), "no size is given for symbol 'time'"),
        (lambda: (TIME // 2).bind({}), "no size is given for symbol 'time'"),
        (lambda: TensorType("float32", (BATCH,)).nbytes, "dimension 'batch' is only known at run time"),
    ],
)
def test_errors_name_the_symbol(compute, fragment):
    with pytest.raises(SymbolError, match=r"batch|time") as caught:
        compute()
    assert fragment in str(caught.value)


@pytest.mark.parametrize("other", [1.5, None])
@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul, operator.floordiv])
def test_only_whole_numbers_take_part(operate, other):
    with pytest.raises(TypeError):
        operate(TIME, other)


@pytest.mark.parametrize(
    "name", ["", "two words", "2d", "f32", "bool", "inf", "true", "none", "a\nb", "é", "a-b", "a/b"]
)
def test_symbols_need_a_name_that_texts_can_show(name):
    with pytest.raises(SymbolError, match="a symbol needs a name"):
        symbol(name)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "it ends too early"),
        ("time+", "it ends too early"),
        ("time 2", "unexpected '2'"),
        ("time/2", "cannot read '/2'"),
        ("2//time", "only a positive number divides, got 'time'"),
        ("time//0", "only a positive number divides, got '0'"),
        ("(time", r"expected '\)'"),
        ("time)", r"unexpected '\)'"),
        ("*time", r"expected a number or a name, found '\*'"),
        ("(" * 50 + "time" + ")" * 50, "nested too deeply"),
        ("-" * 5000 + "time", "nested too deeply"),
        ("(a+b+c)*" * 12 + "a", "more than 64 terms"),
        ("+".join(f"s{index}" for index in range(65)), "more than 64 terms"),
        ("*".join(["time"] * 65), "more than 64 terms"),
        ("f32", "a symbol needs a name"),
    ],
)
def test_other_texts_are_refused(text, fragment):
    with pytest.raises(SymbolError, match=fragment):
        parse_dim(text)


@given(st.lists(st.sampled_from([*"()+-*/ ", "//", "time", "batch", "12", "0", "é", "1.5", "\n"])).map("".join))
def test_any_text_is_a_dimension_or_an_error(text):
    try:
        dim = parse_dim(text)
    except SymbolError:
        return
    assert parse_dim(str(dim)) == dim


@pytest.mark.parametrize(
    ("dims", "size"), [((TIME,), 32), ((TIME - 40, BATCH * TIME), 64), ((9 - TIME,), 8), ((TIME - 9, 3 - TIME), 32)]
)
def test_nominal_sizes_leave_no_dimension_negative_if_they_can(dims, size):
    graph = Graph()
    for position, dim in enumerate(dims):
        graph.input(f"x{position}", TensorType("float32", (BATCH, dim)))
    assert nominal_sizes(graph, 7) == {"batch": 7, "time": size}


@pytest.mark.parametrize(("rest", "batch"), [(4 - BATCH, 4), (3 - BATCH, 2), (40 - BATCH, 7)])
def test_nominal_rows_are_not_more_than_there_are_states(rest, batch):
    graph = Graph()
    graph.input("x", TensorType("float32", (BATCH, TIME)))
    graph.input("rest", TensorType("float32", (rest, 3)))
    assert nominal_sizes(graph, 7) == {"batch": batch, "time": 32}


@pytest.mark.parametrize(
    ("taken", "given", "fixed"),
    [(5, 5, 5), (5, 4, None), (5, None, None), (None, 5, None)],
    ids=["both", "of two lengths", "first rows of a batch", "rows of a table"],
)
def test_nominal_sizes_are_the_rows_that_a_graph_begins_with_and_gives(taken, given, fixed):
    graph, batch = Graph("test"), symbol("batch")
    x = graph.input("x", TensorType("float32", (batch, 3)))
    table = graph.input("table", TensorType("float32", (given or 5, 3)))
    graph.output("y", x if taken is None else ops.take(x, 0, 0, taken))
    graph.output("z", x if given is None else ops.take(table, 0, 0, batch))
    assert fixed_rows(graph) == (None if fixed is None else (fixed, ""))
    assert nominal_sizes(graph, 7) == {"batch": fixed or 7}
    assert nominal_sizes(graph) == {"batch": fixed or 32}
