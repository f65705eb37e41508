"""Texts of errors: fit for a terminal, whatever stands in a file that they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.data import read_table
from nnc.errors import CompilerError, DataError, GraphError, ModelError, ModelFileError, NncError, ProgramFileError


@pytest.mark.parametrize("kind", [NncError, DataError, GraphError, ModelError, ProgramFileError])
def test_one_line_that_prints(kind: type[NncError]) -> None:
    assert str(kind("größe \x1b[31m\u202e\r\nerror: \ud800")) == "größe \\x1b[31m\\u202e\\r\\nerror: \\ud800"
    text = str(kind(f"found {'x' * 10_000}; remove it"))
    assert (len(text) <= 1_000, text.startswith("found xxx"), text.endswith("; remove it")) == (True, True, True)


def test_lines_that_are_meant_stay() -> None:
    assert str(CompilerError("cc said\n\tno\x1b")) == "cc said\n        no\\x1b"
    assert str(ModelFileError("a.yaml", ["one", "two"])) == "a.yaml: 2 problems\n  one\n  two"


def test_names_in_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,"b\x1b[31m\nerror: all is lost",c\n1,2,3\n')
    with pytest.raises(DataError) as caught:
        read_table(path, "y")
    expected = r"expected a column 'y', found columns a, b\x1b[31m\nerror: all is lost, c."
    assert str(caught.value) == f"{path}: {expected}"
