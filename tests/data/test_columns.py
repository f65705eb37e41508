"""Tables as they are found: separators, quotes, encodings, compression, Parquet, data frames."""

import bz2
import gzip
import lzma

import numpy
import pandas
import polars
import pyarrow
import pytest
from pyarrow import feather, parquet

from nnc.data import read_columns, read_table
from nnc.data.frames import as_columns
from nnc.errors import DataError

TEXT = 'name;size;height\nanna;3;1,75\n"ben; jr";4;\n'
# Without a time in it: what a test is called must be the same in each process that collects it.
ZIPPED = gzip.compress(TEXT.encode(), mtime=0)


def cells(columns):
    return {name: columns.texts(index) for index, name in enumerate(columns.names)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", TEXT.encode()),
        ("t.csv", TEXT.encode("utf-16")),
        ("t.csv", b"\xef\xbb\xbf" + TEXT.encode()),
        ("t.csv.gz", ZIPPED),
        ("t.csv.bz2", bz2.compress(TEXT.encode())),
        ("t.csv.xz", lzma.compress(TEXT.encode())),
        ("t.tsv", b'name\tsize\theight\nanna\t3\t1,75\n"ben; jr"\t4\t\n'),
        ("t.csv", b"name|size|height\nanna|3|1,75\nben; jr|4|\n"),
    ],
)
def test_text_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    columns = read_columns(tmp_path / name)
    assert cells(columns) == {"name": ["anna", "ben; jr"], "size": ["3", "4"], "height": ["1,75", ""]}
    values, missing = columns.numbers(2)
    numpy.testing.assert_array_equal(values, [1.75, numpy.nan])
    assert missing.tolist() == [False, True]
    assert columns.place(1, 2) == f"{tmp_path / name}, line 3, column 3 'height'"


def test_pandas_reads_the_same(tmp_path):
    """Whatever separator pandas is told, and the file shows by itself."""
    table = pandas.DataFrame({"a": [1.5, 2.25], "b": ["x, y", 'say "z"'], "c": [3, 4]})
    for separator in ",;\t|":
        table.to_csv(tmp_path / "t.csv", sep=separator, index=False)
        found = cells(read_columns(tmp_path / "t.csv"))
        assert found == {"a": ["1.5", "2.25"], "b": ["x, y", 'say "z"'], "c": ["3", "4"]}


def test_encodings_are_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("name,size\nJürgen,3\n".encode("cp1252"))
    assert cells(read_columns(path, "cp1252"))["name"] == ["Jürgen"]
    with pytest.raises(DataError, match=r"after line 0: expected UTF-8 text.*--encoding, such as cp1252"):
        read_columns(path)
    with pytest.raises(DataError, match="there is no encoding 'cp9'"):
        read_columns(path, "cp9")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv.gz", ZIPPED[:-12], "damaged data"),
        ("t.csv.gz", b"no gzip", "damaged data"),
        ("t.csv.xz", lzma.compress(TEXT.encode())[:40], "damaged data"),
        ("t.parquet", b"PAR1 and no more", r"expected a \.parquet file, found damaged data"),
        ("t.feather", b"ARROW1 and no more", r"expected a \.feather file, found damaged data"),
        ("t.xlsx", b"", r"expected a file named \*\.csv, \*\.tsv, \*\.parquet, \*\.feather"),
    ],
)
def test_damage(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_columns(tmp_path / name)


FRAME = {"text": ["a", None, "b"], "whole": [1, None, 3], "real": [0.5, 1.5, None], "flag": [True, False, True]}
FOUND = {
    "text": ["a", "", "b"],
    "whole": ["1", "", "3"],
    "real": ["0.5", "1.5", ""],
    "flag": ["True", "False", "True"],
}


def rows(frame):
    return [dict(zip(frame, row, strict=True)) for row in zip(*frame.values(), strict=True)]


@pytest.mark.parametrize(
    "table",
    [
        FRAME,
        pandas.DataFrame(FRAME),
        pandas.DataFrame(FRAME).convert_dtypes(),
        pandas.DataFrame(FRAME).astype({"text": "category"}),
        polars.DataFrame(FRAME),
        pyarrow.table(FRAME),
        rows(FRAME),
        [list(row.values()) for row in rows(FRAME)],
    ],
    ids=["mapping", "pandas", "pandas's own types", "pandas's categories", "polars", "pyarrow", "mappings", "rows"],
)
def test_tables_of_any_library(table):
    assert cells(as_columns(table, list(FRAME))) == FOUND


@pytest.mark.parametrize("write", [parquet.write_table, feather.write_feather])
def test_files_with_types(tmp_path, write):
    path = tmp_path / ("t.parquet" if write is parquet.write_table else "t.feather")
    write(pyarrow.table(FRAME), path)
    assert cells(read_columns(path)) == FOUND


def test_numbers_of_files_with_types(tmp_path):
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"a": [1.0, 2.0], "y": [3, 4]}), path)
    x, y = read_table(path)
    assert (x.tolist(), y.tolist()) == ([[1.0], [2.0]], [[3.0], [4.0]])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"a": [1, 2], "b": [1]}, "columns of equal length, found 1, 2 rows"),
        ({"a": []}, "at least one row"),
        ({"a": [[1], [2]]}, r"one cell per row, found shape \(2, 1\)"),
        ([[1, 2, 3]], r"rows of 2 cells \(a, b\)"),
        ({"a": [{"x": 1}, "y"]}, "row 1, column 'a': expected a text or a number, found dict"),
        (7, "expected rows of 2 cells"),
    ],
)
def test_no_tables(table, message):
    with pytest.raises(DataError, match=message):
        as_columns(table, ["a", "b"])
