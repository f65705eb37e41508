"""The names of what an author wrote stay: in texts, hints, explanations, exports and saved programs."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import nnc
from frontends.keras_model import FRONTEND
from nnc.errors import NncWarning
from nnc.export import export
from nnc.ir import parse_graph
from tests.tracing.attention import attention_model, keras_package
from tests.tracing.zoo.registry import function

SOFTMAX = "block0/attention/softmax()"


@pytest.fixture(scope="module")
def keras() -> Any:
    return keras_package()


@pytest.fixture(scope="module")
def program(keras: Any) -> Any:
    return nnc.compile(attention_model(keras, blocks=1), backend="numpy")


def test_texts_of_graphs_are_read_back(program: Any) -> None:
    graph = program.graph("predict")
    text = str(graph)
    assert f"# {SOFTMAX} forward" in text
    assert "%block0/attention/matmul = matmul(" in text
    assert str(parse_graph(text)) == text


def test_saved_programs_have_them(program: Any, tmp_path: Any) -> None:
    program.save(tmp_path / "model.nnc")
    loaded = nnc.load(tmp_path / "model.nnc")
    x = numpy.arange(10, dtype="int32").reshape(2, 5)
    numpy.testing.assert_array_equal(loaded.predict(x), program.predict(x))
    assert [spec.path for spec in loaded.spec.variables] == [spec.path for spec in program.spec.variables]
    assert "block0/attention/query/kernel" in {spec.path for spec in loaded.spec.variables}
    assert {node.path for node in loaded.graph("predict").nodes} == {
        node.path for node in program.graph("predict").nodes
    }
    assert SOFTMAX in str(program.explain())


def test_exports_have_them(program: Any, tmp_path: Any) -> None:
    for target, name in (("c", "model"), ("python", "model.py")):
        texts = [path.read_text() for path in export(program, target, tmp_path / name) if path.suffix in (".c", ".py")]
        assert any("block0_attention_query_kernel" in text or "block0/attention/query" in text for text in texts)


def test_hints_have_them(keras: Any) -> None:
    model = function(keras, lambda x: keras.ops.relu(x - 100.0))
    model.compile("sgd", "mse")
    generator = numpy.random.default_rng(1)
    x, y = generator.random((32, 6), dtype="float32"), generator.random((32, 2), dtype="float32")
    with pytest.warns(NncWarning, match=r"6 of the 6 units of layer 'own\w*/relu\(\)' \(100%\) are 0"):
        nnc.compile(model).fit(x, y, verbose=0)


def test_layers_of_a_subclassed_model_stay_its_layers(keras: Any) -> None:
    """Where they do the same in training, as far as the author's code says."""

    class Net(keras.Model):
        def __init__(self, says_mode):
            super().__init__()
            self.first, self.dropout, self.last = (
                keras.layers.Dense(4),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(2),
            )
            self.says_mode = says_mode

        def call(self, x, training=None):
            x = self.first(x)
            return self.last(self.dropout(x, training=training) if self.says_mode else x)

    for says_mode, names in ((True, ["Dense", "Dropout", "Dense"]), (False, ["Dense", "Dense"])):
        model = Net(says_mode)
        model(numpy.ones((2, 3), "float32"))
        assert [type(layer).__name__ for layer in FRONTEND.read(model).layers[1:]] == names
