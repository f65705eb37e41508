"""Rows that are read as needed: the same as those of one file that is read as a whole, whatever columns mean."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

import nnc
from nnc import preparing
from nnc.data import RowArray
from nnc.data.parquet_rows import ParquetRows
from nnc.errors import DataError
from nnc.utils import set_random_seed

RANDOM = numpy.random.default_rng(0)
ROWS = 90
CITIES = numpy.array(["Rome", "Oslo", "Bern"])[RANDOM.integers(0, 3, ROWS)]
FRAME = pandas.DataFrame(
    {
        "id": numpy.arange(ROWS),
        "age": numpy.where(RANDOM.random(ROWS) < 0.1, numpy.nan, RANDOM.normal(40, 9, ROWS)),
        "visits": pandas.array(numpy.where(numpy.arange(ROWS) < 40, None, RANDOM.integers(0, 9, ROWS)), "Int64"),
        "city": numpy.where(numpy.arange(ROWS) < 30, None, CITIES),  # a first part without any text
        "remark": [f"remark {number}" for number in range(ROWS)],
        "is_new": RANDOM.random(ROWS) < 0.5,
        "bought": numpy.array(["no", "yes"])[RANDOM.integers(0, 2, ROWS)],
    }
)
NUMBERS = pandas.DataFrame(RANDOM.normal(size=(ROWS, 3)).astype("float32"), columns=list("abc"))
LABELLED = NUMBERS.assign(label=RANDOM.integers(0, 3, ROWS))
CASES: dict[str, tuple[Any, str]] = {
    "everything": (FRAME, "columns: {bought: label}\n"),
    "nothing is said": (FRAME, ""),
    "a target by name": (NUMBERS, "columns: {a: {number: {standardize: true}}}\n"),
}


def model_file(folder: Path, head: str = "", units: int = 1, loss: str = "binary_crossentropy") -> Path:
    path = folder / "model.yaml"
    path.write_text(
        f"{head}layers:\n  - Dense: {{units: {units}, activation: sigmoid}}\n"
        f"compile: {{optimizer: sgd, loss: {loss}}}\n"
    )
    return path


def written(folder: Path, frame: Any) -> tuple[Path, Path]:
    """Write a table in one file, and in parts; return the file, and the pattern of the parts."""
    (folder / "parts").mkdir()
    frame.to_parquet(folder / "whole.parquet")
    for number, begin in enumerate(range(0, len(frame), 30), 9):
        frame[begin : begin + 30].to_parquet(folder / "parts" / f"{number}.parquet", row_group_size=13)
    return folder / "whole.parquet", folder / "parts" / "*.parquet"


def assert_same(found: preparing.Prepared, expected: preparing.Prepared) -> None:
    assert found.schema == expected.schema
    assert found.notes == expected.notes
    for own, other in zip([found.training, *found.kept], [expected.training, *expected.kept], strict=True):
        assert isinstance(own.x, RowArray)
        assert (own.x.dtype, own.y.dtype) == (other.x.dtype, other.y.dtype)
        numpy.testing.assert_array_equal(own.x, other.x)
        numpy.testing.assert_array_equal(own.y, other.y)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("keep", [(), (0.2, 0.25)])
def test_a_table_in_parts_is_prepared_as_one(tmp_path: Path, case, keep):
    frame, head = CASES[case]
    whole, parts = written(tmp_path, frame)
    units, loss = (1, "binary_crossentropy") if "bought" in frame else (1, "mse")
    model = model_file(tmp_path, head, units, loss)
    expected = preparing.prepare(model, whole, keep=keep, seed=4)
    assert_same(preparing.prepare(model, parts, keep=keep, seed=4), expected)
    assert_same(preparing.prepare(model, whole, keep=keep, seed=4, by_rows=True), expected)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("keep", [(), (0.2,)])
def test_a_process_that_is_told_what_another_has_learnt_reads_no_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case, keep
):
    frame, head = CASES[case]
    whole, parts = written(tmp_path, frame)
    model = model_file(tmp_path, head, 1, "binary_crossentropy" if "bought" in frame else "mse")
    first = preparing.prepare(model, parts, keep=keep)
    told = pickle.loads(pickle.dumps(first.known))
    monkeypatch.setattr(ParquetRows, "column", lambda self, name: pytest.fail(f"column {name} was read"))
    assert_same(preparing.prepare(model, parts, keep=keep, known=told), first)
    monkeypatch.undo()
    assert_same(first, preparing.prepare(model, whole, keep=keep))


def test_a_saved_program_takes_parts_as_it_takes_a_file(tmp_path: Path):
    whole, parts = written(tmp_path, FRAME)
    prepared = preparing.prepare(model_file(tmp_path, "columns: {bought: label}\n"), whole)
    program = prepared.model.program
    program.table = prepared.schema
    program.save(tmp_path / "trained.nnc")
    loaded = nnc.load(tmp_path / "trained.nnc")
    expected, found = preparing.rows_of(loaded, whole), preparing.rows_of(loaded, parts)
    numpy.testing.assert_array_equal(found.x, expected.x)
    numpy.testing.assert_array_equal(found.y, expected.y)
    strange = FRAME.copy()
    strange.loc[77, "city"] = "Paris"
    strange[60:].to_parquet(tmp_path / "parts" / "11.parquet")
    with pytest.raises(DataError, match=r"11\.parquet, row 18, column 4 'city': expected one of .*, found 'Paris'"):
        numpy.asarray(preparing.rows_of(loaded, parts).x)


@pytest.mark.parametrize("writes_statistics", [True, False])
def test_large_numbers_are_the_same_categories_where_another_part_has_gaps(tmp_path: Path, writes_statistics):
    """A gap makes whole numbers floating ones, of which the largest are others."""
    large = [2**60 + number % 3 * 2**12 + 1 for number in range(ROWS)]
    cells = pandas.array([None if number > 80 else cell for number, cell in enumerate(large)], "Int64")
    frame = pandas.DataFrame({"code": cells, "y": RANDOM.random(ROWS)})
    (tmp_path / "parts").mkdir()
    frame.to_parquet(tmp_path / "whole.parquet")
    for number, begin in enumerate((0, 30, 60)):
        part = frame[begin : begin + 30]
        part.to_parquet(tmp_path / "parts" / f"{number}.parquet", write_statistics=writes_statistics)
    model = model_file(tmp_path, "columns: {code: category}\n", loss="mse")
    found = preparing.prepare(model, tmp_path / "parts")
    assert_same(found, preparing.prepare(model, tmp_path / "whole.parquet"))
    assert found.training.x.shape == (ROWS, 4)


@pytest.mark.parametrize("target", [None, "b"])
def test_numbers_of_a_program_without_a_table(tmp_path: Path, target):
    whole, parts = written(tmp_path, NUMBERS)
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
    model.compile("sgd", "mse")
    expected = preparing.rows_of(model.program, whole, target)
    for found in (
        preparing.rows_of(model.program, parts, target),
        preparing.rows_of(model.program, whole, target, by_rows=True),
    ):
        numpy.testing.assert_array_equal(found.x, expected.x)
        numpy.testing.assert_array_equal(found.y, expected.y)


def archives(folder: Path, **arrays: Any) -> tuple[Path, Path]:
    (folder / "parts").mkdir()
    numpy.savez(folder / "whole.npz", **arrays)
    for number, begin in enumerate(range(0, ROWS, 30), 9):
        save = numpy.savez_compressed if number % 2 else numpy.savez
        save(folder / "parts" / f"{number}.npz", **{key: array[begin : begin + 30] for key, array in arrays.items()})
    return folder / "whole.npz", folder / "parts" / "*.npz"


NAMES = numpy.array(["bee", "ant", "longest of all"])[RANDOM.integers(0, 3, ROWS)]
TARGETS = {
    "numbers": (LABELLED["label"].to_numpy(), 3, "sparse_categorical_crossentropy"),
    "names": (NAMES, 3, "sparse_categorical_crossentropy"),
    "names, a column each": (NAMES[:, None], 3, "categorical_crossentropy"),
    "columns": (numpy.eye(3)[LABELLED["label"]], 3, "categorical_crossentropy"),
}


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("keep", [(), (0.3,)])
def test_arrays_in_parts_are_prepared_as_one(tmp_path: Path, kind, keep):
    y, units, loss = TARGETS[kind]
    whole, parts = archives(tmp_path, X=NUMBERS.to_numpy(), labels=y)
    model = model_file(tmp_path, "input: [3]\n", units, loss)
    expected = preparing.prepare(model, whole, target="labels", keep=keep, seed=2)
    assert_same(preparing.prepare(model, parts, target="labels", keep=keep, seed=2), expected)
    assert_same(preparing.prepare(model, whole, target="labels", keep=keep, seed=2, by_rows=True), expected)


def test_layers_that_adapt_see_all_training_rows(tmp_path: Path):
    whole, parts = archives(tmp_path, x=NUMBERS.to_numpy(), y=NUMBERS["a"].to_numpy())
    path = tmp_path / "model.yaml"
    path.write_text("input: [3]\nlayers:\n  - Normalization\n  - Dense: 1\ncompile: {optimizer: sgd, loss: mse}\n")
    set_random_seed(1)
    expected = preparing.prepare(path, whole, keep=(0.2,))
    set_random_seed(1)
    found = preparing.prepare(path, parts, keep=(0.2,))
    assert_same(found, expected)
    for own, other in zip(found.model.get_weights(), expected.model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(own, other)


def test_several_inputs_and_outputs_by_name(tmp_path: Path):
    a, b = nnc.Input((3,), name="a"), nnc.Input((1,), name="b")
    joined = nnc.layers.Concatenate()([a, b])
    model = nnc.Model([a, b], [nnc.layers.Dense(1, name="p")(joined), nnc.layers.Dense(2, name="q")(joined)])
    model.compile("sgd", "mse")
    _, parts = archives(
        tmp_path, a=NUMBERS.to_numpy(), b=RANDOM.random(ROWS), p=RANDOM.random(ROWS), q=RANDOM.random((ROWS, 2))
    )
    expected = preparing.rows_of(model.program, tmp_path / "whole.npz")
    found = preparing.rows_of(model.program, parts)
    before = model.get_weights()
    losses = []
    for rows in (expected, found):
        model.set_weights(before)
        losses.append(model.fit(rows.x, rows.y, shuffle=False, verbose=0).history)
    assert losses[0] == losses[1]
