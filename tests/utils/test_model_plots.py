"""Pictures of models by Keras's names."""

from __future__ import annotations

import re

import pytest

import nnc
from nnc.errors import ArgumentError, ModelError


@pytest.fixture
def model():
    given = nnc.Input((6,), name="given")
    first = nnc.layers.Dense(8, "tanh", name="first")(given)
    inner = nnc.Sequential([nnc.Input((8,)), nnc.layers.Dense(8, name="deep"), nnc.layers.ReLU()], name="inner")
    joined = nnc.layers.Add(name="sum")([inner(first), first])
    return nnc.Model(given, nnc.layers.Dense(2, name="last")(joined))


@pytest.mark.parametrize("asked", [{}, {"show_shapes": True, "show_layer_names": True, "show_layer_activations": True}])
def test_pictures_are_those_of_render(model, asked, tmp_path):
    expected = nnc.render.render(model)
    assert nnc.utils.model_to_dot(model, **asked).to_string() == expected
    nnc.utils.plot_model(model, tmp_path / "model.dot", **asked)
    assert (tmp_path / "model.dot").read_text() == expected
    for text in ("first", "tanh", "sum", "batch×8", "given", "inner"):
        assert text in expected


def test_nested_models_are_opened(model):
    closed, opened = (str(nnc.utils.model_to_dot(model, expand_nested=asked)) for asked in (False, True))
    assert "subgraph" not in closed
    assert "subgraph cluster" in opened
    assert opened == nnc.render.render(model, expand=["all"])


def test_pictures_from_left_to_right(model):
    text = nnc.utils.model_to_dot(model, rankdir="LR").to_string()
    assert "rankdir=LR" in text
    assert "splines" not in text  # straight arrows would go through boxes
    downwards = nnc.utils.model_to_dot(model).to_string()
    assert re.findall(r"\w+ -> \w+", text) == re.findall(r"\w+ -> \w+", downwards)
    with pytest.raises(ModelError, match="rankdir='LR' draws no frames around opened models; leave out expand_nested"):
        nnc.utils.plot_model(model, rankdir="LR", expand_nested=True)


def test_files_are_of_the_format_that_the_suffix_says(model, tmp_path):
    ipython = pytest.importorskip("IPython.display")
    shown = nnc.utils.plot_model(model, str(tmp_path / "model.png"))
    assert isinstance(shown, ipython.Image)
    assert shown.data == (tmp_path / "model.png").read_bytes()
    assert shown.data.startswith(b"\x89PNG")
    assert nnc.utils.plot_model(model, tmp_path / "without").data == shown.data
    drawn = nnc.utils.plot_model(model, tmp_path / "model.svg")
    assert isinstance(drawn, ipython.SVG)
    assert "<svg" in (tmp_path / "model.svg").read_text()
    assert nnc.utils.plot_model(model, tmp_path / "model.txt") is None
    with pytest.raises(ModelError, match="a picture's file name must end in"):
        nnc.utils.plot_model(model, tmp_path / "model.jpg")


def test_dot_has_the_methods_that_scripts_call(model, tmp_path):
    dot = nnc.utils.model_to_dot(model)
    assert b"<svg" in dot.create(prog="dot", format="svg")
    assert dot.write(tmp_path / "model.dot")
    assert (tmp_path / "model.dot").read_text() == str(dot) == dot.create(format="raw").decode()
    assert dot.write(str(tmp_path / "model.png"), format="png")
    assert (tmp_path / "model.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ModelError, match="got prog='neato'; leave it out"):
        dot.create("neato")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"show_dtype": True}, "show_dtype=True is not supported: no picture of layers shows element types;"),
        ({"show_trainable": True}, "show_trainable=True is not supported: no picture shows what is trainable"),
        ({"dpi": 96}, "dpi=96 is not supported: a picture has one size; write it to an .svg"),
        ({"splines": "curved"}, "splines='curved' is not supported: arrows have one form"),
        ({"rankdir": "BT"}, "rankdir must be 'TB' or 'LR', got 'BT'"),
    ],
)
@pytest.mark.parametrize("name", ["plot_model", "model_to_dot"])
def test_what_pictures_do_not_show_is_refused(model, name, settings, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as raised:
        getattr(nnc.utils, name)(model, **settings)
    assert str(raised.value).startswith(f"{name}: {message}")
    assert not list(tmp_path.iterdir())


def test_other_mistakes(model):
    with pytest.raises(ModelError, match="model_to_dot: subgraph=True is not supported"):
        nnc.utils.model_to_dot(model, subgraph=True)
    with pytest.raises(ArgumentError, match="plot_model: there is no argument 'layer_range'"):
        nnc.utils.plot_model(model, layer_range=(0, 1))
    with pytest.raises(ModelError, match="is not built"):
        nnc.utils.plot_model(nnc.Sequential([nnc.layers.Dense(1)]))
