"""What must hold, whatever is in a file: it is read, or refused in one readable error, soon and in little memory."""

from __future__ import annotations

import linecache
import os
import time
import traceback
import warnings
from pathlib import Path

from nnc.errors import MemoryBudgetError, ModelFileError, NncError
from tests.fuzz.guard import unwatched, watched
from tests.fuzz.readers import Reader

SECONDS = 2.0
MEMORY = 200 * 2**20
LONGEST_LINE = 1_000
MOST_LINES = 120
ROOT = Path(__file__).parents[2]


def check(reader: Reader, content: bytes, folder: Path, goes_on: bool = True, patience: float = 1.0) -> tuple[str, str]:
    """Do with a content what its reader's users do, and return what came of it and what is wrong with that.

    Args:
        reader: of which kind the file is.
        content: what is in it.
        folder: where it is written.
        goes_on: whether to do as well what comes after reading.
        patience: how many times more processor time it may take, where its code is instrumented.

    Returns:
        An outcome, such as ``read`` or the name of an error, and a finding, which is empty where all is well.
    """
    path = folder / f"latest{reader.suffix_of(content)}"
    path.write_bytes(content)
    before, start = _peak(reset=True), time.thread_time()
    outcomes: list[str] = []
    findings: list[str] = []
    with warnings.catch_warnings(record=True) as said, watched(path) as done:
        warnings.simplefilter("always")
        for read in reader.reads:
            try:
                found = read(path)
                if goes_on and read is reader.reads[0]:
                    shown = reader.go_on(found)
                    if not all(map(str.isprintable, shown.split("\n"))):
                        findings.append("what is shown has characters that do not print")
                outcomes.append("read")
            except Exception as error:
                with unwatched():
                    outcomes.append(type(error).__name__)
                    findings.append(_about_error(error, path))
    path.unlink()
    outcome = " ".join(outcomes)
    linecache.clearcache()  # of what was generated
    seconds, grown = time.thread_time() - start, _peak() - before
    findings = [*done, *findings, *(f"warning: {_about_lines(str(each.message), path)}" for each in said)]
    findings = [finding for finding in findings if finding not in ("", "warning: ")]
    if seconds > SECONDS * patience:
        findings.append(f"slow: {outcome} after {seconds:.1f} s")
    if grown > MEMORY:
        findings.append(f"large: {outcome} after {grown >> 20} MiB")
    return outcome, next(iter(findings), "")


def _about_error(error: Exception, path: Path) -> str:
    text = str(error)
    problem = "" if isinstance(error, NncError) else "none of nnc's errors"
    if text.count("\n") and not isinstance(error, ModelFileError | MemoryBudgetError):
        problem = problem or "several lines"
    problem = problem or _about_lines(text, path)
    return f"{problem}: {type(error).__name__}: {text!r:.300} {_place(error)}" if problem else ""


def _about_lines(text: str, path: Path) -> str:
    """Say what is wrong with a text for a terminal; an empty text if nothing is."""
    lines = text.replace(str(path), path.name).split("\n")
    if not text.strip():
        return "no text"
    if not all(line.isprintable() for line in lines):
        return "characters that do not print"
    if len(lines) > MOST_LINES or max(map(len, lines)) > LONGEST_LINE:
        return "too much text"
    return ""


def _place(error: BaseException) -> str:
    """Return where an error comes from: the last lines of ours, then the last of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith((f"{ROOT}/nnc", f"{ROOT}/frontends"))][-1:]
    shown = [*own, *(frames[-1:] if own[-1:] != frames[-1:] else [])]
    return " ".join(f"{os.path.relpath(frame.filename, ROOT)}:{frame.lineno}({frame.name})" for frame in shown)


def _peak(reset: bool = False) -> int:
    """Return the most bytes that this process has had in memory since the last reset; 0 where no system says it."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_bytes(b"5")
        return int(Path("/proc/self/status").read_bytes().partition(b"VmHWM:")[2].split()[0]) * 1024
    except OSError:
        return 0
