"""docs/reference/ has every public name, and the site has links to where each is described."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

import nnc
from documentation import reference
from documentation.blocks import ROOT
from documentation.reference import FOLDER, MODULES, described, pages

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name], "run python -m documentation"


def test_there_is_a_page_for_every_public_module() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)
    assert {f"nnc.{name}" for name in nnc._MODULES} <= set(MODULES)
    for name in nnc.__all__:
        assert f"\n- `{name}`: " in PAGES["nnc.md"]


@pytest.mark.parametrize("name", [f"{name}.md" for name in MODULES])
def test_every_name_has_a_sentence(name: str) -> None:
    for line in PAGES[name].splitlines():
        if line.startswith("- "):
            assert re.fullmatch(r"- `\w+`: \S.*\.", line)
            assert len(line) > len("- `a`: b.") + 2


def test_each_thing_is_described_on_one_page() -> None:
    found = [line for text in PAGES.values() for line in described(text).splitlines() if line.startswith("::: ")]
    assert len(found) == len(set(found)) > 400
    assert "::: nnc.layers.core.Dense" in found
    assert "::: nnc.compiling.compile" in found


def test_members_of_bases_that_no_page_describes_are_shown() -> None:
    options = "\n    options:\n      inherited_members: true\n"
    layers = described(PAGES["nnc.layers.md"])
    assert f"::: nnc.layers.base.Layer{options}" in layers
    assert "::: nnc.layers.core.Dense\n\n" in layers


def test_links_lead_to_where_things_are_described() -> None:
    full = {name: described(text) for name, text in PAGES.items()}
    for name, text in full.items():
        for page, anchor in re.findall(r"\]\(([\w.]*)#([\w.]+)\)", text):
            assert f"::: {anchor}\n" in full[page or name] + "\n", (name, anchor)


def test_the_site_moves_links() -> None:
    from documentation.hooks import OUTSIDE, linked

    assert linked("[a](docs/design.md#x), [b](CONTRIBUTING.md), [c](https://x.org/y)", "index.md") == (
        "[a](design.md#x), [b](contributing.md), [c](https://x.org/y)"
    )
    assert linked('<img src="docs/images/memory.svg" alt="x">', "index.md") == '<img src="images/memory.svg" alt="x">'
    assert (
        linked("[a](../../CONTRIBUTING.md) [b](your-own-op.md)", "guides/x.md")
        == "[a](../contributing.md) [b](your-own-op.md)"
    )
    assert linked("[a](digits.py), [b](../docs/start.md)", "examples.md") == "[a](examples/digits.py), [b](start.md)"
    for source in OUTSIDE:
        assert (ROOT / PurePosixPath(source)).exists()


def test_examples_are_fenced() -> None:
    griffe = pytest.importorskip("griffe")
    from documentation.doctests import Doctests, fenced

    text = "Adds.\n\n>>> 1 + 1\n2\n\nMore.\n\n>>> 2 + 2\n4"
    assert fenced(text) == "Adds.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nMore.\n\n```pycon\n>>> 2 + 2\n4\n```"
    assert issubclass(Doctests, griffe.Extension)
    assert reference.first_sentence(fenced) == "Return a docstring with fences around its examples."
