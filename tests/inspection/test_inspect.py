"""What `inspect` says of models, held to Keras's numbers and to a count by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.errors import DataError, GraphError, ModelError
from nnc.inspection import Inspection, inspect
from tests.inspection.samples import convolutional, nested, recurrent

GOLDEN = Path(__file__).parent / "golden"
BATCH = 8


def of(found: Inspection, path: str):
    (layer,) = [layer for layer in found.layers if layer.path == path]
    return layer


# ---------------------------------------------------------------------- operations


def test_flops_of_convolution_and_dense_are_those_counted_by_hand():
    """Two operations per weight and place; one per element for a bias, and for an activation."""
    found = inspect(convolutional(), graph="predict", batch=BATCH, measure=False)
    places, filters = BATCH * 8 * 8, 4
    assert of(found, "conv").flops == places * filters * (2 * 3 * 3 * 3) + 2 * places * filters
    inputs = 4 * 4 * filters
    products, biases = 2 * BATCH * inputs * 5, BATCH * 5
    softmax = BATCH * (4 + 5 + 5 + 4 + 5)  # largest, subtract, exp, sum, divide
    assert abs(of(found, "classes").flops - (products + biases + softmax)) <= 2 * BATCH
    assert of(found, "norm").flops == 2 * places * filters  # behind a ramp nothing folds: a factor and a summand
    assert of(found, "flat").flops == 0
    assert found.flops == sum(layer.flops for layer in found.layers)


def test_flops_of_an_lstm_are_those_counted_by_hand():
    found = inspect(recurrent(), graph="predict", batch=BATCH, measure=False)
    time, features, units = 7, 3, 6
    products = 2 * BATCH * time * 4 * units * (features + units)
    elementwise = (
        BATCH * time * units * (4 * 2 + 4 + 3 + 2)
    )  # biases and sums, gates, products and sum, tanh and product
    flops = of(found, "memory").flops
    assert products < flops < products + 2 * elementwise
    assert of(found, "out").flops == 2 * BATCH * units * 2 + BATCH * 2


def test_training_costs_a_forward_and_two_backward_products():
    predict = inspect(recurrent(), graph="predict", batch=BATCH, measure=False)
    train = inspect(recurrent(), batch=BATCH, measure=False)
    assert train.graph == "train"
    product = 2 * BATCH * 6 * 2
    dense = of(train, "out")
    assert dense.backward_flops == 2 * product + BATCH * 2  # of inputs and kernel, and the sum for the bias
    assert dense.flops - dense.backward_flops == of(predict, "out").flops
    assert {"loss", "optimizer"} <= set(train.other_flops) <= {"loss", "metrics", "optimizer"}
    assert sum(layer.flops for layer in train.layers) + sum(train.other_flops.values()) == train.flops


# ---------------------------------------------------------------------- parameters


@pytest.mark.parametrize("make", [convolutional, recurrent, nested])
def test_parameters_and_shapes_are_kerass(make):
    keras = pytest.importorskip("keras")
    model = make()
    theirs = keras.models.model_from_json(model.to_json())
    found = inspect(model, measure=False)
    assert found.parameters == theirs.count_params()
    assert found.fixed == sum(int(numpy.prod(weight.shape)) for weight in theirs.non_trainable_weights)
    for layer in theirs.layers:
        ours = of(found, layer.name)
        assert ours.parameters == layer.count_params(), layer.name
        assert ours.kind in {type(layer).__name__, "Sequential"}
        assert ours.trained == sum(int(numpy.prod(weight.shape)) for weight in layer.trainable_weights)
        if not isinstance(layer.output, list):
            shape = [dim if isinstance(dim, int) else None for dim in ours.outputs[0].shape]
            assert shape == list(layer.output.shape), layer.name


def test_frozen_layers_are_not_trained():
    model = convolutional()
    model.get_layer("conv").trainable = False
    found = inspect(model, measure=False)
    assert (of(found, "conv").trained, of(found, "conv").fixed) == (0, 112)
    assert found.fixed == 112 + 8


def test_models_inside_models():
    found = inspect(nested(), batch=BATCH, measure=False)
    inner, dense = of(found, "inner"), of(found, "inner/dense")
    assert (inner.depth, dense.depth, inner.calls) == (0, 1, 2)
    assert inner.parameters == dense.parameters == 20
    assert found.parameters == 20 + 9
    assert inner.flops == dense.flops + of(found, "inner/ramp").flops > 0
    assert of(found, "joined").inputs == ("inner", "inner")
    assert inner.output_bytes == 2 * BATCH * 4 * 4


# ---------------------------------------------------------------------- memory


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("graph", ["predict", "train"])
@pytest.mark.parametrize("make", [convolutional, recurrent, nested])
@pytest.mark.sampled(6)
def test_what_was_planned_is_what_is_allocated(make, graph, backend, monkeypatch):
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    model = make()
    memory = inspect(model, graph=graph, batch=BATCH, backend=backend).memory
    planned, measured = memory.predicted, memory.measured
    assert measured is not None
    assert measured.arena == planned.arena
    assert measured.states == planned.states
    assert measured.derived == planned.derived
    assert planned.constants <= measured.beside < planned.constants + 20_000  # tables and pointers of the backend
    assert measured.running < 4_000  # objects of Python's, no arrays
    assert memory.lower_bound <= planned.arena <= memory.unshared + 64


def test_measuring_changes_nothing():
    model = convolutional()
    program = model.program
    program.graph("train")
    before = {label: array.tobytes() for label, array in program.states.items()}
    inspect(program, batch=BATCH)
    assert {label: array.tobytes() for label, array in program.states.items() if label in before} == before
    assert program.compilations == 0


# ---------------------------------------------------------------------- sources and texts


def test_a_saved_program_is_inspected_like_its_model(tmp_path):
    model = convolutional()
    path = tmp_path / "model.nnc"
    model.save(path)
    mine, theirs = inspect(model, measure=False), inspect(path, measure=False)
    assert mine.layers == theirs.layers
    assert (mine.flops, mine.parameters, mine.memory) == (theirs.flops, theirs.parameters, theirs.memory)
    with pytest.raises(ModelError, match="is compiled already; give dtype with the model it came from"):
        inspect(path, dtype="float64")


def test_a_program_without_a_config_has_the_layers_of_its_graph():
    program = convolutional().program
    object.__setattr__(program.spec, "model", {})
    found = inspect(program, measure=False)
    assert {"conv", "norm", "classes"} <= {layer.path for layer in found.layers}
    assert of(found, "conv").kind == ""
    assert of(found, "conv").parameters == 112
    assert found.parameters == sum(layer.parameters for layer in found.layers) == 112 + 16 + 325


def test_other_element_types_and_backends():
    found = inspect(recurrent(), dtype="float64", backend="c", measure=False)
    assert (found.dtype, found.backend) == ("float64", "c")
    assert found.engine != "NumPy"
    assert of(found, "out").weight_bytes == 8 * 14
    assert of(found, "out").output_bytes == 8 * 32 * 2


def test_layers_with_states_for_fewer_rows():
    model = nnc.Sequential([nnc.Input((5, 2), batch_size=4), nnc.layers.LSTM(3, stateful=True, name="memory")])
    found = inspect(model, batch=32, profiled=True, seconds=0.02)
    assert found.batch == 4
    assert found.profile is not None
    assert found.profile.batch == 4
    assert of(found, "memory").output_bytes == 4 * 4 * 3


def test_what_cannot_be_inspected():
    with pytest.raises(DataError, match=r"^inspect: graph must be 'train' or 'predict', got 'evaluate'$"):
        inspect(recurrent(), graph="evaluate")
    plain = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
    with pytest.raises(GraphError, match="not compiled with a loss"):
        inspect(plain, graph="train")
    assert inspect(plain, measure=False).graph == "predict"


def test_json():
    found = inspect(nested(), batch=BATCH, profiled=True, seconds=0.02)
    data = json.loads(json.dumps(found.to_json()))
    assert data["parameters"] == 29
    assert [layer["path"] for layer in data["layers"]] == [layer.path for layer in found.layers]
    assert data["layers"][0]["outputs"] == [{"dtype": "float32", "shape": ["batch", 4]}]
    assert data["memory"]["predicted"]["total"] == found.memory.predicted.total
    assert data["profile"]["batch"] == BATCH
    assert data["other_flops"] == dict(found.other_flops)
    assert str(found).endswith(str(found.profile))


@pytest.mark.numpy_backend
@pytest.mark.parametrize("make", [convolutional, recurrent, nested])
def test_text_is_the_golden_one(make):
    """Regenerate with ``python -m tests.inspection.test_inspect`` and read the difference."""
    assert text(make) == (GOLDEN / f"inspect_{make.__name__}.txt").read_text()


def text(make) -> str:
    found = str(inspect(make(), batch=BATCH, measure=False))
    return f"{found.replace(numpy.__version__, 'VERSION')}\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for sample in (convolutional, recurrent, nested):
        (GOLDEN / f"inspect_{sample.__name__}.txt").write_text(text(sample))
