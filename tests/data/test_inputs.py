"""Inputs without targets, from files."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from nnc.data import read_inputs
from nnc.errors import DataError

ROWS = numpy.array([[1.0, 2.5], [3.0, -4.0]])


def test_arrays(tmp_path: Path) -> None:
    numpy.save(tmp_path / "x.npy", ROWS)
    numpy.savez(tmp_path / "named.npz", X=ROWS, other=ROWS[:1])
    numpy.savez(tmp_path / "alone.npz", whatever=ROWS)
    for name in ("x.npy", "named.npz", "alone.npz"):
        numpy.testing.assert_array_equal(read_inputs(tmp_path / name), ROWS)


def test_csv(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("left,right\n1,2.5\n3,-4\n")
    numpy.testing.assert_array_equal(read_inputs(tmp_path / "x.csv"), ROWS)
    (tmp_path / "labelled.csv").write_text("left,label,right\n1,yes,2.5\n3,no,-4\n")
    numpy.testing.assert_array_equal(read_inputs(tmp_path / "labelled.csv", without="label"), ROWS)
    (tmp_path / "single.csv").write_text("1\n3\n")
    numpy.testing.assert_array_equal(read_inputs(tmp_path / "single.csv"), ROWS[:, :1])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", b"", r"expected a file named \*.csv, \*.npz or \*.npy"),
        ("x.npy", b"", "expected an array of numbers"),
        ("x.npy", b"\x93NUMPY\x01\x00", "expected an array of numbers"),
        ("x.npz", b"PK", "found damaged data"),
        ("x.csv", b"", "at least one line"),
        ("x.csv", b"1,2\n3,nan\n", "line 2, column 2: expected a finite number"),
    ],
)
def test_damaged(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_inputs(tmp_path / name)


def test_arrays_that_are_no_inputs(tmp_path: Path) -> None:
    numpy.savez(tmp_path / "two.npz", a=ROWS, b=ROWS)
    with pytest.raises(DataError, match="found keys 'a', 'b'"):
        read_inputs(tmp_path / "two.npz")
    numpy.save(tmp_path / "objects.npy", numpy.array([None]), allow_pickle=True)
    numpy.save(tmp_path / "number.npy", numpy.float64(1))
    numpy.save(tmp_path / "nan.npy", numpy.array([[1.0], [numpy.nan]]))
    for name, message in {
        "objects": "Python objects",
        "number": "at least one row",
        "nan": r"position \[1, 0\]",
    }.items():
        with pytest.raises(DataError, match=message):
            read_inputs(tmp_path / f"{name}.npy")
    with pytest.raises(DataError, match="cannot be read"):
        read_inputs(tmp_path / "missing.npy")
