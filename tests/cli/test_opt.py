"""`nnc opt`: passes on graphs in text form."""

from __future__ import annotations

import json
from pathlib import Path

from nnc.passes import pass_names
from tests.cli.conftest import Run

GRAPH = """\
graph f(x: f32[batch,2]) {
  %0 = exp(%x) : f32[batch,2]
  %1 = exp(%x) : f32[batch,2]
  %2 = negative(%x) : f32[batch,2]
  %3 = add(%0, %1) : f32[batch,2]
  return y=%3
}
"""
EXPECTED = """\
graph f(x: f32[batch,2]) {
  %0 = exp(%x) : f32[batch,2]
  %1 = add(%0, %0) : f32[batch,2]
  return y=%1
}
"""


def test_golden(run: Run) -> None:
    Path("f.txt").write_text(GRAPH)
    result = run("opt", "f.txt", "--passes", "cse,dce")
    assert result.stdout == EXPECTED
    assert result.stderr == ""


def test_standard_input_and_output_file(run: Run) -> None:
    assert run("opt", "-", "--passes", "cse, dce", stdin=GRAPH).stdout == EXPECTED
    result = run("opt", "-", "--passes", "cse,dce", "-o", "out.txt", stdin=GRAPH)
    assert (result.stdout, result.stderr) == ("", "wrote out.txt\n")
    assert Path("out.txt").read_text() == EXPECTED


def test_without_passes_it_only_checks(run: Run) -> None:
    assert run("opt", "-", stdin=GRAPH).stdout == GRAPH


def test_the_example_works(run: Run) -> None:
    text = run("compile", "base.yaml", "--emit", "ir", "--after", "update").stdout
    assert "fusion." in run("opt", "-", "--passes", "decompose,cse,fuse", stdin=text).stdout


def test_list(run: Run) -> None:
    described = json.loads(run("opt", "--list", "--json").stdout)
    assert tuple(described) == pass_names()
    assert all(described.values())
    assert run("opt", "--list").stdout.split()[:6] == ["Pass", "What", "it", "does", "─" * 80, "cse"]


def test_errors(run: Run) -> None:
    assert "Did you mean 'fuse'?" in run("opt", "-", "--passes", "fues", code=1, stdin=GRAPH).stderr
    assert run("opt", "-", code=1, stdin="graph f(").stderr.startswith("error: standard input")
    Path("bytes.txt").write_bytes(b"graph \xff")
    assert "bytes.txt: expected UTF-8 text" in run("opt", "bytes.txt", code=1).stderr
    assert "not legal at this stage" in run("opt", "-", "--passes", "fuse,fuse", code=1, stdin=GRAPH).stderr
