"""Every page is true: its code runs, it shows what is printed and drawn, and its links lead somewhere."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from documentation.blocks import DOCS, NEEDS, ROOT, Role, blocks_of, pages
from documentation.outputs import matches, pairs
from documentation.pictures import is_current, pictures_of
from documentation.running import run_page
from nnc.backends.c.toolchain import find_compiler

PAGES = {str(path.relative_to(ROOT)): path for path in pages()}
SLOW = {
    "docs/export.md",
    "docs/guides/arrays.md",
    "docs/guides/bring-a-keras-model.md",
    "docs/guides/deploy.md",
    "examples/README.md",
}
"""Pages that import TensorFlow, compile C in several ways, or train for long."""
NEEDS_C = {"docs/guides/deploy.md", "docs/guides/your-own-op.md", "docs/export.md"}
"""Pages that run C themselves."""
NOT_RUN = {
    "CONTRIBUTING.md: the tests run this page",
    "README.md: .ci/run runs it: run",
    "README.md: .ci/run runs it: test",
    "docs/backends.md: installs a package",
    "docs/guides/sweeps.md: needs Optuna; the tests run sweeps of this kind",
    "docs/guides/sweeps.md: needs Ray; the tests run sweeps of this kind",
    "docs/guides/predict-everywhere.md: needs Dask; a test runs it, with threads and with processes",
    "docs/guides/predict-everywhere.md: needs Ray; the tests compare its files",
    "docs/guides/predict-everywhere.md: needs Ray; the tests kill such workers",
    "docs/guides/predict-everywhere.md: needs Spark",
    "docs/reliability.md: the tests and CI run these",
    "docs/results.md: takes a minute, and writes this page",
    "docs/start.md: who runs this page has nnc; .ci/run installs it in a bare virtual environment first",
    "examples/serving/kserve.md: starts a server; the tests ask it in their own process",
    "examples/serving/kserve.md: takes minutes, with a server in another terminal",
    "examples/serving/ray_serve.md: starts a server",
}
"""All blocks that are shown and not run here, each with its reason."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled code that pages share."""
    return tmp_path_factory.mktemp("cache")


def _marked(name: str) -> object:
    has_tools = find_compiler() is not None and shutil.which("make") is not None
    return pytest.param(
        name,
        marks=[
            *([pytest.mark.slow] if name in SLOW else []),
            pytest.mark.skipif(name in NEEDS_C and not has_tools, reason="needs a C compiler and make"),
        ],
    )


@pytest.mark.numpy_backend
@pytest.mark.parametrize("name", [_marked(name) for name in PAGES])
@pytest.mark.sampled(5)
def test_what_a_page_shows_is_what_happens(name: str, tmp_path: Path, cache: Path) -> None:
    page = PAGES[name]
    blocks = blocks_of(page.read_text())
    if not any(block.role is not Role.shown for block in blocks):
        return
    printed = run_page(page, tmp_path, cache)
    for block, text in pairs(blocks, printed):
        assert matches(block.text, text), f"{name}, line {block.line}; printed now:\n{text}"
    for drawn, shown in pictures_of(page, tmp_path / "work"):
        assert is_current(drawn, shown), f"{shown.relative_to(ROOT)}: run python -m documentation {name}"


def test_what_is_not_run_is_known() -> None:
    found = {
        f"{name}: {block.note}"
        for name, page in PAGES.items()
        for block in blocks_of(page.read_text())
        if block.role is Role.shown and not block.note.startswith(NEEDS)
    }
    assert found == NOT_RUN


@pytest.mark.parametrize("name", PAGES)
def test_indented_blocks_are_figures(name: str) -> None:
    """What stands four spaces in is shown and never run, so there is no command in it."""
    text = re.sub(r"^```.*?^```", "", PAGES[name].read_text(), flags=re.DOTALL | re.MULTILINE)
    figures = re.findall(r"(?<=\n\n)(?: {4}[^\n]*\n|\n)+", text)
    commands = re.compile(
        r"^ +(?:\$ |nnc |pip |python |make |ruff |mypy |import |from \w+ import |\w+ = )", re.MULTILINE
    )
    assert [figure for figure in figures if commands.search(figure)] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_files_and_headings(name: str) -> None:
    page = PAGES[name]
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^):\s]+)\)|<img src=\"([^\"]+)\"", text):
        path, _, anchor = (link[0] or link[1]).partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def _inline_commands() -> list[str]:
    texts = "\n".join(
        re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE) for page in PAGES.values()
    )
    found = re.findall(r"`((?:nnc|python -m|python main\.py) [^`]+)`", texts)
    return sorted({" ".join(part.split()) for text in found for part in text.split(" | ")})


@pytest.mark.parametrize("command", _inline_commands())
def test_commands_in_sentences_exist(command: str) -> None:
    """A command that a sentence names has these options."""
    from typer.main import get_command

    from nnc.cli.app import DEFAULT_COMMAND, app

    words = command.split()
    if words[:2] == ["python", "-m"]:
        assert find_spec(words[2]) is not None
        return
    rest = words[2:] if words[0] == "python" else words[1:]
    group = get_command(app)
    options = {option for parameter in group.params for option in parameter.opts}
    names_one = bool(rest) and not rest[0].startswith("-")
    if names_one and rest[0] != "COMMAND":
        assert rest[0] in group.commands  # type: ignore[attr-defined]  # it is a group
    if rest and (rest[0].startswith("-") or rest[0] in group.commands):  # type: ignore[attr-defined]
        inner = group.commands[rest[0] if names_one else DEFAULT_COMMAND]  # type: ignore[attr-defined]
        options |= {option for parameter in inner.params for option in parameter.opts} | {"-h", "--help"}
        given = {word.partition("=")[0].rstrip(",") for word in rest if word.startswith("-") and word != "-"}
        assert given <= options


def test_names_on_the_page_of_exports_are_in_the_file(tmp_path: Path) -> None:
    import nnc
    from nnc.export import export

    export(nnc.compile(ROOT / "examples" / "base.yaml"), "python", tmp_path / "model.py", train=True)
    exported = (tmp_path / "model.py").read_text()
    table = (DOCS / "export.md").read_text().partition("| name |")[2].partition("\n\n")[0]
    names = re.findall(
        r"`(\w+)[`(]", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    )
    assert len(names) > 6
    for name in names:
        assert re.search(rf"^(def {name}\(|{name} =|    {name} =)", exported, re.MULTILINE), name


def test_names_in_c_are_in_the_header(tmp_path: Path) -> None:
    import nnc
    from nnc.export import export

    export(nnc.compile(ROOT / "examples" / "base.yaml"), "c", tmp_path, train=True)
    header = (tmp_path / "base.h").read_text()
    names = set(re.findall(r"`(base_\w+|BASE_\w+)`", (DOCS / "export.md").read_text()))
    assert len(names) > 5
    assert [name for name in names if name not in header] == []
