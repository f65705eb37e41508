"""The site builds without a warning, and whoever reads it fetches nothing from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from documentation.assets import fetched_from_elsewhere
from documentation.blocks import ROOT


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<link rel="preconnect stylesheet" href="//fonts.example.org/css">',
        '<img src="http://example.org/badge.svg">',
        '<div style="background: url(https://example.org/x.png)"></div>',
        "<style>@import 'https://example.org/x.css';</style>",
        '<pre class="mermaid">graph LR</pre>',
    ],
)
def test_what_is_fetched_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "index.html").write_text(f"<p>{text}</p>")
    (found,) = fetched_from_elsewhere(tmp_path)
    assert found.startswith("a/index.html: ")


def test_links_and_own_files_are_fine(tmp_path: Path) -> None:
    text = (
        '<a href="https://example.org">x</a><script src="../x.js"></script><link rel="canonical" href="https://x.org">'
    )
    (tmp_path / "index.html").write_text(text)
    (tmp_path / "x.css").write_text("body { background: url(x.png) }")
    assert fetched_from_elsewhere(tmp_path) == []
    (tmp_path / "x.css").write_text("body { background: url('https://example.org/x.png') }")
    assert fetched_from_elsewhere(tmp_path) == ["x.css: https://example.org/x.png"]


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings")
    pytest.importorskip("material")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "index.html").read_text()
    assert "Two commands" in home
    assert "straight-line NumPy" in (tmp_path / "search" / "search_index.json").read_text()
    assert 'id="nnc.layers.core.Dense"' in (tmp_path / "reference" / "nnc.layers" / "index.html").read_text()
