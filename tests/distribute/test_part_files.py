"""Many files are answered in as many, row by row, each with the numbers of `predict`."""

from __future__ import annotations

from pathlib import Path

import numpy
import pandas
import pytest
from typer.testing import CliRunner

import nnc
from nnc.cli.app import app
from nnc.distribute.part_files import Reading, parts_of, predict_parts
from nnc.errors import DataError
from tests.distribute.tables import program, write_parts


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_each_part_gets_its_rows(tmp_path, backend):
    rows = write_parts(tmp_path / "parts")
    made = program(outputs=2, backend=backend)
    seen = []
    total = predict_parts(
        made,
        tmp_path / "parts" / "*.parquet",
        tmp_path / "out",
        done=lambda part, count: seen.append((part.source.name, count)),
    )
    assert total == sum(map(len, rows))
    assert seen == [(f"part-{number}.parquet", len(part)) for number, part in enumerate(rows)]
    for number, part in enumerate(rows):
        found = pandas.read_parquet(tmp_path / "out" / f"part-{number}.parquet")
        assert list(found.columns) == ["y0", "y1"]
        numpy.testing.assert_array_equal(found.to_numpy(), made.predict(part, 256, verbose=0))


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "feather", "npy", "npz"])
def test_kinds_of_files(tmp_path, ending):
    x = numpy.random.default_rng(0).normal(size=(5, 3))
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / f"rows.{ending}"
    frame = pandas.DataFrame(x, columns=list("abc"))
    if ending == "npy":
        numpy.save(path, x)
    elif ending == "npz":
        numpy.savez(path, x=x)
    elif ending == "feather":
        frame.to_feather(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
    made = program()
    assert predict_parts(made, folder, tmp_path / "out") == 5
    (written,) = (tmp_path / "out").iterdir()
    name = "rows.csv" if "sv" in ending else f"rows.{ending}"
    assert written.name == name
    read = {"csv": pandas.read_csv, "feather": pandas.read_feather, "npy": numpy.load}
    found = numpy.load(written)["y"] if ending == "npz" else numpy.asarray(read[name.partition(".")[2]](written))
    numpy.testing.assert_array_equal(found.astype("float32"), made.predict(x, verbose=0))


def test_patterns(tmp_path):
    for name in ("b/part-10.csv", "b/part-9.csv", "a/x.csv.gz", "_temporary", ".hidden.csv"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def names(source):
        return [
            (str(part.source.relative_to(tmp_path)), str(part.target)) for part in parts_of(tmp_path / source, "out")
        ]

    expected = [
        ("in/a/x.csv.gz", "out/a/x.csv"),
        ("in/b/part-9.csv", "out/b/part-9.csv"),
        ("in/b/part-10.csv", "out/b/part-10.csv"),
    ]
    assert names("in/*/*.csv*") == names("in/**/*.csv*") == expected
    assert names("in/b") == [("in/b/part-9.csv", "out/part-9.csv"), ("in/b/part-10.csv", "out/part-10.csv")]
    assert names("in/b/part-9.csv") == [("in/b/part-9.csv", "out/part-9.csv")]


def test_what_cannot_be_answered(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(DataError, match=r"in/\*.csv: expected files of rows, found none$"):
        parts_of(folder / "*.csv", tmp_path / "out")
    (folder / "a.csv").touch()
    with pytest.raises(DataError, match=r"in/a.csv: the answers would overwrite rows; name another folder"):
        parts_of(folder, folder)
    (folder / "a.tsv").touch()
    with pytest.raises(DataError, match=r"in/a.csv and .*in/a.tsv would both be answered in .*out/a.csv; rename one"):
        parts_of(folder, tmp_path / "out")
    (folder / "notes.txt").touch()
    with pytest.raises(DataError, match=r"notes.txt: expected a table, \*.npz or \*.npy; a pattern"):
        parts_of(folder, tmp_path / "out")


def test_several_outputs_need_archives(tmp_path):
    given = nnc.Input((3,))
    made = nnc.compile(nnc.Model(given, [nnc.layers.Dense(1)(given), nnc.layers.Dense(2)(given)]))
    write_parts(tmp_path / "parts", 1)
    with pytest.raises(DataError, match=r"part-0.parquet: program .* has several outputs, which need files named"):
        predict_parts(made, tmp_path / "parts", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_replicas_have_mean_and_spread_in_tables(tmp_path):
    rows = write_parts(tmp_path / "parts", 2)
    made = program(replicas=3)
    assert predict_parts(made, tmp_path / "parts", tmp_path / "out") == 41
    outputs = made.predict(rows[1], verbose=0)[..., 0]
    found = pandas.read_parquet(tmp_path / "out" / "part-1.parquet")
    assert list(found.columns) == ["y", "y_spread"]
    numpy.testing.assert_array_equal(found["y"], outputs.mean(0))
    numpy.testing.assert_array_equal(found["y_spread"], outputs.std(0))


def test_a_damaged_part_is_named_and_those_before_stay(tmp_path):
    write_parts(tmp_path / "parts", 3)
    (tmp_path / "parts" / "part-1.parquet").write_bytes(b"half")
    with pytest.raises(DataError, match=r"part-1.parquet: expected a .parquet file, found damaged data"):
        predict_parts(program(), tmp_path / "parts", tmp_path / "out", Reading(batch_size=7))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["part-0.parquet"]


def test_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = write_parts(tmp_path / "parts", 2)
    made = program()
    made.save("small.nnc")
    done = run("predict", "small.nnc", "--input", "parts/*.parquet", "--output", "out/")
    assert done.exit_code == 0, done.output
    assert "wrote out: 2 files, 41 rows\n" in done.output
    found = pandas.concat([pandas.read_parquet(path) for path in sorted(Path("out").iterdir())])
    numpy.testing.assert_array_equal(found.to_numpy(), made.predict(numpy.concatenate(rows), 256, verbose=0))
    one = run("predict", "small.nnc", "--input", "parts/part-0.parquet", "--output", "one.parquet")
    assert "wrote one.parquet: 20 rows" in one.output
    assert Path("one.parquet").read_bytes() == Path("out/part-0.parquet").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "one.parquet"], "one.parquet: many files are answered in a folder, and this is a file"),
        (["--output", "out", "--address", "auto"], "--address is that of a cluster of Ray; give --engine ray as well"),
        (["--output", "out", "--engine", "ray", "--address", "localhost:1"], "Ray"),
    ],
)
def test_mistakes_on_the_command_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    write_parts(tmp_path / "parts", 2)
    program().save("small.nnc")
    Path("one.parquet").touch()
    done = run("predict", "small.nnc", "--input", "parts", *arguments)
    assert done.exit_code != 0
    assert message in str(done.exception) + done.output
