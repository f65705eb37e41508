"""Tables in files: what is read and written, and what damaged or hostile files are answered with."""

import os
import pickle
import struct
import zipfile

import numpy
import pytest

from nnc.data import read_table, table_files, write_table
from nnc.errors import DataError

# ---------------------------------------------------------------------- .csv

CSV = [
    # text, target, x, y, classes, columns, target's name
    ("a,b,y\n1,2,0\n3,4.5,1\n", None, [[1, 2], [3, 4.5]], [[0], [1]], (), ("a", "b"), "y"),
    ("1,2,0\n3,4,1\n", None, [[1, 2], [3, 4]], [[0], [1]], (), (), ""),
    ("a,b,y\n1,2,0\n", "a", [[2, 0]], [[1]], (), ("b", "y"), "a"),
    ("a,b,y\n1,2,0\n", 1, [[1, 0]], [[2]], (), ("a", "y"), "b"),
    ("a,b,y\n1,2,0\n", -3, [[2, 0]], [[1]], (), ("b", "y"), "a"),
    ("1,2,0\n", "1", [[1, 0]], [[2]], (), (), ""),
    ("a,name\n1,cat\n2,ant\n3,cat\n", None, [[1], [2], [3]], [[1], [0], [1]], ("ant", "cat"), ("a",), "name"),
    ("1,cat\n2,ant\n", None, [[1], [2]], [[1], [0]], ("ant", "cat"), (), ""),
    ("cat,1\nant,2\n", 0, [[1], [2]], [[1], [0]], ("ant", "cat"), (), ""),
    (
        '\ufeff"a","b,c", y\r\n 1e-3 ,\t-2,+4\r\n\r\n5,6,7',
        "b,c",
        [[1e-3, 4], [5, 7]],
        [[-2], [6]],
        (),
        ("a", "y"),
        "b,c",
    ),
    ('1,"two\nlines"\n2,one\n', None, [[1], [2]], [[1], [0]], ("one", "two\nlines"), (), ""),
    ("0.1,16777217\n", None, [[0.1]], [[16777217]], (), (), ""),
]


@pytest.mark.parametrize(("text", "target", "x", "y", "classes", "columns", "name"), CSV)
def test_csv(tmp_path, text, target, x, y, classes, columns, name):
    path = tmp_path / "data.CSV"
    path.write_bytes(text.encode())
    table = read_table(str(path), target)
    found_x, found_y = table
    numpy.testing.assert_array_equal(found_x, x)
    numpy.testing.assert_array_equal(found_y, y)
    assert (str(found_x.dtype), str(found_y.dtype)) == ("float64", "int64" if classes else "float64")
    assert (table.classes, table.columns, table.target) == (classes, columns, name)


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        ("", None, "expected at least one line of data, found none"),
        ("\n\n", None, "expected at least one line of data, found none"),
        ("a,y\n", None, "expected at least one line of data, found a header"),
        ("a,y\n1,2\n1,2,3\n", None, ", line 3: expected 2 cells, found 3"),
        ("a,b,y\n1,2,3\n\n1,2\n", None, ", line 4: expected 3 cells, found 2"),
        ("1,2\n3\n", None, ", line 2: expected 2 cells, found 1"),
        ("a,y\n1,2\nNaN,2\n", None, ", line 3, column 1 'a': expected a finite number, found 'NaN'"),
        ("1,2\n3,-inf\n", None, ", line 2, column 2: expected a finite number, found '-inf'"),
        ("1,2\n1e999,3\n", None, ", line 2, column 1: expected a finite number, found '1e999'"),
        ("a,y\n1,2\n,2\n", None, ", line 3, column 1 'a': expected a number, found an empty cell"),
        ("a,y\n1,2\n3,\n", None, ", line 3, column 2 'y': expected a number, as in line 2, found an empty cell"),
        ("1,cat\n2,\n", None, ", line 2, column 2: expected a number or a class name, found an empty cell"),
        ("a,y\n1,2\ntwo,2\n", None, ", line 3, column 1 'a': expected a number, found 'two'"),
        ("a,y\n1_000,2\n", None, ", line 2, column 1 'a': expected a number, found '1_000'"),
        ("1,2\n3,cat\n", None, ", line 2, column 2: expected a number, as in line 1, found 'cat'"),
        ("1,cat\n3,4\n", None, ", line 1, column 2: expected a number, as in line 2, found 'cat'"),
        (
            "a,2\n3,4\n",
            None,
            ", line 1, column 1: expected a number, found 'a' (line 1 has numbers, so it is not a header)",
        ),
        ("a,y\n" + "x" * 100 + ",1\n", None, "found '" + "x" * 37 + "...'"),
        ("a\n1\n", None, "expected inputs and a target, separated by commas, found one column 'a'"),
        ("a,b,y\n1,2,3\n", "bb", ": expected a column 'bb', found columns a, b, y. Did you mean 'b'?"),
        ("1,2\n", "y", ": expected a column 'y', found no header."),
        ("1,2\n", 2, ": expected a column 2, found 2 columns: 0 … 1"),
        ("1,2\n", -3, ": expected a column -3, found 2 columns"),
        ("1,2\n", "--1", ": expected a column '--1', found no header"),
        ("y,a,y\n1,2,3\n", "y", ": 2 columns are named 'y'; give an index"),
        ('1,2\n"3,4\n', None, ", line 2: expected comma-separated cells, found unexpected end of data"),
        ('1,2\n"3"4,5\n', None, ", line 2: expected comma-separated cells, found ',' expected after '\"'"),
        ("1," + "9" * 200_000 + "\n", None, ", line 1: expected comma-separated cells, found field larger than"),
        (b"1,2\n3,\xff\xfe\n", None, "expected UTF-8 text, found 'utf-8' codec can't decode byte 0xff"),
        (b"1,2\n3,4\0\n", None, ", line 2"),
    ],
)
def test_faults_in_csv(tmp_path, text, target, message):
    path = tmp_path / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as raised:
        read_table(path, target)
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)


def test_large_csv_is_read_whole(tmp_path):
    numbers = numpy.random.default_rng(1).normal(size=(2000, 5))
    path = tmp_path / "data.csv"
    path.write_text("\n".join(",".join(map(repr, row)) for row in numbers.tolist()))
    x, y = read_table(path)
    numpy.testing.assert_array_equal(numpy.hstack([x, y]), numbers)


# ---------------------------------------------------------------------- .npz

ROWS = numpy.arange(6.0).reshape(3, 2)
LABELS = numpy.array([[0.0], [1.0], [0.0]])


@pytest.mark.parametrize(
    ("keys", "target"),
    [(("x", "y"), None), (("X", "Y"), None), (("X", "y"), None), (("x", "labels"), "labels"), (("images", "y"), "y")],
)
@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
def test_npz(tmp_path, keys, target, save):
    path = tmp_path / "data.npz"
    save(path, **{keys[0]: ROWS.astype("float32"), keys[1]: LABELS})
    x, y = table = read_table(path, target)
    numpy.testing.assert_array_equal(x, ROWS)
    numpy.testing.assert_array_equal(y, LABELS)
    assert (str(x.dtype), str(y.dtype)) == ("float32", "float64")
    assert (table.classes, table.columns, table.target) == ((), (), keys[1])


def test_npz_with_class_names(tmp_path):
    path = tmp_path / "data.npz"
    numpy.savez(path, x=ROWS, y=numpy.array([["b"], ["a"], ["b"]]))
    table = read_table(path)
    assert table.classes == ("a", "b")
    assert (table.y.tolist(), str(table.y.dtype)) == ([[1], [0], [1]], "int64")


def test_npz_with_more_keys_needs_the_target(tmp_path):
    path = tmp_path / "data.npz"
    numpy.savez(path, x=ROWS, first=LABELS, second=-LABELS)
    numpy.testing.assert_array_equal(read_table(path, "second").y, -LABELS)
    with pytest.raises(DataError, match="expected targets under the key 'y' or 'Y', found keys 'x', 'first', 'second'"):
        read_table(path)


def with_nan(position):
    array = ROWS.copy()
    array[position] = numpy.nan
    return array


class Bomb:
    """What a hostile pickle would run."""

    def __reduce__(self):
        return (os.mkdir, ("pickle-was-executed",))


@pytest.mark.parametrize(
    ("arrays", "target", "message"),
    [
        ({"a": ROWS, "b": LABELS}, None, ": expected targets under the key 'y' or 'Y', found keys 'a', 'b'"),
        ({"y": LABELS, "a": ROWS, "b": ROWS}, None, ": expected inputs under the key 'x' or 'X', found keys"),
        ({"y": LABELS}, None, ": expected inputs under the key 'x' or 'X', found keys 'y'"),
        ({"x": ROWS, "y": LABELS}, "z", ": expected targets under the key 'z', found keys 'x', 'y'"),
        ({}, None, "found keys none"),
        ({"x": ROWS, "y": LABELS[:2]}, None, ": expected as many rows in 'x' as in 'y', found 3 and 2"),
        (
            {"x": with_nan((1, 0)), "y": LABELS},
            None,
            ", array 'x', position [1, 0]: expected a finite number, found nan",
        ),
        ({"x": ROWS, "y": LABELS + numpy.inf}, None, ", array 'y', position [0, 0]"),
        ({"x": ROWS, "y": numpy.float64(3.0)}, None, ", array 'y': expected at least one row, found shape ()"),
        ({"x": ROWS[:0], "y": LABELS[:0]}, None, ", array 'x': expected at least one row, found shape (0, 2)"),
        ({"x": ROWS + 1j, "y": LABELS}, None, ", array 'x': expected numbers, found elements of type complex128"),
        ({"x": numpy.array(["a"] * 3), "y": LABELS}, None, ", array 'x': expected numbers, found elements of type <U1"),
        *(
            (
                {"x": ROWS, "y": numpy.frombuffer(b"\x7f" * 12, kind)},
                None,
                ", array 'y': expected texts, found numbers that stand for no character",
            )
            for kind in ("<U1", ">U1")
        ),
        (
            {"x": numpy.array([Bomb(), 1, 2], object), "y": LABELS},
            None,
            ", array 'x': expected an array of numbers, found pickled Python objects, which are never loaded",
        ),
    ],
)
def test_faults_in_npz(tmp_path, monkeypatch, arrays, target, message):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data.npz"
    numpy.savez(path, **arrays)
    with pytest.raises(DataError) as raised:
        read_table(path, target)
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)
    assert not (tmp_path / "pickle-was-executed").exists()


def test_a_pickle_named_npz_is_not_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError, match=r"expected a \.npz archive, found other data"):
        read_table(tmp_path / "data.npz")
    assert not (tmp_path / "pickle-was-executed").exists()


@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
def test_a_truncated_npz_is_refused_at_every_length(tmp_path, save):
    path = tmp_path / "data.npz"
    save(path, x=ROWS, y=LABELS)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"expected a \.npz archive"):
            read_table(path)


@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
def test_a_flipped_byte_is_an_error_or_changes_nothing(tmp_path, save):
    path = tmp_path / "data.npz"
    save(path, x=ROWS, y=LABELS)
    whole = path.read_bytes()
    refused = 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        try:
            x, y = read_table(path)
        except DataError:
            refused += 1
        else:
            numpy.testing.assert_array_equal(x, ROWS)
            numpy.testing.assert_array_equal(y, LABELS)
    assert refused > len(whole) // 2


def member(shape, data=b"", descr="<f8"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"no array at all",
        member("(1000000000000000, 1)"),
        member("(3, 9223372036854775807)"),
        member("(-3, 2)"),
        member("(3, 2)", b"\0" * 47),
        member("(3, 2)", descr="|O"),
        member("__import__('os').mkdir('executed')"),
        member("(" * 5000),
        b"\x93NUMPY\x09\x00" + b"\0" * 64,
    ],
    ids=["empty", "text", "huge", "overflowing", "negative", "short", "objects", "code", "nested", "version"],
)
def test_hostile_members_are_refused(tmp_path, monkeypatch, hostile):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", hostile)
        archive.writestr("y.npy", member("(3, 1)", LABELS.tobytes()))
    with pytest.raises(DataError, match="array 'x': expected an array of numbers, found"):
        read_table(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data.txt", b"1,2", ": expected a file named *.csv or *.npz"),
        ("data", b"1,2", ": expected a file named *.csv or *.npz"),
        ("data.npz", b"", ": expected a .npz archive, found an empty file"),
        ("data.npz", b"\x93NUMPY\x01\x00", ": expected a .npz archive, found a single array (.npy)"),
        ("data.npz", b"1,2\n", ": expected a .npz archive, found other data"),
        ("data.npz", b"PK\x03\x04" + b"\0" * 100, ": expected a .npz archive, found damaged data"),
        ("data.csv", None, ": cannot be read: No such file or directory"),
        ("data.npz", None, ": cannot be read: No such file or directory"),
    ],
)
def test_files_that_are_no_tables(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_table(path)
    assert str(raised.value).startswith(f"{path}{message}")


# ---------------------------------------------------------------------- writing

PREDICTIONS = [
    numpy.array([0.1, 1e-30, -3.0], "float32"),
    numpy.array([[0.1, 2.0], [1 / 3, 1e300]]),
    numpy.array([[1], [0]]),
    numpy.array([True, False]),
    numpy.array(["ant", 'c"at', "two, three"]),
    numpy.empty((0, 2)),
    numpy.empty(0),
]


@pytest.mark.parametrize("y", PREDICTIONS, ids=lambda y: f"{y.dtype}{y.shape}")
def test_written_predictions_read_back(tmp_path, y):
    for suffix in (".npz", ".npy"):
        path = tmp_path / f"y{suffix}"
        write_table(path, y)
        loaded = numpy.load(path, allow_pickle=False)
        found = loaded["y"] if suffix == ".npz" else loaded
        numpy.testing.assert_array_equal(found, y)
        assert found.dtype == y.dtype
    assert sorted(item.name for item in tmp_path.iterdir()) == ["y.npy", "y.npz"]


def test_written_csv(tmp_path):
    path = tmp_path / "y.csv"
    write_table(path, PREDICTIONS[0])
    assert path.read_bytes() == b"y\n0.1\n1e-30\n-3.0\n"
    write_table(path, PREDICTIONS[1])
    assert path.read_text() == "y0,y1\n0.1,2.0\n0.3333333333333333,1e+300\n"
    numpy.testing.assert_array_equal(numpy.hstack(list(read_table(path))), PREDICTIONS[1])
    write_table(path, PREDICTIONS[4])
    assert path.read_text() == 'y\nant\n"c""at"\n"two, three"\n'
    write_table(path, PREDICTIONS[5])
    assert path.read_text() == "y0,y1\n"


def test_same_predictions_give_the_same_bytes(tmp_path):
    for suffix in (".csv", ".npz", ".npy"):
        contents = []
        for name in ("a", "b"):
            write_table(tmp_path / f"{name}{suffix}", PREDICTIONS[1])
            contents.append((tmp_path / f"{name}{suffix}").read_bytes())
        assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("name", "y", "message"),
    [
        ("y.txt", [1.0], ": expected a file named *.csv, *.npz, *.npy, *.parquet or *.feather"),
        (
            "y.csv",
            numpy.zeros((2, 2, 2)),
            ": a .csv file holds at most two axes, got shape (2, 2, 2); write .npz or .npy",
        ),
        ("y.csv", 1.0, ": a .csv file holds at most two axes, got shape ()"),
        ("y.npz", numpy.array([object()]), ": expected numbers or names to write, found elements of type object"),
        ("y.npy", [1j], ": expected numbers or names to write, found elements of type complex128"),
        ("missing/y.npy", [1.0], ": cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_written_is_named(tmp_path, name, y, message):
    with pytest.raises(DataError) as raised:
        write_table(tmp_path / name, y)
    assert str(raised.value).startswith(f"{tmp_path / name}{message}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".npy"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, suffix, step):
    path = tmp_path / f"y{suffix}"
    write_table(path, [1.0])
    before = path.read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table_files.os, step, fail)
    with pytest.raises(DataError, match="cannot be written: No space left on device"):
        write_table(path, [2.0, 3.0])
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_links_stay_links_and_modes_are_those_of_new_files(tmp_path):
    (tmp_path / "plain").write_text("")
    write_table(tmp_path / "real.npy", [1.0])
    assert (tmp_path / "real.npy").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "link.npy").symlink_to(tmp_path / "real.npy")
    write_table(tmp_path / "link.npy", [2.0])
    assert (tmp_path / "link.npy").is_symlink()
    assert numpy.load(tmp_path / "real.npy").tolist() == [2.0]
