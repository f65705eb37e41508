"""The table of rooms on the layout page, against the rooms that there are and the import contract."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import networkx

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LEVELS = [re.split(r" \| ", level) for level in CONTRACTS[0]["layers"]]
BESIDE = {"nnc.data"}
"""Rooms that are on no level, because a contract of their own says what they may import."""


def rows() -> list[tuple[list[str], str]]:
    """The rooms of each row, as modules, and what they may import."""
    text = (ROOT / "docs" / "design.md").read_text()
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    names = [re.findall(r"`([\w/]+?)/?(?:\.py)?`", row[0]) for row in cells]
    return [
        ([name.replace("/", ".") for name in found], row[-1].strip()) for found, row in zip(names, cells, strict=True)
    ]


def test_every_room_is_in_the_table_and_in_the_contract():
    listed = [name for names, _ in rows() for name in names]
    found = {
        f"nnc.{path.stem}"
        for path in (ROOT / "nnc").iterdir()
        if path.name not in ("__init__.py", "__main__.py") and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert len(listed) == len(set(listed))
    assert {name for name in listed if name.startswith("nnc.")} == found
    assert {name for level in LEVELS for name in level} == (found | {"frontends"}) - BESIDE


def test_rows_are_in_the_order_of_the_contract():
    level_of = {name: number for number, level in enumerate(LEVELS) for name in level}
    numbers = [level_of[name] for names, _ in rows() for name in names if name in level_of]
    assert numbers == sorted(numbers)


def test_what_a_room_may_import_is_what_the_contract_says():
    allowed = {name: says for names, says in rows() for name in names}
    forbidden = {
        module: contract["forbidden_modules"] for contract in CONTRACTS[1:] for module in contract["source_modules"]
    }
    last = set(LEVELS[-1])
    for name, says in allowed.items():
        if name in forbidden and "no vocabulary" in says:
            assert says == "no vocabulary, no hints"
            assert set(forbidden[name]) >= {"nnc.hints", *next(level for level in LEVELS if "nnc.losses" in level)}
        elif name in forbidden:
            assert re.findall(r"`(\w+)`", says) == [module.removeprefix("nnc.") for module in forbidden[name]]
        elif name.startswith(("nnc.", "frontends")):
            assert says == ("nothing" if name in last else "everything below"), name


CORE = {"dimensions", "graph", "inference", "leaves", "op", "placeholder", "printer", "types"}
"""Files of `ir` that need each other: a graph, its nodes and their text."""


def imported(path: Path, files: dict[str, Path]) -> Iterator[str]:
    """The files of nnc that one of them imports, anywhere in it, for types alone too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in files else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_two_files_import_each_other_outside_of_the_core_of_ir():
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for room in ("nnc", "frontends")
        for path in (ROOT / room).rglob("*.py")
    }
    imports = networkx.DiGraph(
        (name, other) for name, path in files.items() for other in imported(path, files) if other in files
    )
    cycles = [found for found in networkx.strongly_connected_components(imports) if len(found) > 1]
    assert sorted(set.union(*cycles)) == sorted(f"nnc.ir.{name}" for name in CORE)


def test_files_that_the_page_names_are_there():
    text = (ROOT / "docs" / "design.md").read_text()
    named = re.findall(r"`((?:\w+/)*\w+\.py)`", text)
    found = {
        f"/{path.relative_to(ROOT)}" for path in (*(ROOT / "nnc").rglob("*.py"), *(ROOT / "frontends").rglob("*.py"))
    }
    found.add("/main.py")
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in found)] == []
