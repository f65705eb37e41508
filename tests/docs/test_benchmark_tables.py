"""The page of the benchmarks, its plots and tables, and the README's table are those of docs/benchmarks.json."""

from __future__ import annotations

import csv

import pytest

from benchmarks.document import DOCUMENT, LINES, files
from benchmarks.families import NUMPY, families
from benchmarks.readme import BEGIN, README, block, refreshed
from benchmarks.record import Record, read_record
from benchmarks.report import Row


@pytest.fixture(scope="module")
def record() -> Record:
    return read_record()


def row(work: str, contestant: str, seconds: float, ratio: str = "") -> Row:
    return Row(work, contestant, "shown", ratio=ratio, samples=[seconds])


def test_everything_is_what_the_data_give(record: Record) -> None:
    for path, text in files(record).items():
        assert path.read_text() == text, f"{path.name}: run python -m benchmarks.document"
    assert refreshed(README.read_text(), record) == README.read_text(), "run python -m benchmarks.readme"


def test_the_page_is_one_that_is_read(record: Record) -> None:
    text = DOCUMENT.read_text()
    assert len(text.split()) < 3000
    for family in families(record.rows):
        assert f"](images/benchmarks-{family.key}.svg)" in text
        for work in family.works:
            assert f"| {work.name} |" in text


def test_the_table_has_every_contestant(record: Record) -> None:
    with LINES.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["work"], line["contestant"]) for line in lines] == [(row.work, row.contestant) for row in record.rows]
    timed = [(line, row) for line, row in zip(lines, record.rows, strict=True) if len(row.samples) > 2]
    assert len(timed) > 300
    for line, found in timed:
        samples = sorted(found.samples)
        assert samples[0] * 0.999 <= float(line["median"]) <= samples[-1] * 1.001
        assert line["wanted"] == found.wanted


def test_a_family_takes_the_fastest_way_of_each_engine() -> None:
    work = "MLP, training step, 2 threads, on C"
    rows = [
        row(work, "nnc fit, C", 2.0),
        row(work, "Keras on TensorFlow, fit", 8.0, "4.00× faster"),
        row(work, "Keras on TensorFlow, fit, an epoch per execution", 4.0, "2.00× faster"),
        row(work, "C by hand", 1.0, "2.00× its time"),
        row(work, "nnc fit", 6.0, "3.00× faster"),
        row("MLP, training step, 1 thread, on C", "nnc fit, C", 3.0),
        row("MLP, training step, 1 thread, on C", "PyTorch, eager", 1.0, "3.00× its time"),
        row("LSTM, training step, 1 thread, on C", "nnc fit, C", 3.0),
        row("LSTM, training step, 1 thread, on C", "PyTorch, eager", 1.5, "2.00× its time"),
    ]
    (family,) = families(rows)
    assert [work.name for work in family.works] == ["MLP, 2 threads", "LSTM, 1 thread"]
    mlp, lstm = family.works
    assert {engine: (time.seconds, time.ratio) for engine, time in mlp.times.items()} == {
        "Keras on TensorFlow": (4.0, 2.0),
        NUMPY: (6.0, 3.0),
    }
    assert lstm.fastest[0] == "PyTorch"
    assert lstm.fastest[1].ratio == 0.5


def test_what_is_slower_is_said(record: Record) -> None:
    works = [work for family in families(record.rows) for work in family.works]
    behind = [work for work in works if work.fastest[1].ratio < 1]
    assert f"in {len(behind)} of {len(works)} benchmarks" in block(record).splitlines()[-1]
    text = DOCUMENT.read_text()
    assert all(f"- {work.name}: {work.fastest[0]}, " in text for work in behind)
    assert {"LiteRT", "OpenVINO"} <= {engine for work in works for engine in work.times}


def test_what_is_missing_is_named(record: Record) -> None:
    with pytest.raises(ValueError, match=r"^'base network' of 'training' was not measured"):
        block(Record())
    with pytest.raises(ValueError, match=r"^README.md must have the lines <!-- benchmarks: "):
        refreshed(f"{BEGIN}\n", record)
