"""The README's tables are those of docs/benchmarks.md."""

from __future__ import annotations

import pytest

from benchmarks.document import DOCUMENT
from benchmarks.readme import BEGIN, README, block, refreshed

PAGE = """# Benchmarks

## The C backend

| Work | nnc on C | Best peer | Its time | Ratio | Wanted |
| --- | ---: | --- | ---: | ---: | ---: |
| net, training step, on C | 1 ms | JAX | 2 ms | 0.50× its time | ≤ 1× |
| net, training step, 1 thread, on C | 2 ms | JAX | 3 ms | 0.67× its time | ≤ 1× |
| compile, on C | 2 s |  |  |  | ≤ 3 s |

## Everything measured

| Work | Contestant | Median | Spread | Ratio |
| --- | --- | ---: | ---: | ---: |
| net, training step | nnc fit | 5 ms | 4–6 ms |  |
|  | Keras on TensorFlow, fit | 20 ms | 18–22 ms | 4.00× faster |
|  | Keras on TensorFlow, fit, an epoch per execution | 10 ms | 9–11 ms | 2.00× faster |
| net, training step, on C | nnc fit, C | 1 ms | 1–1 ms |  |
|  | Keras on TensorFlow, fit | 20 ms | 18–22 ms | 20.0× faster |
| net, predict | nnc program(x) | 2 ms | 2–2 ms |  |
|  | Keras on TensorFlow, predict | 1 ms | 1–1 ms | 2.00× its time |
"""


def test_the_readme_has_what_the_page_has() -> None:
    text = README.read_text()
    assert refreshed(text, DOCUMENT.read_text()) == text, "run python -m benchmarks.readme"


def test_nothing_is_picked() -> None:
    rows = [line for line in block(PAGE).splitlines() if line.startswith("| net")]
    assert rows == [
        "| net, training step | 1 ms | JAX | 2 ms | 0.50× |",
        "| net, training step | 5 ms | 20 ms | 4.00× faster |",
        "| net, predict | 2 ms | 1 ms | 2.00× its time |",
    ]


def test_one_thread_is_shown_where_there_is_no_other() -> None:
    line = "| small, predict, 1 thread, on C | 3 ms | JAX | 9 ms | 0.33× its time | ≤ 1× |\n"
    other = line.replace("1 thread", "2 threads")
    compile_line = "| compile, on C |"
    shown = "| small, predict, 1 thread | 3 ms | JAX | 9 ms | 0.33× |"
    assert shown in block(PAGE.replace(compile_line, line + compile_line))
    assert shown not in block(PAGE.replace(compile_line, line + other + compile_line))


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match=r"^'## The C backend': expected a table with Work, nnc on C, .*, found none$"):
        block("# Benchmarks\n")
    with pytest.raises(ValueError, match=r"^'## Everything measured': expected .*, found \('Work', 'Median'\)$"):
        block(PAGE.partition("## Everything")[0] + "## Everything measured\n\n| Work | Median |\n| --- | --- |\n")
    with pytest.raises(ValueError, match=r"^README.md must have the lines <!-- benchmarks: "):
        refreshed(f"{BEGIN}\n", PAGE)
