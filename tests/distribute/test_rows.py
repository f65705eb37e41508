"""Training by several processes, here threads, on arrays in files: each reads its rows, and finds the losses of one."""

from __future__ import annotations

import tracemalloc
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

import nnc
from nnc import layers
from nnc.cli.processes import Together
from nnc.data import RowArray, open_rows, row_array
from nnc.data.array_files import StoredArray
from nnc.errors import DataError, DistributionError
from nnc.program.distributed_training import DistributedBatches, sample_of
from nnc.program.preparation import prepare
from nnc.utils import set_random_seed
from tests.distribute.threads import Aborted, Group, ThreadCommunicator, in_processes

RANDOM = numpy.random.default_rng(0)
X = RANDOM.normal(size=(101, 4))
Y = RANDOM.integers(0, 3, 101)


def perceptron() -> nnc.Model:
    set_random_seed(3)
    model = nnc.Sequential(
        [layers.Input((4,)), layers.Dense(8, activation="tanh"), layers.Dropout(0.2), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Memory:
    """An array in memory as a source of rows."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, rows: Any) -> Any:
        return self.array[rows]


class Counting(Memory):
    """One that remembers which of its rows were asked for."""

    def __init__(self, array: Any) -> None:
        super().__init__(array)
        self.asked: list[int] = []
        self.most = 0

    def read(self, rows: Any) -> Any:
        self.asked += rows.tolist()
        self.most = max(self.most, len(rows))
        return super().read(rows)


def parts(folder: Path, kind: str, frame: Any = None) -> str:
    """Write a table in three parts of unequal lengths, and return their pattern."""
    for number, (begin, end) in enumerate([(0, 7), (7, 50), (50, 101)], 9):  # part-9, part-10, part-11
        x, y = X[begin:end], Y[begin:end]
        path = folder / f"part-{number}.{kind}"
        if kind == "parquet":
            table = pandas.DataFrame(x, columns=list("abcd")).assign(label=y) if frame is None else frame[begin:end]
            table.to_parquet(path, row_group_size=20)
        elif number == 10:
            numpy.savez_compressed(path, x=x, y=y)
        else:
            numpy.savez(path, x=x, y=y)
    return str(folder / f"*.{kind}")


def opened(pattern: str | Path, kind: str, cache_bytes: int = 0) -> tuple[Any, Any]:
    """Return inputs and targets of parts, of which one at a time is kept."""
    found = open_rows(pattern, cache_bytes=cache_bytes)
    if kind == "npz":
        return found["x"], found["y"]
    return found[list("abcd")], found["label"]


def fitted(size: int, x: Any, y: Any, group: Group | None = None, **options: Any) -> list[Any]:
    """Return the losses that each of several processes finds; arrays are made in each of them."""

    def work(processes: ThreadCommunicator) -> Any:
        return perceptron().fit(x(), y(), verbose=0, distribute=processes, **options).history

    return in_processes(size, work, group)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("kind", ["npz", "parquet"])
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.slow
def test_parts_give_the_losses_of_one_array(tmp_path: Path, kind, size, backend):
    options = {"batch_size": 16, "epochs": 3, "validation_split": 0.2, "class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}
    alone = perceptron()
    alone.backend = backend
    expected = alone.fit(X, Y, verbose=0, **options).history
    pattern = parts(tmp_path, kind)
    x, y = opened(pattern, kind)

    def work(processes: ThreadCommunicator) -> Any:
        model = perceptron()
        model.backend = backend
        return model.fit(*opened(pattern, kind), verbose=0, distribute=processes, **options).history

    for found in in_processes(size, work):
        assert found.keys() == expected.keys()
        for name, numbers in expected.items():
            numpy.testing.assert_allclose(found[name], numbers, 0 if size == 1 else 1e-6, err_msg=name)
    one = perceptron()
    one.backend = backend
    assert one.fit(x, y, verbose=0, **options).history == expected
    assert one.evaluate(x, y, verbose=0) == alone.evaluate(X, Y, verbose=0)
    numpy.testing.assert_array_equal(one.predict(x, verbose=0), alone.predict(X, verbose=0))


def test_each_process_reads_its_rows_only(monkeypatch: pytest.MonkeyPatch):
    rows, size, epochs, batch = 6400, 4, 2, 64
    x, y = RANDOM.normal(size=(rows, 4)), RANDOM.integers(0, 3, rows)
    sources = [(Counting(x), Counting(y)) for _ in range(size)]
    before: list[int] = [0] * size
    begun = DistributedBatches.begin_epoch

    def begin_epoch(self: Any, generator: Any) -> None:
        rank = self.distribution.communicator.rank
        if not before[rank]:
            before[rank] = len(sources[rank][0].asked)
        begun(self, generator)

    monkeypatch.setattr(DistributedBatches, "begin_epoch", begin_epoch)
    monkeypatch.setattr(row_array, "_BLOCK_BYTES", 100 * 4 * 4)

    def work(processes: ThreadCommunicator) -> Any:
        given = map(RowArray, sources[processes.rank])
        return perceptron().fit(*given, batch_size=batch, epochs=epochs, verbose=0, distribute=processes).history

    found = in_processes(size, work)
    assert found[0] == found[3]
    for rank, (inputs, targets) in enumerate(sources):
        assert (
            before[rank] == rows // size + 64
        )  # those that are looked at for NaN, and those that tell whether all have the same
        trained = [source.asked[before[rank] :] for source in (inputs, targets)]
        assert len(trained[0]) == epochs * rows // size
        assert trained[0] == trained[1][len(trained[1]) - len(trained[0]) :]
    for epoch in range(epochs):
        own = rows // size
        seen = [row for inputs, _ in sources for row in inputs.asked[before[0] :][epoch * own : (epoch + 1) * own]]
        assert sorted(seen) == list(range(rows))  # every row once, in one of the processes
    assert [row // own for row in sources[1][0].asked[:own]] == [1] * own


def test_rows_that_are_compared_are_those_of_few_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number in range(10):
        numpy.savez_compressed(tmp_path / f"{number}.npz", x=X[number * 10 : number * 10 + 10])
    opened_parts: list[str] = []
    open_part = StoredArray.open

    def opening(self: Any) -> Any:
        opened_parts.append(self.path.stem)
        return open_part(self)

    monkeypatch.setattr(StoredArray, "open", opening)
    rows = open_rows(tmp_path)["x"]
    assert sample_of({"x": rows})["x"][:2] == ((100, 4), "float64")
    assert opened_parts == ["0", "3", "6", "9"]


def test_rows_that_are_looked_at_are_not_kept():
    rows = 200_000
    x, y = numpy.zeros((rows, 4)), numpy.zeros(rows, "int64")
    executor = perceptron().program.executor
    prepare(executor, RowArray(Counting(x[:10])), RowArray(Counting(y[:10])))
    given = RowArray(Memory(x)), RowArray(Memory(y))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_array, "_BLOCK_BYTES", 2**16)
        tracemalloc.start()
        try:
            prepare(executor, *given)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 2**20  # of 6.4 MB


def test_different_parts_are_refused_before_the_first_step(tmp_path: Path):
    pattern = parts(tmp_path, "npz")

    def work(processes: ThreadCommunicator) -> Any:
        x, y = opened(pattern, "npz")
        changed = x.computed(lambda rows: rows + processes.rank)
        return perceptron().fit(changed, y, verbose=0, distribute=processes)

    for error in in_processes(2, work):
        assert isinstance(error, DistributionError)
        assert str(error).startswith("processes 0 and 1 do not train the same: data ")


def test_a_row_that_is_no_number_is_named_by_who_looks_at_it(tmp_path: Path):
    values = X.copy()
    values[[77, 90], 1] = numpy.nan
    numpy.savez(tmp_path / "rows.npz", x=values, y=Y)

    def work(processes: ThreadCommunicator) -> Any:
        rows = open_rows(tmp_path / "rows.npz")
        return perceptron().fit(rows["x"], rows["y"], verbose=0, distribute=processes)

    first, second = in_processes(2, work)
    assert str(second).startswith("input 'x' has NaN or infinity in 2 of 51 rows, first in row 77: ")
    assert str(first) == f"process 1 cannot train: {second}"


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_a_part_that_vanishes_ends_all_with_one_line(tmp_path: Path, kind):
    class Removes(nnc.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            (tmp_path / f"part-10.{kind}").unlink(missing_ok=True)

    parts(tmp_path, kind)
    group = Group(2)

    def work(processes: ThreadCommunicator) -> Any:
        listed = [] if processes.rank else [Removes()]
        given = opened(tmp_path, kind)
        return perceptron().fit(*given, epochs=3, verbose=0, callbacks=listed, distribute=processes)

    errors = in_processes(2, work, group)
    assert all(isinstance(error, DataError | Aborted) for error in errors), errors
    assert len(group.said) == 1
    place = f"{tmp_path}/part-10.{kind}"
    assert f": DataError: {place}" in group.said[0]
    assert group.said[0].endswith(": cannot be read: No such file or directory")


def test_the_first_process_learns_for_all_and_tells_them():
    worked: list[tuple[int, Any]] = []

    def found(processes: ThreadCommunicator, fails: int) -> Any:
        def work(known: Any) -> Any:
            worked.append((processes.rank, known))
            if processes.rank == fails:
                raise DataError("damaged")
            return {"known": 7, "own": processes.rank}

        return Together(processes).first_knows(work, itemgetter("known"))

    assert in_processes(3, lambda processes: found(processes, -1)) == [{"known": 7, "own": rank} for rank in range(3)]
    assert worked[0] == (0, None)
    assert sorted(worked[1:]) == [(1, 7), (2, 7)]
    assert Together(None).first_knows(lambda known: known, itemgetter("known")) is None
    for fails in (0, 2):
        errors = in_processes(3, lambda processes, fails=fails: found(processes, fails))
        assert [type(error) for error in errors] == [
            DataError if rank == fails else DistributionError for rank in range(3)
        ]
        assert {str(error) for error in errors} == {"damaged", f"process {fails} cannot train: damaged"}
