"""What the README promises of itself: its length, its picture, and what it sends readers to."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
import yaml

import nnc
from documentation.blocks import ROOT
from documentation.readme_picture import BATCH, PICTURE, save_network

README = (ROOT / "README.md").read_text()


def test_it_is_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 120
    highlights = README.partition("## Five reasons to look\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"^- \*\*", highlights, re.MULTILINE)) == 5
    speeds = README.partition("## How fast\n")[2].partition("\n## ")[0]
    assert len([line for line in speeds.splitlines() if line.startswith("| ")]) == 2 + 5
    assert "slower than the fastest peer" in speeds


def test_it_has_its_picture() -> None:
    (source,) = re.findall(r'<img src="([^"]+)"', README)
    assert (ROOT / source).samefile(PICTURE)


def test_what_is_cited_is_this_version() -> None:
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (found["cff-version"], found["type"], found["license"]) == ("1.2.0", "software", "MIT")
    assert found["version"] == nnc.__version__
    assert {"message", "title", "authors"} <= set(found)


@pytest.mark.slow
def test_the_picture_is_of_a_plan_of_that_size(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    path = tmp_path / "resnet50.keras"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras's
        save_network(path)
    plan = nnc.compile(path, backend="numpy").plan("train", batch=BATCH)
    assert f"It takes {plan.peak_bytes / 2**30:.2f} GiB" in README
    assert plan.peak_bytes / plan.lower_bound - 1 < 0.0002
