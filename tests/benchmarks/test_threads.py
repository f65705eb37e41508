"""One thread beside several, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import threads
from nnc.backends.c.threads import THREADS
from nnc.backends.c.toolchain import find_compiler


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before, THREADS[0] = int(THREADS[0]), 2
    yield
    THREADS[0] = before


@pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")
@pytest.mark.parametrize("arguments", [["base:3"], ["base", "--train"]])
def test_each_work_has_a_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert threads.main([*arguments, "--rounds", "2"]) == 0
    assert THREADS[0] == 2
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(arguments[0])
    assert "1 thread " in line
    assert "2 threads " in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bass"], "expected the name of a work, perhaps with a number of rows, got 'bass'"),
        (["base:0"], "got 'base:0'"),
        (["base:x"], "got 'base:x'"),
        (["base:8", "--train"], "training has the work's own batch: expected 'base', got 'base:8'"),
        (["tcn", "--train"], "there is no data to train tcn with"),
    ],
)
def test_what_is_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        threads.main(arguments)
    assert message in " ".join(capsys.readouterr().err.split())


def test_one_processor_is_nothing_to_compare(capsys: pytest.CaptureFixture[str]) -> None:
    THREADS[0] = 1
    with pytest.raises(SystemExit):
        threads.main(["base"])
    assert "OMP_NUM_THREADS sets another number" in capsys.readouterr().err
