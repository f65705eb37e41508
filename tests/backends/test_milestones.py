"""Milestones: what a run says is finished does not change any more, in either backend, and stands at the end."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy
import pytest
from hypothesis import given

import nnc
from nnc import layers
from nnc.backends import find_backend
from nnc.backends.c.backend import CBackend
from nnc.backends.c.cache import checksum
from nnc.backends.c.source import print_source as print_c
from nnc.backends.c.toolchain import find_compiler
from nnc.backends.numpy import TARGET, Executable, print_source
from nnc.ir import Graph, parse_graph
from nnc.labels import PLACEMENT, ROWS, SUMMAND
from nnc.passes import Fuse, run_passes
from nnc.plan.milestones import Piece, find_pieces, with_milestones
from nnc.utils import set_random_seed
from tests.plan.helpers import plan_of
from tests.plan.strategies import VECTORS, memory_graphs, whole_arrays

STORE = "__atomic_store_n(run->finished, pieces, __ATOMIC_RELEASE);"
CALL = ctypes.CFUNCTYPE(None, ctypes.c_int64)


NEEDS_C = pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnc.plan.milestones.LEAST_BYTES", 8)


class Said:
    """Takes the place of the array in which a run counts: copies the pieces that are new.

    Args:
        pieces: in their order.
        outputs: of the run.
    """

    def __init__(self, pieces: Sequence[Piece], outputs: dict[str, Any]) -> None:
        self.pieces, self.outputs = pieces, outputs
        self.copies: list[Any] = []
        self.counts: list[int] = []

    def _piece(self, piece: Piece) -> Any:
        return self.outputs[piece.label][piece.start : piece.stop].copy()

    def __setitem__(self, index: int, count: int) -> None:
        assert index == 0
        self.counts.append(count)
        self.copies += [self._piece(piece) for piece in self.pieces[len(self.copies) : count]]

    def check(self) -> None:
        assert self.counts == sorted(set(self.counts))
        for piece, copy in zip(self.pieces, self.copies, strict=False):
            assert copy.tobytes() == self._piece(piece).tobytes(), piece


# ---------------------------------------------------------------------- pieces


CHAIN = """
graph chain(x: f32[batch,4]) {
  state @a : f32[4,4] parameter
  %0 = matmul(%x, @a) : f32[batch,4]
  %late = sum(%0, axes=[0]) : f32[4]
  %1 = multiply(%late, f32(2.0)) : f32[4]
  %2 = multiply(%1, f32(3.0)) : f32[4]
  %3 = sum(%2, axes=[0]) : f32[]
  %4 = pack(%2, %3, %1) : f32[9]
  %5 = multiply(%1, f32(5.0)) : f32[4]
  %6 = pack(%5) : f32[4]
  return summand/a=%4, summand/b=%6
}
"""


def test_pieces_are_in_the_order_in_which_they_are_finished(monkeypatch):
    graph = parse_graph(CHAIN)
    labels = ["summand/a", "summand/b"]
    assert find_pieces(graph, labels) == (
        Piece("summand/a", 5, 9),
        Piece("summand/a", 0, 5),  # with what is too short by itself, and ready next
        Piece("summand/b", 0, 4),
    )
    monkeypatch.setattr("nnc.plan.milestones.LEAST_BYTES", 20)
    assert find_pieces(graph, labels) == (Piece("summand/a", 0, 9), Piece("summand/b", 0, 4))
    monkeypatch.setattr("nnc.plan.milestones.LEAST_BYTES", 4)
    assert find_pieces(graph, labels[:1]) == (
        Piece("summand/a", 5, 9),
        Piece("summand/a", 0, 4),
        Piece("summand/a", 4, 5),
    )


def test_a_vector_of_unknown_length_is_a_piece():
    graph = parse_graph("graph g(x: f32[time]) {\n  %0 = exp(%x) : f32[time]\n  return summand/a=%0\n}\n")
    assert find_pieces(graph, ["summand/a"]) == (Piece("summand/a", 0, None),)


# ---------------------------------------------------------------------- NumPy


def check_numpy(graph: Graph, batch: int, **options: Any) -> int:
    """Run a graph whose vectors are cut, and return the number of pieces that it has said are finished."""
    pieces = find_pieces(graph, [label for label, value in graph.outputs.items() if value.rank == 1])
    plan = with_milestones(plan_of(graph, dict.fromkeys(graph.symbols, batch), **options), pieces)
    source = print_source(plan)
    inputs, states = whole_arrays(graph, batch)
    bound = Executable(plan, source, source.compile(), states).bind(dict.fromkeys(graph.symbols, batch))
    assert (bound.finished is None) == (not plan.milestones)
    for label, array in inputs.items():
        bound.inputs[label][...] = array
    said = Said(pieces, bound.outputs)
    if source.finished:
        bound.run.__globals__[source.finished] = said
    bound.run()
    said.check()
    return len(said.copies)


@given(memory_graphs())
def test_numpy_changes_nothing_that_is_finished(graph):
    check_numpy(graph, 3, target=TARGET)
    check_numpy(run_passes(graph, [Fuse()]), 3, target=TARGET)


@given(memory_graphs(shapes=VECTORS))
def test_numpy_changes_nothing_that_is_finished_in_tiles(graph):
    check_numpy(run_passes(graph, [Fuse()]), 3, target=replace(TARGET, tile=2))


def test_a_pack_of_a_constant_is_finished_when_it_is_written():
    graph = parse_graph("graph pack(x: f64[7]) {\n  %0 = pack(f64(2.0)) : f64[1]\n  return o0=%0\n}")
    check_numpy(run_passes(graph, [Fuse()]), 3, target=replace(TARGET, tile=2))


def test_a_plan_says_what_its_steps_finish(monkeypatch):
    monkeypatch.setattr("nnc.plan.milestones.LEAST_BYTES", 16)
    graph = parse_graph(CHAIN.replace("f32", "f64"))
    assert check_numpy(graph, 3, target=TARGET) == 3
    plan = plan_of(graph, {"batch": 3}, TARGET)
    text, plain = str(with_milestones(plan, find_pieces(graph, ["summand/a", "summand/b"]))), str(plan)
    assert "finished" not in plain
    assert [line for line in text.splitlines() if line not in plain.splitlines()] == [
        "      pieces of the outputs finished: 2",  # the first one is copied there, as something reads it later
        "      pieces of the outputs finished: 3",
    ]


# ---------------------------------------------------------------------- both, on parts of networks


def deep() -> nnc.Model:
    return nnc.Sequential([layers.Input((6,)), *(layers.Dense(8, "relu") for _ in range(4)), layers.Dense(1)])


def images() -> nnc.Model:
    return nnc.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(3, 3, kernel_regularizer="l2"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(1),
        ]
    )


def sequences() -> nnc.Model:
    return nnc.Sequential([layers.Input((5, 3)), layers.LSTM(4, return_sequences=True), layers.GRU(4), layers.Dense(1)])


def branches() -> nnc.Model:
    inputs = layers.Input((6,))
    left, right = layers.Dense(5, "tanh")(inputs), layers.Dense(5, "relu")(inputs)
    joined = layers.Concatenate()([layers.Dense(4)(left), right, layers.LayerNormalization()(left)])
    return nnc.Model(inputs, layers.Dense(1)(joined))


def first_part(make: Callable[[], nnc.Model], backend: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return the part that gives gradients, its compiled plan, and the states, of a program on a backend."""

    class Two:
        rank, size = 0, 2

    from nnc.execution.distribution import Distribution

    set_random_seed(1)
    model = make()
    model.compile("sgd", "mse")
    executor = model.program.executor
    part = Distribution(executor, Two()).parts("train")[0]
    chosen = find_backend(backend)
    return part, executor.plans.compiled(chosen, part.name, dict.fromkeys(part.symbols, 7)), executor.state.arrays


def fill(bound: Any) -> None:
    generator = numpy.random.default_rng(0)
    for label, array in bound.inputs.items():
        array[...] = (0, 0, 14, 2) if label == PLACEMENT else generator.normal(size=array.shape)


def check_run(bound: Any, pieces: Sequence[Piece], said: Said) -> None:
    """Run, and check what is said meanwhile."""
    assert len(pieces) > 3
    fill(bound)
    bound.run()
    said.check()
    assert said.counts[-1] == len(pieces)
    assert len(said.counts) > 3


NETWORKS = [deep, images, sequences, branches]


@pytest.mark.parametrize("make", NETWORKS)
def test_numpy_counts_the_pieces_of_a_gradient(make):
    part, (plan, source, code), states = first_part(make, "numpy")
    bound = find_backend("numpy").executable(plan, source, code, states).bind({ROWS: 7})
    bound.run.__globals__[source.finished] = said = Said(part.pieces, bound.outputs)
    check_run(bound, part.pieces, said)


@NEEDS_C
@pytest.mark.parametrize("make", NETWORKS)
def test_c_counts_the_pieces_of_a_gradient(make):
    """Instead of setting the number, the unit calls back."""
    part, (plan, source, _), states = first_part(make, "c")
    assert source.text.count(STORE) == 1
    text = source.text.replace(STORE, "((void (*)(int64_t))run->finished)(pieces);")
    calling = replace(source, printed=text, key=checksum(text.encode()), print_again=None)
    executable = CBackend().executable(plan, calling, CBackend().compile(calling), states)
    bound = executable.bind({ROWS: 7})
    said = Said(part.pieces, bound.outputs)
    call = CALL(lambda count: said.__setitem__(0, count))
    executable.run_for({ROWS: 7}).finished = ctypes.cast(call, ctypes.c_void_p).value
    check_run(bound, part.pieces, said)


@NEEDS_C
@pytest.mark.parametrize("make", NETWORKS)
def test_c_counts_between_blocks_at_the_end_of_a_run(make):
    """Not inside of a loop, whose threads are behind it; and the last number is that of all."""
    part, (plan, source, code), states = first_part(make, "c")
    body = source.text[source.text.index("(const nnc_run *run)\n{") :]
    lines = [line for line in body.splitlines() if "nnc_finish(" in line]
    assert lines == [f"    nnc_finish(run, {count});" for _, count in sorted(plan.milestones.items())]
    bound = CBackend().executable(plan, source, code, states).bind({ROWS: 7})
    fill(bound)
    bound.run()
    assert bound.finished.tolist() == [len(part.pieces)]


@NEEDS_C
def test_c_says_it_behind_the_step():
    _, (_, source, _), _ = first_part(deep, "c")
    last, behind = "", []
    for line in source.text.splitlines():
        if found := re.match(r"    /\* %([\w/]+) = ", line):
            last = found[1]
        elif "    nnc_finish(" in line:
            behind.append(last)
    numbers = [name.removeprefix("gradient/dense") for name in behind]
    assert numbers == [
        "_4/kernel",  # the bias is too short by itself
        "_3/bias",
        "_3/kernel",
        "_2/bias",
        "_2/kernel",
        "_1/bias",
        "_1/kernel",
        "/bias",
        "/kernel",
    ]


@NEEDS_C
def test_what_is_not_divided_is_printed_as_ever():
    set_random_seed(1)
    model = deep()
    model.compile("sgd", "mse")
    executor = model.program.executor
    for name in ("train", "evaluate", "predict"):
        assert executor.graphs.made(name).pieces == ()
        compiled = executor.plans.compiled(find_backend("c"), name, {ROWS: 7})
        assert not compiled.plan.milestones
        assert "finish" not in print_c(compiled.plan).text
    assert SUMMAND not in str(executor.graphs.graph("train"))
