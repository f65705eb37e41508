"""A plugin of pytest that runs Keras's tests on nnc, and writes a line of JSON for each as soon as it is known."""

from __future__ import annotations

import json
import os
import re
import signal
import traceback
from pathlib import Path
from typing import Any

import pytest

from tests.keras_suite.bridge import SOURCE, install
from tests.keras_suite.scope import pattern_of, reason_of

SECONDS = 60
"""The longest that a test may take."""
install()


class TooLongError(Exception):
    """A test was stopped."""


def name_of(item: Any) -> str:
    """Return the path of a test below ``keras/src``, and its name, without the addresses of functions in it."""
    path = Path(str(item.path)).relative_to(SOURCE).as_posix()
    return re.sub(r" ?at ?0x[0-9a-f]+", "", "::".join([path, *item.nodeid.split("::")[1:]]))


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Leave out what is not in scope."""
    kept = []
    for item in items:
        reason = reason_of(name_of(item))
        if reason is None:
            kept.append(item)
        else:
            _write(name_of(item), "out of scope", reason, pattern_of(name_of(item)) or "")
    items[:] = kept


def pytest_collectreport(report: Any) -> None:
    """Note a file that cannot be imported."""
    if report.failed and report.fspath:
        path = (SOURCE.parents[1] / report.nodeid.split("::")[0]).resolve()
        inner = path.relative_to(SOURCE.resolve()) if path.is_relative_to(SOURCE.resolve()) else Path(report.nodeid)
        _write(f"{inner.as_posix()}::<import>", "failed", _last_line(str(report.longrepr)), "import")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: Any) -> Any:
    """Stop a test that takes too long."""

    def stop(*_: Any) -> None:
        raise TooLongError(f"the test takes more than {SECONDS} seconds")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    _write(name_of(item), "begun", "")
    yield
    signal.alarm(0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    """Note how a test ended."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" or (report.when == "setup" and not report.passed):
        if report.skipped:
            _write(name_of(item), "skips itself", "" if call.excinfo is None else str(call.excinfo.value))
        elif report.passed:
            _write(name_of(item), "passed", "")
        else:
            _write(name_of(item), "failed", *_cause(call.excinfo.value))


def _cause(error: BaseException) -> tuple[str, str, str]:
    """Return type and message of an error, whether it is about values, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/nnc/" in frame.filename]
    where = f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else ""
    text = f"{type(error).__name__}: {str(error).strip()[:600]}"
    is_value = isinstance(error, AssertionError) and any(word in text for word in ("Not equal to tol", "not equal to"))
    is_value = is_value or (isinstance(error, AssertionError) and "Arrays are not" in text)
    kind = "value" if is_value else "assertion" if isinstance(error, AssertionError) else "exception"
    if kind == "assertion" and " does not match " in text:
        kind = "words"
    return text, kind, where


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.startswith("E ")]
    return (lines[-1] if lines else text.splitlines()[-1]).removeprefix("E").strip()


def _write(name: str, outcome: str, text: str, kind: str = "", where: str = "") -> None:
    with Path(os.environ["KERAS_SUITE_OUTPUT"]).open("a") as file:
        line = {"name": name, "outcome": outcome, "text": text, "kind": kind, "where": where}
        file.write(json.dumps(line) + "\n")
