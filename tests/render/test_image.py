from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nnc.errors import ModelError, NncError
from nnc.render import (
    Arrow,
    Box,
    Cluster,
    Diagram,
    Line,
    draw,
    formats,
    image,
    layers_diagram,
    ops_diagram,
    to_dot,
    write,
)
from tests.render import samples

SVG = "{http://www.w3.org/2000/svg}"


def svg_texts(path: Path) -> list[str]:
    return [" ".join(element.itertext()) for element in ElementTree.parse(path).iter(f"{SVG}text")]


def joined(texts: list[str]) -> str:
    return re.sub(r"[\s\u00a0]+", " ", "\n".join(texts))


@pytest.mark.parametrize("make", [samples.base_model, samples.chain_model, samples.branching_model])
def test_svg_is_xml_and_has_every_layer(make: Callable[[], samples.FakeModel], tmp_path: Path) -> None:
    model = make()
    write(layers_diagram(model), tmp_path / "model.svg")
    text = joined(svg_texts(tmp_path / "model.svg"))
    for call in model.calls:
        if call.inputs:
            assert call.layer.name in text
    for number in range(1, len({call.layer.name for call in model.calls if call.inputs}) + 1):
        assert f"Layer{number}" in text


def test_svg_of_ops_has_phases_and_parameters(tmp_path: Path) -> None:
    write(ops_diagram(samples.train_graph()), tmp_path / "train.svg")
    texts = svg_texts(tmp_path / "train.svg")
    for expected in ("dense_sigmoid", "dense/kernel 2×2", "update @parameters", "backward", "@learning_rate"):
        assert expected in texts


def test_svg_falls_back_to_fonts_that_are_there(tmp_path: Path) -> None:
    write(layers_diagram(samples.base_model()), tmp_path / "model.svg")
    families = {element.get("font-family") for element in ElementTree.parse(tmp_path / "model.svg").iter(f"{SVG}text")}
    assert families == {"Helvetica, Arial, sans-serif"}


def test_texts_are_as_wide_in_any_font_as_graphviz_reckoned(tmp_path: Path) -> None:
    write(layers_diagram(samples.base_model()), tmp_path / "model.svg")
    root = ElementTree.parse(tmp_path / "model.svg").getroot()
    middles = {float(ellipse.attrib["cx"]) for ellipse in root.iter(f"{SVG}ellipse")}
    assert len(middles) == 1, "input and output stand above each other, and so do the layers"
    texts = list(root.iter(f"{SVG}text"))
    assert {element.get("lengthAdjust") for element in texts} == {"spacingAndGlyphs"}
    found = {element.text: (float(element.attrib["x"]), float(element.attrib["textLength"])) for element in texts}
    for text in ("Input", "Layer1", "dense · Dense(2) · sigmoid", "6 parameters · 12 FLOPs"):
        left, length = found[text]
        assert left + length / 2 == pytest.approx(middles.copy().pop(), abs=0.05), text
    assert max(map(sum, found.values())) < float(root.attrib["viewBox"].split()[2])


def test_hostile_names_are_shown_as_they_are(tmp_path: Path) -> None:
    write(layers_diagram(samples.hostile_model()), tmp_path / "hostile.svg")
    text = joined(svg_texts(tmp_path / "hostile.svg"))
    assert 'model "<&>\\"\\n} · 72 parameters' in text
    for name in samples.HOSTILE_NAMES:
        shown = name.replace("\n", "\\n").replace("\x00", "\\x00").replace("\x07", "\\x07").strip()
        assert shown in text


def test_hostile_labels_of_arrows_groups_and_tooltips(tmp_path: Path) -> None:
    hostile = '"q" <b>&amp;\\N\\"\\'
    boxes = (
        Box("op1", (Line(hostile, "title"), Line("")), "forward", "group1", hostile),
        Box("op2", (Line("b"),), "plain"),
    )
    group = Cluster("group1", hostile, "loss")
    write(Diagram(hostile, boxes, (Arrow("op1", "op2", hostile),), (group,), ("loss",)), tmp_path / "d.svg")
    assert joined(svg_texts(tmp_path / "d.svg")).count(hostile) == 4
    root = ElementTree.parse(tmp_path / "d.svg").getroot()
    tooltips = [value for element in root.iter() for key, value in element.items() if key.endswith("}title")]
    assert [text for text in tooltips if text.strip()] == [hostile.replace("\\", "⧵")] * 2


def test_png_is_a_png(tmp_path: Path) -> None:
    write(layers_diagram(samples.base_model()), str(tmp_path / "model.PNG"))
    assert (tmp_path / "model.PNG").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_texts_are_written_as_utf8(tmp_path: Path) -> None:
    diagram = layers_diagram(samples.base_model())
    write(diagram, tmp_path / "model.dot")
    write(diagram, tmp_path / "model.mmd")
    assert (tmp_path / "model.dot").read_text("utf-8") == to_dot(diagram)
    assert (tmp_path / "model.mmd").read_text("utf-8").startswith("---\n")


@pytest.mark.parametrize("name", ["model.gif", "model", "model.", "png"])
def test_unknown_suffix_names_the_known_ones(name: str, tmp_path: Path) -> None:
    message = re.escape(f"'{name}': a picture's file name must end in .svg, .png, .pdf, .dot, .mmd or .txt, got ")
    with pytest.raises(ModelError, match=message):
        write(layers_diagram(samples.base_model()), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("interrupted", ["fsync", "replace"])
def test_interrupted_write_leaves_the_old_file(
    interrupted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.dot"
    path.write_text("old")

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, interrupted, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(layers_diagram(samples.base_model()), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_failed_drawing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.svg"
    path.write_text("old")
    monkeypatch.setattr(formats, "to_dot", lambda diagram, theme: "digraph {")
    with pytest.raises(NncError, match=r"Graphviz .* drew no picture; it said: .*syntax error"):
        write(layers_diagram(samples.base_model()), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write(layers_diagram(samples.base_model()), tmp_path / "model.dot")
    assert (tmp_path / "model.dot").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_graphviz_pure_is_found_without_a_search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert Path(image.find_graphviz()).stem == "graphviz-pure"
    assert draw("digraph { a }", "svg").startswith(b"<?xml")


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for dot")
def test_the_systems_dot_is_taken_where_the_package_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(image.find_graphviz()).stem == "graphviz-pure"
    monkeypatch.setattr(image, "DISTRIBUTION", "graphviz-nowhere")
    assert image.find_graphviz() == str(program)
    assert draw("digraph {}", "png") == b"-Kdot -Tpng -Gdpi=144\n"
    assert draw("digraph {}", "svg", "neato") == b"-Kneato -n -Tsvg\n"


def test_no_graphviz_at_all_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(image, "DISTRIBUTION", "graphviz-nowhere")
    with pytest.raises(NncError, match="pip install graphviz-pure"):
        image.find_graphviz()


def test_importing_the_room_imports_no_graphviz() -> None:
    code = "import sys, nnc.render; print(sorted({'graphviz', 'networkx'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert result.stdout.decode().strip() == "[]"
