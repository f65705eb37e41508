"""The last line of a terminal: what it says, who makes room for whom, and what is left in the end."""

from __future__ import annotations

import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nnc import activity
from nnc.activity import Line, announced, is_live, is_shown, shown, silence
from nnc.backends.c import toolchain


class Terminal(io.StringIO):
    """Keeps what is written, and says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        """The lines as they look in the end."""
        lines = []
        for line in self.getvalue().split("\n"):
            cells: list[str] = []
            for part in line.split("\r"):
                cells[: len(part)] = part
            lines.append("".join(cells).rstrip())
        return lines


def make_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard output and standard error a terminal of 60 columns; nothing is drawn by itself.

    For a test to call: before one begins, pytest puts streams of its own there.
    """
    found = Terminal()
    monkeypatch.setattr(sys, "stdout", found)
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(activity._Screen, "attend", lambda screen: None)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    return found


def draw() -> None:
    line = activity._screen.line
    assert isinstance(line, Line)
    line.draw()


def test_the_line_says_what_goes_on_and_prints_go_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = make_terminal(monkeypatch)
    with announced("reading data.npz"):
        draw()
        assert terminal.screen == ["reading data.npz … 0.0 s"]
        with activity.activity("compiling C"):
            draw()
            assert terminal.screen == ["compiling C … 0.0 s"]
            print("said by others")
            draw()
            assert terminal.screen == ["said by others", "compiling C … 0.0 s"]
            print("half", end="")
            draw()
            print(" a line")
    assert terminal.screen == ["said by others", "half a line", ""]
    assert sys.stdout is terminal
    assert sys.stderr is terminal
    assert not is_shown()


def test_the_outer_one_stands_in_front_and_lines_end_with_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = make_terminal(monkeypatch)
    with shown(terminal), activity.activity(lambda room: "training: 1 of 2"), announced("a" * 100):
        draw()
        assert len(terminal.screen[0]) == 59
        assert terminal.screen[0].startswith("training: 1 of 2 · aaa")
        assert terminal.screen[0].endswith(" … 0.0 s")


def test_it_is_drawn_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    attend = activity._Screen.attend
    terminal = make_terminal(monkeypatch)
    drawn = threading.Event()
    monkeypatch.setattr(activity._Screen, "attend", attend)
    monkeypatch.setattr(activity, "INTERVAL", 0.001)
    monkeypatch.setattr(terminal, "flush", drawn.set)
    for text in ("waiting", "waiting again"):
        drawn.clear()
        with announced(text):
            assert drawn.wait(60)
        assert f"{text} … " in terminal.getvalue()


def test_what_is_short_shares_a_thread_and_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    attend = activity._Screen.attend
    terminal = make_terminal(monkeypatch)
    monkeypatch.setattr(activity._Screen, "attend", attend)
    monkeypatch.setattr(activity, "_screen", activity._Screen())
    threads = set()
    for _ in range(3):
        with announced("looking"):
            threads.add(activity._screen._thread)
    assert len(threads) == 1
    assert terminal.getvalue() == ""


def test_the_line_stays_for_those_who_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = make_terminal(monkeypatch)
    first, second = announced("first"), announced("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    draw()
    assert terminal.screen == ["second … 0.0 s"]
    second.__exit__(None, None, None)
    assert not is_shown()
    assert sys.stdout is terminal


def test_nothing_is_shown_in_a_pipe_nor_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = make_terminal(monkeypatch)
    with shown(io.StringIO()), silence(), announced("compiling C"):
        assert not is_shown()
        with ThreadPoolExecutor(1) as pool:  # silence is that of a thread
            assert pool.submit(_is_shown_when_announced).result()
    assert terminal.getvalue() == ""


def _is_shown_when_announced() -> bool:
    with announced("compiling C"):
        return is_shown()


def test_notebooks_have_such_a_line_and_dumb_terminals_have_not(monkeypatch: pytest.MonkeyPatch) -> None:
    OutStream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    assert is_live(OutStream())
    assert is_live(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_live(Terminal())
    assert not is_live(None)


def test_compilers_are_announced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_terminal(monkeypatch)
    if toolchain.find_compiler() is None:
        pytest.skip("needs a C compiler")
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    texts: list[str] = []
    run = toolchain._Job.run

    def looked_at(job: toolchain._Job, text: str) -> Path:
        texts.extend(said(60) for said in activity._running)
        return run(job, text)

    monkeypatch.setattr(toolchain._Job, "run", looked_at)
    for _ in range(2):
        toolchain.build("int nnc_activity(void) { return 1; }\n")
    assert texts == ["compiling C … 0.0 s"]
