"""A start from a file with compiled code in the cache neither parses nor plans, and does the same to the bit."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

import nnc
from nnc.backends.c import cache, transcript
from nnc.errors import ProgramFileError
from nnc.execution import file_snapshots
from nnc.execution.file_snapshots import FileSnapshots
from nnc.ir import Graph, TensorType
from nnc.layers import GRU, BatchNormalization, Conv2D, Dense, Dropout, Flatten, MultiHeadAttention
from nnc.plan import Plan
from tests.ir.ops.cases import CASES
from tests.ir.ops.test_ops import build

X = numpy.random.default_rng(1).random((6, 8, 8, 32), "float32")
SERIES = X[:, 0]


def convolutions() -> nnc.Model:
    """A network with a prologue, and weights that are packed."""
    layers = [Conv2D(32, 3, padding="same"), BatchNormalization(), Conv2D(2, 5, activation="relu"), Flatten(), Dense(1)]
    return nnc.Sequential([nnc.Input((8, 8, 32)), *layers], name="net")


def loops() -> nnc.Model:
    """A network with a dimension that is known at run time, a loop, attention, and random numbers."""
    x = nnc.Input((None, 32), name='"\\')
    y = MultiHeadAttention(2, 4)(x, x)
    return nnc.Model(x, Dense(1, name="größe 😀")(GRU(5)(Dropout(0.5)(y))), name="*??")


NETWORKS: dict[str, tuple[Callable[[], nnc.Model], Any]] = {"convolutions": (convolutions, X), "loops": (loops, SERIES)}


@pytest.fixture(params=NETWORKS)
def saved(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    folder: Path,
    compiler: None,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Path, Any]:
    """Return the file of a network and its inputs; every program that is loaded starts like a new process."""
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    monkeypatch.setattr(transcript, "_KERNELS", "not loaded")
    make, x = NETWORKS[request.param]
    nnc.utils.set_random_seed(1)
    model = make()
    model.compile("adam", "mse", metrics=["mae"])
    model.save(tmp_path / "net.nnc")
    return tmp_path / "net.nnc", x


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is parsed and planned from now on."""
    found: list[str] = []

    def noted(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            found.append(what)
            return function(*args, **kwargs)

        return call

    for place in (
        "nnc.program.file_format.parse_graph",
        "nnc.execution.plans.lower",
        "nnc.backends.c.backend.make_plan",
    ):
        module, _, name = place.rpartition(".")
        monkeypatch.setattr(place, noted(name, getattr(__import__(module, fromlist=[name]), name)))
    return found


def numbers(program: nnc.Program, x: Any) -> tuple[Any, ...]:
    """Predict, evaluate, train, and predict again."""
    y = x.reshape(len(x), -1)[:, :1]
    before = program.predict(x).tobytes()
    history = program.fit(x, y, epochs=2, batch_size=4, verbose=0).history
    return before, program.evaluate(x, y, verbose=0), history, program.predict(x[:2]).tobytes()


def snapshots(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "c").glob("*.*") if path.suffix in {".graph", ".plan"})


def test_a_second_start_neither_parses_nor_plans(saved: tuple[Path, Any], read: list[str], folder: Path) -> None:
    path, x = saved
    first = numbers(nnc.load(path, backend="c"), x)
    assert {"parse_graph", "lower", "make_plan"} <= set(read)
    assert snapshots(folder)
    read.clear()
    second = nnc.load(path, backend="c")
    assert numbers(second, x) == first
    assert read == []


def test_what_is_recalled_is_what_is_made(saved: tuple[Path, Any]) -> None:
    path, x = saved
    programs = [nnc.load(path, backend="c") for _ in range(2)]
    for program in programs:
        numbers(program, x)
    made, recalled = (program.executor.plans._plans for program in programs)
    assert made.keys() == recalled.keys() and len(made) > 2
    for key, known in made.items():
        graphs = [program.graph(key[1]) for program in programs]
        found = recalled[key]
        assert graphs[0] is not graphs[1]
        assert str(graphs[0]) == str(graphs[1])
        assert str(found.plan) == str(known.plan)
        assert found.source.key == known.source.key and not found.source.printed
        assert found.source.text == known.source.text
        assert found.plan.storage.prepacked == known.plan.storage.prepacked
        assert found.plan.storage.workspaces == known.plan.storage.workspaces
        assert_is_whole(found.plan)


@pytest.mark.parametrize("saved", ["convolutions"], indirect=True)
def test_runs_are_bound_without_steps(saved: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    path, x = saved
    first = nnc.load(path, backend="c")
    found = first(x[:1]).tobytes()
    asked: list[bytes] = []
    whole = file_snapshots._Rest.__call__

    def noted(rest: Any) -> Any:
        asked.append(rest._data)
        return whole(rest)

    monkeypatch.setattr(file_snapshots._Rest, "__call__", noted)
    second = nnc.load(path, backend="c")
    assert second(x[:1]).tobytes() == found
    assert second.executor.prologue is not None and second.executor.prologue.runs == 1
    assert asked == []
    plan = second.plan("predict", 1)
    assert str(plan) == str(first.plan("predict", 1))
    known = second.executor.plans._plans["c", "predict"].plan
    assert asked
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(known))))
    assert str(again) == str(known) == str(plan)
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        known.colour  # noqa: B018


def assert_is_whole(plan: Plan) -> None:
    """Each value and node is there once, whoever names it."""
    graphs = [plan.graph, plan.source]
    for graph in graphs:
        for node in graph.nodes:
            assert all(value is graph.results(value.node)[value.result] for value in node.operands)
    values = {id(value) for graph in graphs for node in graph.nodes for value in graph.results(node)}
    storage = plan.storage
    assert all(id(value) in values for value in (*storage.homes, *storage.layouts, *storage.views.values()))
    nodes = {id(node) for graph in graphs for node in graph.nodes}
    assert all(id(group.node) in nodes for group in plan.groups)
    for loop in plan.loops.values():
        assert loop.op is plan.graph.nodes[next(index for index, own in plan.loops.items() if own is loop)].op
        assert_is_whole(loop.plan)


def test_other_sizes_are_planned(saved: tuple[Path, Any], read: list[str]) -> None:
    path, x = saved
    first, second = nnc.load(path, backend="c"), nnc.load(path, backend="c")
    first(x[:2])
    read.clear()
    assert second(x[:4]).tobytes() == first(x[:4]).tobytes()
    assert "make_plan" in read
    read.clear()
    third = nnc.load(path, backend="c")
    assert third(x[:2]).shape == (2, 1)  # the plan that the first has made
    assert third(x[:1]).shape == (1, 1)  # which has room
    assert read == []


@pytest.mark.parametrize("saved", ["loops"], indirect=True)
@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-9], lambda data: b"", lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]],
    ids=["cut", "empty", "bit"],
)
def test_damaged_snapshots_are_made_anew(
    saved: tuple[Path, Any],
    read: list[str],
    folder: Path,
    damage: Callable[[bytes], bytes],
) -> None:
    path, x = saved
    found = nnc.load(path, backend="c")(x).tobytes()
    good = {file: file.read_bytes() for file in snapshots(folder)}
    assert len(good) == 4  # of the predictions and their prologue
    for file, data in good.items():
        file.write_bytes(damage(data))
    read.clear()
    assert nnc.load(path, backend="c")(x).tobytes() == found
    assert "parse_graph" in read and "make_plan" in read
    read.clear()
    assert nnc.load(path, backend="c")(x).tobytes() == found
    assert read == []


class Wicked:
    """Calls what is no class, or no class of nnc's, when it is read."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("saved", ["loops"], indirect=True)
def test_snapshots_name_classes_of_nnc_alone(saved: tuple[Path, Any], folder: Path, tmp_path: Path) -> None:
    path, x = saved
    nnc.load(path, backend="c")(x)
    victim = tmp_path / "victim"
    victim.touch()
    for wicked in (Wicked(os.unlink, str(victim)), Wicked(nnc.files.write_atomically, str(victim), b"changed")):
        for file in snapshots(folder):
            cache.remember(file.name, pickle.dumps(wicked))
        nnc.load(path, backend="c")(x)
        assert victim.read_bytes() == b""


@pytest.mark.parametrize("saved", ["convolutions"], indirect=True)
def test_the_second_part_names_classes_of_nnc_alone(saved: tuple[Path, Any], folder: Path, tmp_path: Path) -> None:
    path, x = saved
    expected = nnc.load(path, backend="c")(x[:1]).tobytes()
    victim = tmp_path / "victim"
    victim.touch()
    for file in snapshots(folder):
        stream = io.BytesIO(cache.recall(file.name))
        file_snapshots._Reader(stream).load()
        first = stream.getvalue()[: stream.tell()]
        cache.remember(file.name, first + pickle.dumps(Wicked(os.unlink, str(victim))))
    program = nnc.load(path, backend="c")
    assert program(x[:1]).tobytes() == expected
    with pytest.raises(ProgramFileError, match=r"nnc did not write .*unlink is no class of nnc's"):
        program(x[:2])
    assert victim.exists()


def test_dotted_names_lead_nowhere() -> None:
    with pytest.raises(pickle.UnpicklingError):
        file_snapshots._Reader(io.BytesIO(b"\x80\x04\x8c\x09nnc.files\x8c\x09os.getpid\x93.")).load()


@pytest.mark.parametrize("saved", ["loops"], indirect=True)
def test_nothing_is_kept_where_a_plan_depends_on_more(saved: tuple[Path, Any], folder: Path) -> None:
    path, x = saved
    limited = nnc.load(path, backend="c")
    limited.max_bytes = "64M"
    limited(x)
    nnc.load(path, backend="numpy")(x)
    nnc.load(path, backend="auto")(x)  # too short to look for
    assert snapshots(folder) == []


@pytest.mark.parametrize("saved", ["loops"], indirect=True)
def test_other_files_have_snapshots_of_their_own(saved: tuple[Path, Any], folder: Path, tmp_path: Path) -> None:
    path, x = saved
    program = nnc.load(path, backend="c")
    program(x)
    count = len(snapshots(folder))
    program.fit(x, x[:, 0, :1], verbose=0)
    program.save(tmp_path / "trained.nnc")
    kept = len(snapshots(folder))
    trained = nnc.load(tmp_path / "trained.nnc", backend="c")
    assert trained(x).tobytes() == program(x).tobytes()
    assert len(snapshots(folder)) == kept  # other weights, the same graphs
    nnc.compile(loops(), backend="c").save(tmp_path / "other.nnc")
    nnc.load(tmp_path / "other.nnc", backend="c")(x)
    assert len(snapshots(folder)) == kept + count


@pytest.mark.parametrize("saved", ["loops"], indirect=True)
def test_another_graph_of_an_equal_program_is_another(saved: tuple[Path, Any], tmp_path: Path) -> None:
    path, x = saved
    before = nnc.load(path, backend="c")(x)
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(tmp_path / "other.nnc", "w") as other:
        for info in archive.infolist():
            data = archive.read(info)
            other.writestr(info, data.replace(b"tanh(", b"sigmoid(") if info.filename.startswith("graphs/") else data)
    after = nnc.load(tmp_path / "other.nnc", backend="c")(x)
    assert numpy.abs(after - before).max() > 0.01
    assert numpy.allclose(after, nnc.load(tmp_path / "other.nnc", backend="numpy")(x), atol=1e-5)


# ---------------------------------------------------------------------- what is written


def again(thing: Any) -> Any:
    return file_snapshots._Reader(io.BytesIO(file_snapshots._written(thing))).load()


def test_every_op_is_read_as_it_was_written() -> None:
    for case in CASES:
        graph, _, results = build(case)
        for index, result in enumerate(results):
            graph.output(f"y{index}", result)
        found = again(graph)
        assert str(found) == str(graph)
        for node, other in zip(graph.nodes, found.nodes, strict=True):
            assert (type(other.op), other.op, other.types) == (type(node.op), node.op, node.types), str(case)


def test_a_value_that_comes_before_its_graph_is_there_once() -> None:
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (3,)))
    y = x + x
    value, found = again((y, graph))
    assert value is found.results(found.nodes[value.index])[0]
    node, found = again((y.node, graph))
    assert node is found.nodes[node.index]


def test_no_snapshots_without_files() -> None:
    program = nnc.compile(convolutions(), backend="c")
    assert not isinstance(program.executor.plans._snapshots, FileSnapshots)
