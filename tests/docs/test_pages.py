"""The code on pages of the documentation runs, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("backends.md", "export.md", "guides/arrays.md", "guides/scikit-learn.md")


@pytest.mark.parametrize("page", PAGES)
def test_python_blocks_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path / "cache"))
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    assert blocks
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), namespace)


def test_shown_python_is_what_is_exported(tmp_path: Path) -> None:
    import nnc
    from nnc.export import export

    export(nnc.compile(DOCS.parent / "examples" / "base.yaml"), "python", tmp_path / "model.py")
    exported = (tmp_path / "model.py").read_text().splitlines()
    shown = (DOCS / "export.md").read_text().partition("    def bind_predict")[2].partition("\nAfter a first call")[0]
    lines = [line.removeprefix("    ") for line in shown.splitlines()[1:] if line.strip() not in ("", "...")]
    assert len(lines) > 4
    assert [line for line in lines if line not in exported] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", (DOCS / page).read_text()):
        assert (DOCS / link).exists()


def test_names_on_the_page_are_in_the_file(tmp_path: Path) -> None:
    import nnc
    from nnc.export import export

    export(nnc.compile(DOCS.parent / "examples" / "base.yaml"), "python", tmp_path / "model.py", train=True)
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

    export(nnc.compile(DOCS.parent / "examples" / "base.yaml"), "c", tmp_path, train=True)
    header = (tmp_path / "base.h").read_text()
    names = set(re.findall(r"`(base_\w+|BASE_\w+)`", (DOCS / "export.md").read_text()))
    assert len(names) > 5
    assert [name for name in names if name not in header] == []
