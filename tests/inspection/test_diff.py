"""In what two models differ: what was changed is what is found, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.inspection import Difference, LayerChange, diff
from tests.inspection.samples import convolutional, nested, recurrent

GOLDEN = Path(__file__).parent / "golden"
Layers = nnc.layers


def chain(
    *,
    units: int = 8,
    name: str = "first",
    extra: bool = False,
    activation: str = "relu",
    rate: float = 0.01,
    seed: int = 0,
) -> nnc.Sequential:
    nnc.utils.set_random_seed(seed)
    inserted = [Layers.Dropout(0.5, name="drop")] if extra else []
    model = nnc.Sequential(
        [
            nnc.Input((4,), name="in"),
            Layers.Dense(units, activation, name=name),
            *inserted,
            Layers.Dense(8, name="second"),
            Layers.Dense(3, name="third"),
        ],
        name="chain",
    )
    model.compile(nnc.optimizers.SGD(rate), "mse", metrics=["mae"])
    return model


def changes(found: Difference) -> list[str]:
    return [str(change) for change in found.layers]


@pytest.mark.parametrize("make", [chain, convolutional, recurrent, nested])
@pytest.mark.sampled(2)
def test_equal_models_do_not_differ(make, tmp_path):
    model = make()
    model.save(tmp_path / "model.nnc")
    for other in (model, tmp_path / "model.nnc", make().__class__.from_config(model.get_config())):
        if not isinstance(other, Path):
            other.set_weights(model.get_weights())
            other.compile(model.optimizer, model.objective.loss, metrics=model.objective.metrics)
        found = diff(model, other)
        assert not found.differs, str(found)
        assert found.weights_compared == len(model.weights)
        assert str(found) == found.verdict
        assert found.verdict.endswith(" do not differ")


def test_what_a_model_is_called_does_not_matter():
    first, second = chain(), chain()
    second.__dict__["_name"] = "other"
    assert not diff(first, second).differs


def test_a_renamed_layer_is_one_difference():
    found = diff(chain(), chain(name="premier"))
    assert changes(found) == ["renamed first (Dense): name: 'first' → 'premier'"]
    assert not found.weights
    assert not found.training
    assert not found.figure_rows()


def test_an_added_layer_is_one_difference_and_so_is_a_removed_one():
    found = diff(chain(), chain(extra=True))
    assert changes(found) == ["added drop (Dropout)"]
    assert not found.weights
    found = diff(chain(extra=True), chain())
    assert changes(found) == ["removed drop (Dropout)"]
    assert {row[0] for row in found.figure_rows()} >= {"train: nodes", "train: peak bytes, 32 rows"}


def test_a_changed_argument_is_named_with_both_values():
    found = diff(chain(), chain(activation="tanh"))
    assert changes(found) == ["changed first (Dense): activation: 'relu' → 'tanh'"]
    found = diff(chain(), chain(units=9))
    assert changes(found) == ["changed first (Dense): units: 8 → 9, output: 'batch×8' → 'batch×9'"]
    shapes = {weight.path: (weight.shape, weight.other_shape) for weight in found.weights if weight.norm is None}
    assert shapes == {"first/kernel": ((4, 8), (4, 9)), "first/bias": ((8,), (9,)), "second/kernel": ((8, 8), (9, 8))}
    assert ("parameters", "139", "152") in found.figure_rows()


def test_nested_arguments_have_dots():
    def model(factor: float) -> nnc.Sequential:
        penalty = nnc.regularizers.L2(factor)
        return nnc.Sequential([nnc.Input((2,)), Layers.Dense(1, kernel_regularizer=penalty, name="a")])

    (change,) = diff(model(0.1), model(0.2)).layers
    assert {key: tuple(map(float, pair)) for key, pair in change.changes.items()} == {
        "kernel_regularizer.l2": pytest.approx((0.1, 0.2))
    }
    plain = nnc.Sequential([nnc.Input((2,)), Layers.Dense(1, name="a")])
    (change,) = diff(model(0.1), plain).layers
    assert change.changes == {"kernel_regularizer": ("L2", None)}


def test_arguments_that_are_arrays():
    def model(mean: float) -> nnc.Sequential:
        normalization = Layers.Normalization(mean=numpy.array([mean, 0.0]), variance=[1.0, 1.0], name="a")
        return nnc.Sequential([nnc.Input((2,)), normalization])

    assert not diff(model(1.0), model(1.0)).layers
    (change,) = diff(model(1.0), model(2.0)).layers
    assert change.changes == {"mean": ([1.0, 0.0], [2.0, 0.0])}


def test_long_values_are_shortened():
    change = LayerChange("changed", "a", "StringLookup", {"vocabulary": (["word"] * 100, [])})
    assert len(str(change)) < 120
    assert str(change).endswith("… → []")


def test_another_class_in_the_same_place():
    def model(layer: nnc.layers.Layer) -> nnc.Sequential:
        return nnc.Sequential([nnc.Input((5, 2)), layer, Layers.Dense(1, name="out")])

    found = diff(model(Layers.LSTM(4, name="memory")), model(Layers.GRU(4, name="memory")))
    (change,) = found.layers
    assert (change.what, change.path, change.changes["class"]) == ("changed", "memory", ("LSTM", "GRU"))


def test_other_wiring():
    def model(swapped: bool) -> nnc.Model:
        x = nnc.Input((3,), name="x")
        one, two = Layers.Dense(2, name="one")(x), Layers.Dense(2, name="two")(x)
        pair = [two, one] if swapped else [one, two]
        return nnc.Model(x, Layers.Subtract(name="minus")(pair))

    nnc.utils.set_random_seed(0)
    first = model(False)
    second = model(True)
    second.set_weights(first.get_weights())
    found = diff(first, second)
    assert "changed minus (Subtract): inputs: 'one, two' → 'two, one'" in changes(found)
    assert not any("renamed" in line for line in changes(found))


def test_numbers_of_layers_that_nobody_named_do_not_matter():
    def model(*units: int) -> nnc.Sequential:
        nnc.utils.set_random_seed(0)
        return nnc.Sequential([nnc.Input((4,)), *(Layers.Dense(count) for count in units)])

    first, second = model(8, 8, 3), model(16, 8, 8, 3)
    assert [layer.name for layer in second.layers] == ["dense", "dense_1", "dense_2", "dense_3"]
    assert changes(diff(first, second)) == ["added dense (Dense)"]
    renumbered = nnc.Sequential([nnc.Input((4,)), Layers.Dense(8, name="dense_7")])
    assert not diff(model(8), renumbered).layers


def test_a_layer_in_a_model_in_a_model():
    first, second = nested(), nested()
    second.set_weights(first.get_weights())
    assert not diff(first, second).layers
    other = nested("core")
    other.set_weights(first.get_weights())
    found = diff(first, other)
    assert changes(found) == ["renamed inner (Sequential): name: 'inner' → 'core'"]
    assert not found.weights


def test_training():
    found = diff(chain(), chain(rate=0.5))
    assert found.training == {"optimizer.learning_rate": pytest.approx((0.01, 0.5))}
    assert found.lines() == ["training optimizer.learning_rate: 0.01 → 0.5"]
    other = chain()
    other.compile("adam", "mae")
    training = diff(chain(), other).training
    assert training["optimizer"] == ("SGD", "Adam")
    assert training["loss"] == ("mean_squared_error", "mean_absolute_error") or len(training["loss"]) == 2
    assert training["metrics"][1] == ""


def test_training_of_saved_programs_is_what_their_states_tell(tmp_path):
    for name, model in (("a", chain()), ("b", chain(rate=0.5))):
        model.save(tmp_path / f"{name}.nnc")
    found = diff(tmp_path / "a.nnc", tmp_path / "b.nnc")
    assert found.training == {"optimizer/learning_rate": pytest.approx((0.01, 0.5))}
    plain = nnc.Sequential.from_config(chain().get_config())
    plain.set_weights(chain().get_weights())
    assert diff(chain(), plain).training["is trained"] == (True, False)


def test_weights():
    first, second = chain(), chain()
    kernel = second.get_layer("second").weights[0]
    changed = kernel.numpy() + numpy.float32(0.25)
    kernel.assign(changed)
    found = diff(first, second)
    (weight,) = found.weights
    before = first.get_layer("second").weights[0].numpy().astype("float64")
    norm = numpy.linalg.norm(changed - before)
    assert (weight.path, weight.shape) == ("second/kernel", (8, 8))
    assert weight.norm == pytest.approx(norm)
    assert weight.relative == pytest.approx(norm / numpy.linalg.norm(before))
    assert weight.largest == pytest.approx(numpy.abs(changed - before).max())
    assert found.weights_compared == 6
    assert not found.layers
    assert found.differs


def test_weights_of_zeros_and_of_nan():
    first, second = chain(), chain()
    second.get_layer("first").weights[1].assign(numpy.ones(8, "float32"))
    (weight,) = diff(first, second).weights
    assert (weight.path, weight.norm, weight.relative) == ("first/bias", pytest.approx(8**0.5), None)
    for model in (first, second):
        model.get_layer("first").weights[1].assign(numpy.full(8, numpy.nan, "float32"))
    assert not diff(first, second).differs


# ---------------------------------------------------------------------- outputs

X = numpy.random.default_rng(0).normal(size=(6, 4)).astype("float32")


def test_equal_models_compute_the_same():
    found = diff(chain(), chain(), x=X)
    assert found.outputs is not None
    assert (found.outputs.first, found.outputs.compared, found.outputs.differing) == (None, 4, 0)
    assert (
        found.verdict == "chain (first) and chain (second) do not differ, nor do the 4 arrays they compute (to 0.0001)"
    )


def test_the_first_layer_whose_outputs_differ_is_named():
    second = chain(name="premier", extra=True)
    kernel = second.get_layer("second").weights[0]
    kernel.assign(kernel.numpy() * 1.5)
    found = diff(chain(), second, x=X)
    assert found.outputs is not None
    first = found.outputs.first
    assert first is not None
    assert (first.path, first.op, first.shape) == ("second", "Dense", (6, 8))
    assert (found.outputs.compared, found.outputs.differing) == (4, 3)
    expected = chain().predict(X)
    assert first.difference > 0
    assert first.scale != pytest.approx(float(numpy.abs(expected).max()))
    assert found.verdict.startswith("first difference: forward at 'second' (Dense), shape (6, 8): largest difference ")


def test_a_renamed_layer_is_compared_with_itself():
    second = chain(name="premier")
    kernel = second.get_layer("premier").weights[0]
    kernel.assign(kernel.numpy() * 1.5)
    found = diff(chain(), second, x=X)
    assert found.outputs is not None
    assert found.outputs.first is not None
    assert (found.outputs.compared, found.outputs.first.path) == (4, "first")


def test_tolerances():
    second = chain()
    kernel = second.get_layer("third").weights[0]
    kernel.assign(kernel.numpy() * 1.001)
    assert diff(chain(), second, x=X).outputs.first.path == "third"
    found = diff(chain(), second, x=X, rtol=0.01)
    assert (found.outputs.first, found.outputs.rtol, found.differs) == (None, 0.01, True)
    assert found.verdict == "chain (first) and chain (second) differ; the 4 arrays they compute do not (to 0.01)"
    assert diff(chain(), second, x=X, rtol=0, atol=10.0).outputs.first is None


def test_programs_of_unknown_layers_are_compared_by_what_they_return():
    first, second = chain().program, chain(seed=1).program
    for program in (first, second):
        object.__setattr__(program.spec, "model", {})
    found = diff(first, second, x=X)
    assert not found.layers
    assert len(found.weights) == 3
    assert found.outputs.layers_known is False
    assert (found.outputs.compared, found.outputs.first.path) == (1, "outputs")


def test_what_cannot_be_compared():
    with pytest.raises(DataError, match="must have shape"):
        diff(chain(), chain(), x=X[:, :3])
    with pytest.raises(DataError, match="tolerances are for what the models compute; give data with them"):
        diff(chain(), chain(), rtol=0.1)
    with pytest.raises(ModelError, match="no such model file"):
        diff(chain(), "nothing.yaml")
    two = nnc.Input((4,), name="in")
    both = nnc.Model(two, [Layers.Dense(1, name="a")(two), Layers.Dense(1, name="b")(two)])
    with pytest.raises(DataError, match="one model returns 1 arrays, the other 2"):
        diff(chain(), both, x=X)


# ---------------------------------------------------------------------- showing


def test_json():
    data = json.loads(json.dumps(diff(chain(), chain(units=9, rate=0.5, seed=1)).to_json()))
    assert data["differs"] is True
    assert data["layers"][0]["changes"]["units"] == [8, 9]
    assert {figure["name"]: figure["differs"] for figure in data["figures"]}["parameters"] is True
    assert {weight["path"] for weight in data["weights"]} >= {"first/kernel", "third/kernel"}
    assert json.loads(json.dumps(diff(chain(), chain(), x=X).to_json()))["outputs"]["first"] is None


@pytest.mark.numpy_backend
def test_text_is_the_golden_one():
    """Regenerate with ``python -m tests.inspection.test_diff`` and read the difference."""
    assert text() == (GOLDEN / "diff.txt").read_text()


def text() -> str:
    return f"{diff(chain(), chain(units=9, extra=True, rate=0.5, name='premier'))}\n"


if __name__ == "__main__":
    (GOLDEN / "diff.txt").write_text(text())
