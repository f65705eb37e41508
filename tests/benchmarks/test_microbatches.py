"""A batch whole and in parts, and what is refused."""

from __future__ import annotations

import pytest

from benchmarks import microbatches


def test_each_number_of_rows_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert microbatches.main(["base:3", "--backend", "numpy", "--rounds", "2"]) == 0
    title, *lines = capsys.readouterr().out.splitlines()
    assert title == "base, a batch of 3 rows on numpy; by itself it runs 3 at a time"
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert "1.00× the time of the whole batch" in lines[-1]


def test_what_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        microbatches.main(["base:0"])
    assert "expected the name of a work, perhaps with a number of rows, got 'base:0'" in capsys.readouterr().err
