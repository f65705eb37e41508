"""Rows of files: what is read of them, how much of it is kept, and what damaged or hostile files are answered with."""

from __future__ import annotations

import io
import pickle
import struct
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from nnc.data import RowArray, array_files, open_rows, read_columns, row_array, row_parts
from nnc.errors import DataError

RANDOM = numpy.random.default_rng(0)
X = RANDOM.normal(size=(100, 3))
CHOSEN = numpy.array([99, 3, 41, 3, 0, 40])


def save(path: Path, kind: str, array: Any) -> None:
    if kind == "npy":
        numpy.save(path.with_suffix(".npy"), array)
    elif kind == "parquet":
        pandas.DataFrame(array, columns=list("abc")).to_parquet(path.with_suffix(".parquet"), row_group_size=20)
    else:
        {"npz": numpy.savez, "packed": numpy.savez_compressed}[kind](path.with_suffix(".npz"), x=array)


def opened(folder: Path, **options: Any) -> RowArray:
    found = open_rows(folder, **options)
    if isinstance(found, RowArray):
        return found
    array: RowArray = found["x"] if isinstance(found, dict) else found[list("abc")]
    return array


@pytest.fixture(params=["npy", "npz", "packed", "parquet"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A table in four parts, which the numbers in their names order."""
    for number, begin in enumerate((0, 25, 50, 75), 8):
        save(tmp_path / f"part-{number}", request.param, X[begin : begin + 25])
    return tmp_path


def test_rows_and_windows_are_those_of_the_whole_array(folder: Path):
    rows = opened(folder)
    assert (rows.shape, rows.dtype, rows.ndim, len(rows)) == ((100, 3), numpy.dtype("float64"), 2, 100)
    assert repr(rows) == "RowArray(shape=(100, 3), dtype=float64)"
    numpy.testing.assert_array_equal(rows, X)
    numpy.testing.assert_array_equal(rows[CHOSEN], X[CHOSEN])
    numpy.testing.assert_array_equal(rows[-1], X[-1])
    numpy.testing.assert_array_equal(rows[[5, -2]], X[[5, -2]])
    for key in (slice(20), slice(20, None), slice(3, 90, 7), slice(None, None, -1)):
        window = rows[key]
        assert isinstance(window, RowArray)
        numpy.testing.assert_array_equal(window, X[key])
        numpy.testing.assert_array_equal(window[2:][[0, 1]], X[key][2:][[0, 1]])
    numpy.testing.assert_array_equal(rows.window(CHOSEN)[1:4], X[CHOSEN][1:4])
    numpy.testing.assert_array_equal(rows[..., None], X[..., None])
    numpy.testing.assert_array_equal(rows[..., None][..., 0][5:7], X[5:7])
    numpy.testing.assert_array_equal(rows.computed(lambda part: part.sum(1))[10:20], X[10:20].sum(1))
    target = numpy.empty((6, 3), "float32")
    assert rows.converted("float32", "x").take(CHOSEN, 0, target, "clip") is target
    numpy.testing.assert_array_equal(target, X[CHOSEN].astype("float32"))
    read = numpy.empty_like(X)
    for places, part in rows.window(numpy.arange(99, -1, -1)).blocks(range(10, 30)):
        read[places] = part
    numpy.testing.assert_array_equal(read[10:30], X[::-1][10:30])


@pytest.mark.parametrize("key", [(0, 1), (..., 0), "x", 1.5, [True, False], numpy.newaxis])
def test_other_indices_are_refused(folder: Path, key):
    with pytest.raises(IndexError, match="takes a slice of rows or their numbers as index, got"):
        opened(folder)[key]


@pytest.mark.parametrize("row", [100, -101])
def test_a_row_that_is_not_there_is_refused(folder: Path, row):
    with pytest.raises(IndexError, match="there are 100 rows, and no row"):
        opened(folder)[row]


@pytest.mark.parametrize(("limit", "read"), [(0, 7), (600, 7), (1200, 6), (2400, 4)])
def test_unpacked_parts_are_kept_within_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit, read):
    for number in range(4):
        save(tmp_path / str(number), "packed", X[number * 25 : number * 25 + 25])  # 600 bytes
    rows = opened(tmp_path, cache_bytes=limit)
    seen: list[str] = []
    largest = 0
    open_part, make_room = array_files.StoredArray.open, row_parts.PartCache._make_room

    def opening(self: Any) -> Any:
        seen.append(self.path.name)
        return open_part(self)

    def making(self: Any, needed: int) -> None:
        nonlocal largest
        make_room(self, needed)
        largest = max(largest, needed + sum(part.nbytes for part in self._kept.values()))

    monkeypatch.setattr(array_files.StoredArray, "open", opening)
    monkeypatch.setattr(row_parts.PartCache, "_make_room", making)
    for batch in ([0, 99, 1], [30, 31, 60], [2, 32], [3, 33]):
        numpy.testing.assert_array_equal(rows[batch], X[batch])  # each part once, also where its rows are apart
    assert len(seen) == read + (limit < 1200)
    assert largest <= max(limit, 600)


def test_few_files_are_open_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(row_parts, "_MOST_OPEN", 3)
    for number in range(8):
        save(tmp_path / str(number), "npy", X[number * 10 : number * 10 + 10])
    rows = opened(tmp_path)
    numpy.testing.assert_array_equal(rows, X[:80])
    source: Any = rows.source
    assert len(source._cache._kept) == 3


def test_nothing_of_a_mapped_file_is_copied_before_it_is_asked_for(tmp_path: Path):
    numpy.save(tmp_path / "x.npy", X)
    numpy.savez(tmp_path / "x.npz", other=numpy.zeros(1000), x=numpy.asfortranarray(X))
    for rows in (open_rows(tmp_path / "x.npy"), open_rows(tmp_path / "x.npz")["x"]):
        numpy.testing.assert_array_equal(rows[CHOSEN], X[CHOSEN])
        source: Any = rows.source
        assert isinstance(source._part(0), numpy.memmap)


def test_a_sample_of_packed_parts_reads_few_of_them(tmp_path: Path):
    for number in range(20):
        save(tmp_path / str(number), "packed", X[number * 5 : number * 5 + 5])
    rows = opened(tmp_path)
    sample = rows.sample(64)
    assert {int(row) // 5 for row in sample} == {0, 6, 12, 19}
    assert len(sample) == 20
    assert (rows.computed(abs).sample(64) == sample).all()
    numpy.save(tmp_path / "x.npy", X)
    assert len(open_rows(tmp_path / "x.npy").sample(64)) == 64


def test_many_rows_are_read_some_at_a_time_and_each_part_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(row_array, "_BLOCK_BYTES", 10 * 3 * 8)
    for number in range(4):
        save(tmp_path / str(number), "packed", X[number * 25 : number * 25 + 25])
    rows = opened(tmp_path, cache_bytes=0)
    seen: list[str] = []
    open_part = array_files.StoredArray.open

    def opening(self: Any) -> Any:
        seen.append(self.path.name)
        return open_part(self)

    monkeypatch.setattr(array_files.StoredArray, "open", opening)
    order = numpy.random.default_rng(1).permutation(100)
    blocks = list(rows.window(order).blocks(range(20, 100)))
    assert [len(part) for _, part in blocks] == [10] * 8
    assert len(seen) <= 4 + 8  # also where a block ends inside a part
    assert sorted(set(seen)) == ["0.npz", "1.npz", "2.npz", "3.npz"] == list(dict.fromkeys(seen))
    assert sorted(numpy.concatenate([places for places, _ in blocks])) == list(range(20, 100))


def test_numbers_that_should_be_whole_are_named_by_their_row():
    rows = RowArray(Memory(numpy.array([0.0, 1.0, 2.5, 3.0]))).converted("int32", "target 'y'")
    numpy.testing.assert_array_equal(rows[[3, 1]], numpy.array([3, 1], "int32"))
    with pytest.raises(DataError, match=r"target 'y' must hold whole numbers from .* \(int32\), row 2 has 2\.5"):
        rows[[3, 2]]


class Memory:
    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, rows: Any) -> Any:
        return self.array[rows]


# ---------------------------------------------------------------------- faults


def archive(path: Path, member: bytes, name: str = "x.npy", method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr(name, member)


def npy(array: Any, shape: str = "") -> bytes:
    stream = io.BytesIO()
    numpy.save(stream, array, allow_pickle=True)
    text = stream.getvalue()
    return text.replace(b"(2, 3), }", f"{shape}, }}".encode()) if shape else text


class Evil:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('executed')",)


SMALL = numpy.ones((2, 3))
HUGE = "(9000000000, 3)"
HOSTILE = {
    "pickled objects": (npy(numpy.array([Evil()] * 2, object)), "pickled Python objects, which are never loaded"),
    "a size that lies": (npy(SMALL, HUGE), "which are not there"),
    "a size that lies a little": (npy(SMALL)[:-8], "which are not there"),
    "more than its header says": (npy(SMALL) + b"12345678", "which are not there"),
    "no array": (pickle.dumps(Evil()), "damaged data"),
    "an empty file": (b"", "damaged data"),
    "a header that is code": (
        npy(SMALL).replace(b"'fortran_order': False", b"'fortran_order': 1/0  "),
        "damaged data",
    ),
    "complex numbers": (npy(SMALL * 1j), "expected numbers, found elements of type complex128"),
    "no rows": (npy(SMALL[:0]), "expected at least one row"),
    "no axes": (npy(numpy.float64(1)), "expected at least one row"),
}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_archives(tmp_path: Path, what, method):
    member, message = HOSTILE[what]
    archive(tmp_path / "x.npz", member, method=method)
    with pytest.raises(DataError) as raised:
        open_rows(tmp_path / "x.npz")
    assert str(tmp_path / "x.npz") in str(raised.value)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("what", [name for name in HOSTILE if not name.startswith("more than")])
def test_hostile_arrays(tmp_path: Path, what):
    member, message = HOSTILE[what]
    (tmp_path / "x.npy").write_bytes(member)
    with pytest.raises(DataError) as raised:
        open_rows(tmp_path / "x.npy")
    assert str(tmp_path / "x.npy") in str(raised.value)
    assert message.replace("which are not there", "and there are") in str(raised.value)


def test_sizes_in_the_directory_of_an_archive_that_lie(tmp_path: Path):
    """The directory says as many bytes as the header of the array, and far more than the packed ones can become."""
    path = tmp_path / "x.npz"
    member = npy(SMALL, "(9000000, 3)")
    archive(path, member, method=zipfile.ZIP_DEFLATED)
    lie = 128 + 9000000 * 3 * 8
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", len(member)), struct.pack("<L", lie)))
    with pytest.raises(DataError, match="which are not there"):
        open_rows(path)


def test_a_damaged_member_is_found_when_it_is_read(tmp_path: Path):
    path = tmp_path / "x.npz"
    save(path, "packed", X)
    data = bytearray(path.read_bytes())
    data[-len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged data"):
        numpy.asarray(open_rows(path)["x"])


def test_a_wrong_checksum_is_found_when_it_is_read(tmp_path: Path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=0) as file:  # packed, and still as it was
        file.writestr("x.npy", npy(X))
    path.write_bytes(path.read_bytes().replace(X[50].tobytes(), X[51].tobytes(), 1))
    with pytest.raises(DataError, match="damaged data: Bad CRC-32"):
        numpy.asarray(open_rows(path)["x"])


@pytest.mark.parametrize("kind", ["npy", "npz", "packed"])
def test_threads_read_headers_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str):
    """Two that Python parses at a time can fail, as in python/cpython#106905."""
    save(tmp_path / "x", kind, X)
    at_once: list[int] = []
    reading: set[int] = set()
    read = numpy.lib.format.read_array_header_1_0

    def slow(*given: Any) -> Any:
        reading.add(threading.get_ident())
        time.sleep(0.01)
        at_once.append(len(reading))
        reading.remove(threading.get_ident())
        return read(*given)

    monkeypatch.setattr(numpy.lib.format, "read_array_header_1_0", slow)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: numpy.asarray(opened(tmp_path)), range(8)))
    assert at_once == [1] * 8
    assert all(numpy.array_equal(array, X) for array in found)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path: Path, method):
    archive(tmp_path / "x.npz", npy(SMALL), method=method)
    with pytest.raises(DataError, match=r"is packed in a way that numpy\.savez and savez_compressed do not use"):
        open_rows(tmp_path / "x.npz")


@pytest.mark.parametrize("name", ["x.npz", "x.npy", "x.parquet"])
@pytest.mark.parametrize("data", [b"", b"PK", b"\x93NUMPY", b"PAR1PAR1", b"PK\x05\x06" + b"\0" * 18, b"a,b\n1,2\n"])
def test_files_of_another_kind(tmp_path: Path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError) as raised:
        opened(tmp_path / name)
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_cut_off_parquet_file_is_damaged(tmp_path: Path):
    save(tmp_path / "x", "parquet", X)
    path = tmp_path / "x.parquet"
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"x\.parquet: expected a \.parquet file, found damaged data"):
        opened(path)


def test_texts_that_are_none_are_refused(tmp_path: Path):
    pandas.DataFrame({"a": ["text", "next"]}).to_parquet(tmp_path / "x.parquet", compression=None, use_dictionary=False)
    path = tmp_path / "x.parquet"
    path.write_bytes(path.read_bytes().replace(b"text", b"te\xff\xfe"))
    with pytest.raises(DataError, match=r"x\.parquet, column 'a': found damaged data") as raised:
        open_rows(path).column("a")
    assert str(raised.value).isprintable()
    with pytest.raises(DataError, match=r"x\.parquet, column 'a': found damaged data"):
        read_columns(path)


OTHERS = {
    "columns": ({"a": [1.0], "b": [2.0], "d": [3.0]}, r"expected the columns of .*0\.parquet, a \(double\), .*found"),
    "types": ({"a": [1.0], "b": [2], "c": [3.0]}, r"found a \(double\), b \(int64\), c \(double\)"),
    "no rows": ({"a": [], "b": [], "c": []}, "expected at least one row, found none"),
    "texts": ({"a": ["1"], "b": [2.0], "c": [3.0]}, r"found a \((large_)?string\)"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_parts_of_a_table_that_do_not_fit(tmp_path: Path, what):
    columns, message = OTHERS[what]
    save(tmp_path / "0", "parquet", X)
    pandas.DataFrame(columns).to_parquet(tmp_path / "1.parquet")
    with pytest.raises(DataError, match=rf"1\.parquet: {message}" if what == "no rows" else message):
        opened(tmp_path)


@pytest.mark.parametrize("kind", ["npy", "npz", "packed"])
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (X[:, :2], r"expected rows of shape \(3,\) and type float64, as in .*, found shape \(2,\) and type float64"),
        (X.astype("float32"), r"found shape \(3,\) and type float32"),
        (X[:0], r"expected at least one row, found shape \(0, 3\)"),
    ],
)
def test_parts_of_an_array_that_do_not_fit(tmp_path: Path, kind, other, message):
    save(tmp_path / "0", kind, X)
    save(tmp_path / "1", kind, other)
    with pytest.raises(DataError, match=message) as raised:
        opened(tmp_path)
    assert str(tmp_path / "1.np") in str(raised.value)


def test_parts_of_which_one_lacks_an_array(tmp_path: Path):
    numpy.savez(tmp_path / "0.npz", x=X, y=X)
    numpy.savez(tmp_path / "1.npz", x=X)
    with pytest.raises(DataError, match=r"1\.npz: expected an array 'y', found 'x'"):
        open_rows(tmp_path)
    numpy.savez(tmp_path / "1.npz", x=X, y=X[1:])
    with pytest.raises(DataError, match=r"1\.npz: expected as many rows in 'x' as in 'y', found 100 and 99"):
        open_rows(tmp_path)


@pytest.mark.parametrize("kind", ["npy", "packed", "parquet"])
def test_a_file_that_changes_is_noticed(tmp_path: Path, kind):
    for number in range(2):
        save(tmp_path / str(number), kind, X)
    rows = opened(tmp_path, cache_bytes=0)
    numpy.testing.assert_array_equal(rows[:1], X[:1])
    save(tmp_path / "1", kind, X[:50])
    with pytest.raises(DataError, match=r"1\..*: the file has changed since it was opened"):
        rows[[150]]


def test_patterns_of_nothing_and_of_several_kinds(tmp_path: Path):
    with pytest.raises(DataError, match="expected files of rows, found none"):
        open_rows(tmp_path / "*.npz")
    save(tmp_path / "0", "npy", X)
    save(tmp_path / "1", "npz", X)
    with pytest.raises(DataError, match=r"parts of a table are all \*\.npy, all \*\.npz or all \*\.parquet"):
        open_rows(tmp_path)
    (tmp_path / "2.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"2\.csv: parts of a table are all"):
        open_rows(tmp_path / "*.csv")


def test_columns_that_are_not_there_or_no_numbers(tmp_path: Path):
    pandas.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}).to_parquet(tmp_path / "x.parquet")
    table = open_rows(tmp_path / "x.parquet")
    assert (table.names, len(table)) == (("a", "b"), 2)
    numpy.testing.assert_array_equal(table["a"], [1.0, 2.0])
    with pytest.raises(DataError, match="expected a column 'c', found columns a, b"):
        table["c"]
    with pytest.raises(DataError, match=r"are taken by names of columns, table\['a'\] or .*, got 0"):
        table[0]
    with pytest.raises(DataError, match=r"column 'b': expected numbers, found (large_)?string"):
        table[["a", "b"]]


def test_a_source_that_returns_other_rows_is_named():
    class Wrong:
        shape, dtype = (10, 3), "float64"

        def read(self, rows: Any) -> Any:
            return X[:2]

    with pytest.raises(DataError, match=r"expected rows of shape \(3, 3\) of Wrong, got \(2, 3\)"):
        RowArray(Wrong())[[1, 2, 3]]
