"""`nnc render -o model.html`: everything about a model in one file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import nnc
from nnc import layers
from nnc.render.page import page
from tests.cli.conftest import Run


def data_of(path: str) -> Any:
    """Return the data in a page."""
    text = Path(path).read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def passes(data: Any, graph: int = 0) -> list[str]:
    """Return the names of the passes of one of the graphs."""
    return [data["strings"][stage["pass"]] for stage in data["graphs"][graph]["stages"]]


def test_writes_a_page_of_training_and_prediction(run: Run) -> None:
    result = run("render", "base.yaml", "-o", "base.html")
    assert (result.stdout, result.stderr) == ("", "wrote base.html\n")
    data = data_of("base.html")
    assert [graph["name"] for graph in data["graphs"]] == ["train", "predict"]
    assert passes(data)[:3] == ["loss", "differentiate", "update"]
    assert passes(data)[-3:] == ["fuse", "schedule", "inline"]
    assert {"name": "base.yaml", "lines": Path("base.yaml").read_text().splitlines()} == data["file"]
    assert {"SGD", "binary_crossentropy"} <= set(data["strings"])


@pytest.mark.slow
def test_prints_the_same_page(run: Run) -> None:
    run("render", "base.yaml", "-o", "base.html")
    assert run("render", "base.yaml", "--format", "html").stdout == Path("base.html").read_text(encoding="utf-8")


def test_one_graph_for_more_rows_and_in_c(run: Run) -> None:
    run("render", "base.yaml", "-o", "base.HTML", "--for", "predict", "--batch", "128", "--backend", "c")
    (graph,) = data_of("base.HTML")["graphs"]
    assert graph["name"] == "predict"
    assert graph["execution"]["sizes"] == {"batch": 128}
    assert graph["execution"]["source"]["language"] == "C"
    assert passes(data_of("base.HTML"))[-3:] == ["sink", "split", "inline"]


def test_a_saved_program_has_its_layers_and_its_backends_passes(run: Run) -> None:
    nnc.compile("base.yaml").save("base.nnc")
    run("render", "base.nnc", "-o", "saved.html")
    data = data_of("saved.html")
    assert passes(data) == ["saved", "inline"]
    assert data["file"] is None
    assert {"Dense(2) · sigmoid", "Dense(1) · sigmoid"} <= set(data["strings"])
    assert "SGD" not in data["strings"]


class Unknown(layers.Layer):
    """A class that no other process knows."""

    def call(self, x: Any) -> Any:
        return x * 2.0


def test_a_saved_program_whose_layers_are_not_known_has_those_of_its_ops(run: Run) -> None:
    nnc.Sequential([nnc.Input((2,)), Unknown(name="twice"), layers.Dense(3)]).save("own.nnc")
    run("render", "own.nnc", "-o", "own.html")
    data = data_of("own.html")
    names = [data["strings"][group["name"]] for group in data["graphs"][0]["groups"]]
    assert names == ["sequential", "x", "twice", "dense", "dense"]


@pytest.mark.parametrize(
    "arguments", [["--level", "ops"], ["--after", "fuse"], ["--depth", "1"], ["--expand", "all"], ["--theme", "dark"]]
)
def test_a_page_has_everything(arguments: list[str], run: Run) -> None:
    said = run("render", "base.yaml", "-o", "base.html", *arguments, code=2).stderr
    assert "a page has every level, pass and colour" in " ".join(said.replace("│", " ").split())
    assert not Path("base.html").exists()


def test_a_folder_that_is_not_there_is_noticed_first(run: Run) -> None:
    said = run("render", "missing.yaml", "-o", "nowhere/base.html", code=1).stderr
    assert "the folder 'nowhere' does not exist" in " ".join(said.split())


def test_layers_are_defined_where_the_file_says(run: Run) -> None:
    Path("deep.json").write_text(
        json.dumps({"name": "deep", "input": [4], "layers": [{"Dense": 3}, {"ReLU": {}}, {"Dense": 2}]}, indent=1)
    )
    run("render", "deep.json", "-o", "deep.html")
    data = data_of("deep.html")
    lines = Path("deep.json").read_text().splitlines()
    groups = {data["strings"][group["path"]]: group["line"] for group in data["graphs"][0]["groups"]}
    assert [lines[groups[name] - 1].strip() for name in ("dense", "re_lu", "dense_1")] == [
        '"Dense": 3',
        '"ReLU": {}',
        '"Dense": 2',
    ]


def test_the_page_is_that_of_the_subject(run: Run) -> None:
    from nnc import __version__
    from nnc.cli.page import page_subject

    run("render", "base.yaml", "-o", "base.html")
    assert page(page_subject(Path("base.yaml")), __version__) == Path("base.html").read_text(encoding="utf-8")
