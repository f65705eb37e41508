"""A second start neither loads the kernels nor prints, and comes to the same plan, unit and numbers."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import nnc
from nnc.backends import find_backend
from nnc.backends.c import cache, identity, source, transcript
from nnc.backends.marks import Marks
from nnc.ir import Graph, Op, TensorType, symbol
from nnc.layers import LSTM, Conv2D, Dense, Flatten
from nnc.passes import lower
from nnc.plan.milestones import Piece, with_milestones

pytestmark = pytest.mark.usefixtures("folder")

BATCH = 4
NETWORKS = {
    "dense": lambda: [nnc.Input((3,)), Dense(4, "sigmoid"), Dense(1)],
    "packed": lambda: [nnc.Input((96,)), Dense(96, "relu"), Dense(96)],
    "convolutions": lambda: [nnc.Input((8, 8, 32)), Conv2D(32, 3, padding="same"), Conv2D(2, 5), Flatten(), Dense(1)],
    "names": lambda: [nnc.Input((3,), name='"\\'), Dense(4, "sigmoid", name="*??"), Dense(1, name="größe 😀")],
    "loops": lambda: [nnc.Input((None, 3)), LSTM(40, return_sequences=True), LSTM(5), Dense(1)],
}
GRAPHS = ("predict", "train", "evaluate")

START = """\
import sys
import numpy, nnc
program = nnc.load(sys.argv[1], backend="c")
shape = 4, *program.spec.inputs[0].shape
x = numpy.arange(numpy.prod(shape), dtype="float32").reshape(shape) / 7 % 3
print(program(x).tobytes().hex(), program.fit(x, x.reshape(4, -1)[:, :1], epochs=2, verbose=0).history)
print(sorted(name for name in sys.modules if name.startswith(("nnc.backends.c.kernels", "nnc.backends.c.printer"))))
"""


@pytest.fixture
def saved(tmp_path, compiler, monkeypatch, request):
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    model(getattr(request, "param", "dense")).save(tmp_path / "net.nnc")
    return tmp_path / "net.nnc"


@pytest.fixture
def _as_in_a_new_process(monkeypatch):
    """Let records be read in a process that has loaded the kernels."""
    monkeypatch.setattr(transcript, "_KERNELS", "not loaded")


def model(name: str) -> nnc.Sequential:
    nnc.utils.set_random_seed(1)
    made = nnc.Sequential(NETWORKS[name](), name="net")
    made.compile("adam", "mse", metrics=["mae"])
    return made


def start(path: Path) -> tuple[str, bool]:
    """Load, predict and train in a new process; return the numbers, and whether it needed kernels or printed."""
    done = subprocess.run([sys.executable, "-c", START, str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    numbers, modules = done.stdout.splitlines()
    return numbers, modules != "[]"


def records(folder: Path) -> list[Path]:
    return sorted((folder / "c").glob("*.json"))


def planned(graph: Graph):
    backend = find_backend("c")
    return backend.plan(lower(graph, backend.target), dict.fromkeys(graph.symbols, BATCH))


def record_of(graph: Graph):
    """Plan and print a graph and record it, and return source and plan."""
    plan = planned(graph)
    printed = find_backend("c").source(plan)
    assert printed.printed
    plan.target.needs.remember(printed)
    return printed, plan


def places(found):
    """Where the constants of a source are."""
    return [(path, value.index, value.result) for path, value in found.constants]


@pytest.mark.slow
@pytest.mark.parametrize(("saved", "count"), [("dense", 3), ("convolutions", 2)], indirect=["saved"])
def test_second_start_loads_no_kernels(saved, count, folder):
    first, second = start(saved), start(saved)
    assert (first[1], second[1]) == (True, False)
    assert first[0] == second[0]
    assert len(records(folder)) == count  # what predictions of packed layers read is derived by a graph of its own


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-9], lambda data: b"", lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]],
    ids=["cut", "empty", "bit"],
)
@pytest.mark.sampled(1)
def test_damaged_records_are_made_anew(saved, folder, damage):
    def started() -> tuple[str, bool]:
        for name in ("*.graph", "*.plan"):  # which serve without records
            for path in (folder / "c").glob(name):
                path.unlink()
        return start(saved)

    numbers, _ = start(saved)
    good = {path: path.read_bytes() for path in records(folder)}
    for path, data in good.items():
        path.write_bytes(damage(data))
    assert started() == (numbers, True)
    assert {path: path.read_bytes() for path in records(folder)} == good
    assert started() == (numbers, False)


@pytest.mark.slow
def test_without_the_library_the_text_is_printed_and_compiled(saved, folder):
    numbers, _ = start(saved)
    for path in folder.rglob(f"*{cache.SUFFIX}"):
        path.unlink()
    assert start(saved) == (numbers, True)
    assert start(saved) == (numbers, False)


@pytest.mark.slow
def test_several_processes_record_the_same(saved, folder):
    command = [sys.executable, "-c", START, str(saved)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert len({process.communicate()[0].splitlines()[0] for process in processes}) == 1
    assert not start(saved)[1]
    assert len(records(folder)) == 3


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.usefixtures("_as_in_a_new_process")
def test_records_say_what_is_printed(name, monkeypatch):
    program = nnc.compile(model(name))
    for graph in map(program.graph, GRAPHS):
        printed, plan = record_of(graph)
        with monkeypatch.context() as patched:
            for function in ("kernel_workspace", "kernel_prepack", "print_source"):
                patched.setattr(source, function, None)
            again = planned(graph)
            known = find_backend("c").source(again)
        assert str(again) == str(plan)
        assert again.storage.workspaces == plan.storage.workspaces
        assert again.storage.prepacked == plan.storage.prepacked
        assert places(known) == places(printed)
        constants = known.constants  # of the plan at hand
        assert known == dataclasses.replace(printed, plan=again, constants=constants, printed="")
        assert known.text == printed.text


@pytest.mark.usefixtures("_as_in_a_new_process")
def test_constants_are_found_again():
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (symbol("batch"), 3)))
    graph.output("y", x * graph.constant([1, 2, 3], "float32") + graph.constant([4, 5, 6], "float32"))
    printed, _ = record_of(graph)
    plan = planned(graph)
    known = find_backend("c").source(plan)
    assert not known.printed
    assert [value.node.op.data for _, value in known.constants] == [(1, 2, 3), (4, 5, 6)]
    assert all(value.graph is plan.graph for _, value in known.constants)
    assert places(known) == places(printed)


@pytest.mark.usefixtures("_as_in_a_new_process")
@pytest.mark.parametrize("change", [lambda answers: answers[:-1], lambda answers: [*answers, ["add", []]]])
def test_a_record_about_another_plan_is_not_believed(monkeypatch, change):
    graph = nnc.compile(model("packed")).graph("predict")
    printed, plan = record_of(graph)
    read = transcript._read
    monkeypatch.setattr(transcript, "_read", lambda key: (found := read(key)) | {"answers": change(found["answers"])})
    again = planned(graph)
    assert str(again) == str(plan)
    assert again.storage.prepacked == plan.storage.prepacked
    assert find_backend("c").source(again).printed == printed.text


@pytest.mark.usefixtures("_as_in_a_new_process")
def test_a_unit_that_says_what_is_finished_is_another_one():
    graph = nnc.compile(model("dense")).graph("predict")
    pieces = [Piece(label, 0, None) for label in graph.outputs]
    plan = with_milestones(planned(graph), pieces)
    printed = find_backend("c").source(plan)
    plan.target.needs.remember(printed)
    again = with_milestones(planned(graph), pieces)
    assert again.milestones == plan.milestones
    assert not find_backend("c").source(again).printed
    plain = find_backend("c").source(planned(graph))
    assert plain.printed
    assert "nnc_finish" not in plain.printed
    assert "nnc_finish" in printed.printed


def test_later_questions_are_no_part_of_the_record(folder):
    graph = nnc.compile(model("loops")).graph("predict")
    plan = planned(graph)
    printed = find_backend("c").source(plan)
    assert plan.fits({"batch": 1, "time": 2})
    assert plan.unshared_bytes
    plan.target.needs.remember(printed)
    (asked,) = records(folder)
    before = asked.read_bytes()
    record_of(graph)
    assert asked.read_bytes() == before


def test_only_what_runs_is_recorded(folder, compiler, monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    program = nnc.compile(model("dense"), backend="c")
    program.plan(), program.source()
    assert not folder.exists()
    backend, plan = program.backend, program.plan("train")
    backend.compile(backend.source(plan, Marks()))
    assert not records(folder)  # whoever starts wants no unit that counts
    backend.compile(backend.source(plan))
    assert len(records(folder)) == 1


def test_nothing_is_recorded_where_nothing_can_be_kept(folder, caplog):
    folder.write_text("a file")
    graph = nnc.compile(model("dense")).graph("predict")
    planned(graph)
    assert not caplog.records  # to plan, nobody needs a cache
    record_of(graph)
    assert folder.read_text() == "a file"


# ---------------------------------------------------------------------- the key


class Foreign(Op):
    """An operation whose kernel is somebody else's; without a name in the registry, which others look through."""

    name = "foreign"
    arity = 1

    def infer(self, *operands):
        return operands


def two_sums(first: float, second: float) -> Graph:
    """Two sums with constants, which are nodes in the order in which they are given."""
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (symbol("batch"),)))
    constants = {number: graph.constant([number, 0], "float32") for number in (first, second)}
    graph.output("y", x + nnc.ir.ops.sum(constants[1], (0,)) * nnc.ir.ops.sum(constants[2], (0,)))
    return graph


def test_keys_tell_what_plans_depend_on():
    graph = nnc.compile(model("dense")).graph("predict")
    other = nnc.compile(model("packed")).graph("predict")
    key = identity.graph_key(graph, {"batch": 1}, True)
    assert key == identity.graph_key(nnc.compile(model("dense")).graph("predict"), {"batch": 1}, True)
    keys = {key, identity.graph_key(graph, {"batch": 2}, True), identity.graph_key(graph, {"batch": 1}, False)}
    assert len(keys | {identity.graph_key(other, {"batch": 1}, True)}) == 4


def test_keys_tell_how_nodes_are_numbered():
    graphs = two_sums(1, 2), two_sums(2, 1)
    assert str(graphs[0]) == str(graphs[1])
    assert len({identity.graph_key(graph, {"batch": 1}, True) for graph in graphs}) == 2


def test_what_is_foreign_has_no_key():
    graph = Graph("test")
    x = graph.input("x", TensorType("float32", (3,)))
    graph.output("y", graph.add(Foreign(), x)[0])
    assert identity.graph_key(graph, {}, True) is None


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A folder of modules instead of nnc's own."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "one.py").write_text("1\n")
    monkeypatch.setattr(identity, "_ROOT", folder)
    monkeypatch.setattr(identity, "_FOLDERS", ("",))
    monkeypatch.setattr(identity, "LOADED", time.time_ns() + 10**12)
    identity.code_identity.cache_clear()
    yield folder
    identity.code_identity.cache_clear()


def test_keys_tell_the_code_that_plans_and_prints(code):
    graph = nnc.compile(model("dense")).graph("predict")

    def found() -> str | None:
        identity.code_identity.cache_clear()
        return identity.graph_key(graph, {"batch": 1}, True)

    seen = [found()]
    (code / "one.py").write_text("1 + 1\n")
    seen.append(found())
    os.utime(code / "one.py", (1, 1))
    seen.append(found())
    (code / "two.h").write_text("")
    seen.append(found())
    assert len(set(seen)) == 4
    assert found() == seen[-1]


def test_code_that_is_not_in_files_has_no_key(code, monkeypatch):
    graph = nnc.compile(model("dense")).graph("predict")
    monkeypatch.setattr(identity, "_ROOT", code / "one.py")
    identity.code_identity.cache_clear()
    assert identity.graph_key(graph, {"batch": 1}, True) is None


def test_code_that_changed_since_it_was_loaded_has_no_key(code, folder, monkeypatch):
    graph = nnc.compile(model("dense")).graph("predict")
    plan = planned(graph)
    printed = find_backend("c").source(plan)
    (code / "one.py").write_text("1 + 1\n")
    plan.target.needs.remember(printed)
    assert not records(folder)
    monkeypatch.setattr(identity, "LOADED", 0)
    identity.code_identity.cache_clear()
    assert identity.graph_key(graph, {"batch": 1}, True) is None


def test_all_code_that_plans_and_prints_is_watched():
    code = "import sys, nnc.ir.ops, nnc.backends.c.source; print(*[name for name in sys.modules if name[:3] == 'nnc'])"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    watched = {Path(identity._ROOT, folder).resolve() for folder in identity._FOLDERS}
    assert "nnc.backends.c.kernels.winograd" in names
    unwatched = {name for name in names if Path(find_spec(name).origin).resolve().parent not in watched}
    names = ("nnc.backends", "nnc.backends.backend", "nnc.backends.caches", "nnc.backends.marks")
    assert unwatched == set(names)  # they decide nothing that is not in the key of a library


@pytest.mark.usefixtures("_as_in_a_new_process")
def test_a_plan_without_packing_is_not_taken_for_the_recorded_one(compiler, monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    graph = model("packed").program.graph("predict")
    printed, plan = record_of(graph)
    assert printed.packed_states
    again = planned(graph)
    assert find_backend("c").source(again).key == printed.key
    unpacked = again.unpacked(("said",))
    other = find_backend("c").source(unpacked)
    assert other.packed_states == () and other.key != printed.key
    unpacked.target.needs.remember(other)
    assert find_backend("c").source(planned(graph)).key == printed.key
    assert plan.prepacked_bytes > 0
