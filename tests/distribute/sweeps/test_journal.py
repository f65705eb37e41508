"""The journal: complete or absent records, one writer, one sweep."""

from __future__ import annotations

import math
from contextlib import closing
from pathlib import Path

import pytest

from nnc.distribute.sweeps.journal import NAME, Journal
from nnc.distribute.sweeps.training import Outcome
from nnc.distribute.sweeps.trials import Trial
from nnc.errors import DataError

IDENTITY = {"model": "m", "data": "d"}
OUTCOMES = [
    Outcome(
        number,
        (Trial(number, {"a": [1, "x"]}, "complete", 0.1 + number, {"loss": 0.1}, {"loss": [math.pi, math.inf]}),),
        number,
    )
    for number in range(3)
]


def written(folder: Path) -> bytes:
    journal = Journal(folder, IDENTITY, False)
    for outcome in OUTCOMES:
        journal.append(outcome)
    journal.close()
    return (folder / NAME).read_bytes()


def test_outcomes_come_back_to_the_bit(tmp_path: Path):
    written(tmp_path)
    with closing(Journal(tmp_path, IDENTITY, True)) as journal:
        assert list(journal.outcomes.values()) == OUTCOMES


def test_a_record_that_was_cut_anywhere_does_not_count_and_writing_goes_on(tmp_path: Path):
    whole = written(tmp_path)
    ends = [index + 1 for index, byte in enumerate(whole) if byte == 10]
    near = {end + distance for end in ends for distance in (-1, 0, 1, 9, 10)}
    for cut in sorted({*range(0, len(whole), 41), *near} - {len(whole) + 1, len(whole) + 9, len(whole) + 10}):
        (tmp_path / NAME).write_bytes(whole[:cut])
        journal = Journal(tmp_path, IDENTITY, True)
        done = max(sum(end <= cut for end in ends) - 1, 0)
        assert list(journal.outcomes.values()) == OUTCOMES[:done]
        for outcome in OUTCOMES[done:]:
            journal.append(outcome)
        journal.close()
        assert (tmp_path / NAME).read_bytes() == whole


def test_damage_in_the_middle_is_an_error(tmp_path: Path):
    whole = bytearray(written(tmp_path))
    whole[len(whole) // 2] ^= 1
    (tmp_path / NAME).write_bytes(whole)
    with pytest.raises(DataError, match=r"journal.jsonl: line \d is damaged"):
        Journal(tmp_path, IDENTITY, True)


def test_garbage_at_the_end_does_not_count(tmp_path: Path):
    whole = written(tmp_path)
    (tmp_path / NAME).write_bytes(whole + bytes(40) + b"\n")
    with closing(Journal(tmp_path, IDENTITY, True)) as journal:
        assert list(journal.outcomes.values()) == OUTCOMES
    assert (tmp_path / NAME).read_bytes() == whole


def test_a_sweep_goes_on_only_where_that_is_wanted_and_only_the_same(tmp_path: Path):
    written(tmp_path)
    with pytest.raises(DataError, match=r"has a sweep already, with 3 finished groups of trials: go on with --resume"):
        Journal(tmp_path, IDENTITY, False)
    with pytest.raises(DataError, match=r"has another sweep, whose data differs: name another folder"):
        Journal(tmp_path, {**IDENTITY, "data": "e"}, True)
    with pytest.raises(DataError, match=r"whose model, data differ:"):
        Journal(tmp_path, {"model": "n", "data": "e"}, True)


def test_there_is_one_writer(tmp_path: Path):
    journal = Journal(tmp_path, IDENTITY, False)
    with pytest.raises(DataError, match="another process is at this sweep"):
        Journal(tmp_path, IDENTITY, True)
    journal.close()
    Journal(tmp_path, IDENTITY, True).close()


def test_a_sweep_that_has_found_nothing_is_begun_again(tmp_path: Path):
    Journal(tmp_path, IDENTITY, False).close()
    journal = Journal(tmp_path, {"model": "other"}, False)
    journal.append(OUTCOMES[0])
    journal.close()
    with closing(Journal(tmp_path, {"model": "other"}, True)) as again:
        assert list(again.outcomes.values()) == OUTCOMES[:1]
