"""Pictures and tables of what an author wrote: a traced layer is a box with its name and class, which opens."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest

import nnc
from nnc.readers import read_model
from nnc.render import picture_of, render
from nnc.render.page.groups import Groups
from nnc.render.page.layer_groups import add_layers
from tests.tracing.attention import attention_model, keras_package
from tests.tracing.zoo import ZOO

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

OPENED = """\
├─ block0  (Block)
│  ├─ Layer2.1  norm · LayerNormalization  16 parameters · 305 FLOPs  → batch×5×8
│  ├─ attention  (Attention)
│  │  ├─ Layer2.2.1  query · Dense(8)  72 parameters · 680 FLOPs  → batch×5×8
│  │  ├─ Layer2.2.2  key · Dense(8)  72 parameters · 680 FLOPs  ← Layer2.1  → batch×5×8
│  │  ├─ Layer2.2.3  transpose · Transpose · axes=(0, 2, 1)  → batch×8×5
│  │  ├─ Layer2.2.4  matmul · Matmul  400 FLOPs  ← Layer2.2.1, Layer2.2.3  → batch×5×5
│  │  ├─ Layer2.2.5  true_divide · TrueDivide(4)  25 FLOPs  → batch×5×5
│  │  ├─ Layer2.2.6  softmax · Softmax · axis=-1  25 FLOPs  → batch×5×5
│  │  └─ Layer2.2.7  matmul_1 · Matmul  400 FLOPs  ← Layer2.2.6, Layer2.1  → batch×5×8
│  ├─ Layer2.3  dropout · Dropout · rate 0.25  → batch×5×8
│  ├─ Layer2.4  multiply · Multiply(exp(scale))  8 parameters · 48 FLOPs  → batch×5×8
│  └─ Layer2.5  add · Add  40 FLOPs  ← Layer1, Layer2.4  → batch×5×8
"""


@pytest.fixture(scope="module")
def keras() -> Any:
    return keras_package()


@pytest.fixture(scope="module")
def model(keras: Any) -> nnc.Model:
    return read_model(attention_model(keras))


def test_a_traced_layer_is_a_box_with_its_name_and_class(model: nnc.Model) -> None:
    text = render(model, format="txt")
    assert "block0 … block2 ×3  Layer2 … Layer4" in text
    assert "block0 · Block of 5 layers" in text
    assert "TracedLayer" not in render(model, format="dot") + render(model, format="mermaid")


def test_it_opens_to_layers_and_operations_at_any_depth(model: nnc.Model) -> None:
    assert OPENED in render(model, format="txt", expand=["all"])
    one = render(model, format="txt", depth=2)
    assert "Layer2.2  attention · Attention of 7 layers  144 parameters" in one
    assert "softmax · Softmax" not in one
    assert "softmax · Softmax" in render(model, format="txt", expand=["block0/attention/softmax"])
    frames = [(group.label, group.note) for group in picture_of(model, expand=["all"]).groups]
    assert frames == [pair for number in range(3) for pair in ((f"block{number}", "Block"), ("attention", "Attention"))]


def test_costs_add_up(model: nnc.Model) -> None:
    calls = [call for call in model.calls if call.inputs and call.inner is not None]
    assert [call.layer.name for call in calls] == ["block0", "block1", "block2"]
    for call in calls:
        assert call.flops(3) == sum(inner.flops(3) for inner in call.inner.calls) > 0
        assert call.layer.count_params() == sum(inner.layer.count_params() for inner in call.inner.calls)


def test_summaries_show_it(model: nnc.Model) -> None:
    texts: list[str] = []
    model.summary(print_fn=texts.append)
    model.summary(print_fn=texts.append, expand_nested=True)
    short, long = (text.splitlines() for text in texts)
    assert "block1 (Block)      (None, 5, 8)         168  block0" in short
    assert any(line.startswith("block0 (Block)") for line in long)
    assert any(line.startswith(" └ attention (Attention)") for line in long)
    softmax, *_ = (line for line in long if line.startswith("    └ softmax (Softmax)"))
    assert softmax.split() == ["└", "softmax", "(Softmax)", "(None,", "5,", "5)", "0", "true_divide"]


def test_tables_of_models_and_of_saved_programs_have_the_same_paths(model: nnc.Model, tmp_path: Any) -> None:
    model.program.save(tmp_path / "model.nnc")
    found, saved = (nnc.inspect(source, measure=False) for source in (model, tmp_path / "model.nnc"))
    records = {record.path: record for record in found.layers}
    softmax = records["block0/attention/softmax()"]
    assert (softmax.kind, softmax.depth, softmax.inputs) == ("Softmax", 2, ("block0/attention/true_divide",))
    assert softmax.flops > 0
    assert records["block0"].kind == "Block"
    for path, record in records.items():
        inner = [other.flops for other in found.layers if other.path.rpartition("/")[0] == path]
        assert not inner or record.flops == sum(inner), path
    known = {record.path for record in saved.layers}
    assert {"block0", "block0/attention", "block0/attention/query", "block0/attention/softmax()"} <= known <= {*records}
    assert {record.path: record.parameters for record in saved.layers}["block0/attention"] == 144


def test_every_op_and_weight_belongs_to_a_layer(model: nnc.Model) -> None:
    graph = model.program.graph("predict")
    paths = {record.path for record in nnc.inspect(model, measure=False).layers}
    assert {node.path for node in graph.nodes if node.path} <= paths
    weights = {spec.path: spec.shape for spec in model.program.spec.variables}
    assert weights["block1/scale"] == (8,)
    assert weights["block1/attention/key/kernel"] == (8, 8)
    assert sum(map(prod, weights.values())) == model.count_params()


def test_pages_have_a_box_per_operation(model: nnc.Model) -> None:
    groups = Groups("page")
    add_layers(groups, model, model.output_names)
    softmax = groups.all[groups.numbers["layer", "block0/attention/softmax()"]]
    attention = groups.all[softmax.parent]
    assert (softmax.name, attention.path) == ("softmax", "block0/attention")
    assert [line.text for line in softmax.lines] == ["softmax", "Softmax · axis=-1"]
    assert dict(softmax.arguments)["line"].startswith("attention.py:")
    assert len(attention.wires) == 6
    block = groups.all[attention.parent]
    assert [weight["name"] for weight in block.weights] == ["scale"]


def test_operations_of_an_author_are_fused_as_those_of_a_layer(keras: Any) -> None:
    class Line(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return keras.ops.tanh(x * 2.0 + 1.0)

    x = keras.Input((6,))
    graph = nnc.compile(keras.Model(x, Line(name="line")(x)), backend="numpy").graph("predict")
    assert [node.op.name for node in graph.nodes if node.op.name.startswith("fusion")] == ["fusion"]


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.sampled(4)
def test_whatever_an_author_wrote_can_be_drawn(name: str, keras: Any) -> None:
    model = read_model(ZOO[name](keras))
    for options in ({}, {"depth": 9}, {"expand": ["all"]}):
        for format in ("txt", "dot", "mermaid"):
            assert "TracedLayer" not in render(model, format=format, **options)
    groups = Groups("page")
    add_layers(groups, model, model.output_names)
    nnc.inspect(model, measure=False)
