"""What else is done with models that begin with texts: saved in words, drawn, profiled, exported, on a command line."""

from __future__ import annotations

import csv
import importlib.util
import pickle

import numpy
import pytest
from typer.testing import CliRunner

import nnc
from nnc import layers
from nnc.cli import app
from nnc.errors import ModelError
from nnc.export import export
from nnc.inspection import inspect
from nnc.models import clone_model, load_model
from nnc.plugins import read_config
from nnc.profiling import profile
from nnc.readers import read_model

COLORS = ["red", "grün", "синий", "", "青", "red"]
TEXTS = ["a red dog", "grün, grün!", "", "a cat", "ein Hund", "a a a"]
Y = numpy.arange(6.0)[:, None]


def model_of_columns():
    color, text = (nnc.Input((1,), dtype="string", name=name) for name in ("color", "text"))
    vectorize = layers.TextVectorization(output_mode="count", name="vectorize")
    vectorize.adapt(TEXTS)
    known = layers.StringLookup(vocabulary=["red", "青"], output_mode="one_hot", name="lookup")(color)
    hidden = layers.Concatenate()([known, vectorize(text)])
    model = nnc.Model([color, text], layers.Dense(1)(hidden), name="columns")
    model.compile("sgd", "mse")
    return model


@pytest.fixture(scope="module")
def model():
    return model_of_columns()


X = {"color": COLORS, "text": TEXTS}


def test_copies(model, tmp_path):
    expected = model.predict(X)
    numpy.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)
    numpy.testing.assert_array_equal(pickle.loads(pickle.dumps(model.program)).predict(X), expected)
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    numpy.testing.assert_array_equal(clone.predict(X), expected)
    for suffix in (".keras", ".h5"):
        pytest.importorskip("h5py")
        model.save(tmp_path / f"model{suffix}")
        again = load_model(tmp_path / f"model{suffix}")
        numpy.testing.assert_allclose(again.predict(X), expected, rtol=1e-6)
        again.fit(X, Y, verbose=0)


@pytest.mark.slow
def test_descriptions(model):
    text = []
    model.summary(print_fn=text.append)
    assert "vectorize (TextVectorization)" in text[0]
    assert "lookup (StringLookup)" in str(inspect(model))
    assert "TextVectorization" in nnc.render.render(model, level="layers")
    assert "columns" in str(profile(model.program, batch=4))


def test_a_vocabulary_that_changes_is_compiled_anew():
    lookup = layers.StringLookup()
    lookup.adapt(["a"])
    model = nnc.Sequential([nnc.Input((1,), dtype="string"), lookup, layers.Embedding(4, 1), layers.Flatten()])
    assert model.predict(["a"]) != model.predict(["b"])
    before = model.predict(["a", "b"])
    lookup.adapt(["b", "b", "a"])  # the more frequent one comes first
    numpy.testing.assert_array_equal(model.predict(["b"]), before[:1])
    lookup.set_vocabulary(["[UNK]", "a", "b"])
    numpy.testing.assert_array_equal(model.predict(["a"]), before[:1])


def test_exports_take_what_texts_become(model, tmp_path):
    arrays = model.program.encode_texts(X)
    assert [array.shape for array in arrays] == [(6, 3), (6, len(arrays[1][0]))]
    export(model.program, "python", tmp_path / "columns.py", batch=6)
    spec = importlib.util.spec_from_file_location("columns", tmp_path / "columns.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    numpy.testing.assert_allclose(module.predict(arrays), model.predict(X), rtol=1e-6)
    assert "numbers that nnc's Program.encode_texts makes of texts" in module.__doc__
    export(model.program, "c", tmp_path / "c", batch=6)
    assert "Program.encode_texts" in (tmp_path / "c" / "columns.h").read_text()


def test_command_line(model, tmp_path):
    model.program.save(tmp_path / "columns.nnc")
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "y", "color"])
        writer.writerows(zip(TEXTS, Y[:, 0].tolist(), COLORS, strict=True))
    paths = [str(tmp_path / name) for name in ("columns.nnc", "rows.csv", "out.npy")]
    result = CliRunner().invoke(app, ["predict", paths[0], "--data", paths[1], "-o", paths[2]])
    assert result.exit_code == 0, result.output
    numpy.testing.assert_array_equal(numpy.load(paths[2]), model.predict(X))
    result = CliRunner().invoke(app, ["evaluate", paths[0], "--data", paths[1], "--target", "y"])
    assert result.exit_code == 0, result.output
    numpy.savez(tmp_path / "rows.npz", color=numpy.array(COLORS), text=numpy.array(TEXTS))
    result = CliRunner().invoke(app, ["predict", paths[0], "--data", str(tmp_path / "rows.npz"), "-o", paths[2]])
    assert result.exit_code == 0, result.output
    numpy.testing.assert_array_equal(numpy.load(paths[2]), model.predict(X))
    result = CliRunner().invoke(app, ["inspect", paths[0]])
    assert result.exit_code == 0, result.output


YAML = """
input: {name: text, shape: [1], dtype: string}
layers:
  - StringLookup: {vocabulary: [red, 青], name: lookup}
  - Embedding: {input_dim: 3, output_dim: 2}
  - Flatten
  - Dense: 1
compile: {loss: mse}
"""


def test_model_files(tmp_path):
    (tmp_path / "model.yaml").write_text(YAML)
    model = read_model(tmp_path / "model.yaml")
    assert model.predict(COLORS).shape == (6, 1)
    again = read_config(model.to_json())
    again.set_weights(model.get_weights())
    numpy.testing.assert_array_equal(again.predict(COLORS), model.predict(COLORS))
    (tmp_path / "rows.csv").write_text("text,y\nred,1\n青,2\n")
    result = CliRunner().invoke(
        app,
        ["train", str(tmp_path / "model.yaml"), "--data", str(tmp_path / "rows.csv"), "-o", str(tmp_path / "o.nnc")],
    )
    assert result.exit_code != 0
    with pytest.raises(ModelError, match="the vocabulary is missing"):
        (tmp_path / "bare.yaml").write_text(YAML.replace("vocabulary: [red, 青], ", ""))
        read_model(tmp_path / "bare.yaml").predict(COLORS)
