"""Each hint has a training that triggers it, and one that must not; none changes anything."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy
import pytest

import nnc
from nnc.errors import DataError, NncWarning
from nnc.hints.output_activation import ON_LOSSES
from nnc.hints.registry import AT_FIRST, AT_FIRST_UPDATE
from nnc.layers import (
    LSTM,
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Input,
    MaxPooling2D,
    Normalization,
    Rescaling,
    Reshape,
)
from nnc.losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    SparseCategoricalCrossentropy,
)
from nnc.optimizers import SGD, Adam
from nnc.passes import Inline

GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.normal(size=(64, 4)).astype("float32")
IMAGES = GENERATOR.normal(size=(64, 6, 6, 3)).astype("float32")
YES_OR_NO = (X.sum(1, keepdims=True) > 0).astype("float32")
CLASSES = GENERATOR.integers(0, 3, 64)
ONE_HOT = numpy.eye(3, dtype="float32")[CLASSES]
BYTES = numpy.random.default_rng(1).integers(0, 256, (64, 8, 8, 1)).astype("uint8")


@dataclass(frozen=True)
class Case:
    """A training of one epoch.

    Args:
        layers: the model, without its input.
        loss: its loss.
        y: targets.
        x: inputs.
        optimizer: how it is trained.
        says: what its hint must say; empty where there must be none.
    """

    layers: Callable[[], list[nnc.layers.Layer]]
    loss: object
    y: numpy.ndarray
    x: numpy.ndarray = field(default_factory=lambda: X)
    optimizer: Callable[[], object] = lambda: SGD(0.01)
    says: str = ""

    def model(self) -> nnc.Sequential:
        model = nnc.Sequential([Input(self.x.shape[1:], dtype=str(self.x.dtype)), *self.layers()])
        model.compile(self.optimizer(), self.loss)
        return model


def dead(bias: float) -> list[nnc.layers.Layer]:
    return [Dense(8, "relu", bias_initializer=nnc.initializers.Constant(bias), name="hidden"), Dense(1, name="out")]


def partly_dead(units: int, count: int) -> list[nnc.layers.Layer]:
    def biases(shape: tuple[int, ...], dtype: str | None = None) -> numpy.ndarray:
        return numpy.where(numpy.arange(units) < count, -100.0, 100.0)

    return [Dense(units, "relu", bias_initializer=biases, name="hidden"), Dense(1, name="out")]


def scaled() -> Normalization:
    layer = Normalization()
    layer.adapt(X * 1e4)
    return layer


def last(units: int, activation: object = None) -> Callable[[], list[nnc.layers.Layer]]:
    return lambda: [Dense(units, activation, name="out")]


CASES: dict[str, dict[str, list[Case]]] = {
    "logits-that-are-none": {
        "told": [
            Case(last(1, "sigmoid"), BinaryCrossentropy(from_logits=True), YES_OR_NO, says="went through sigmoid"),
            Case(last(3, "softmax"), CategoricalCrossentropy(from_logits=True), ONE_HOT, says="went through softmax"),
            Case(last(3, "softmax"), SparseCategoricalCrossentropy(from_logits=True), CLASSES, says="Leave out one"),
            Case(
                last(1, "sigmoid"),
                BinaryFocalCrossentropy(from_logits=True),
                YES_OR_NO,
                says="sigmoid is applied twice",
            ),
            Case(last(3, "softmax"), CategoricalFocalCrossentropy(from_logits=True), ONE_HOT, says="applied twice"),
        ],
        "not told": [
            Case(last(1), BinaryCrossentropy(from_logits=True), YES_OR_NO),
            Case(last(1), BinaryFocalCrossentropy(from_logits=True), YES_OR_NO),
            Case(last(3), SparseCategoricalCrossentropy(from_logits=True), CLASSES),
        ],
    },
    "another-activation": {
        "told": [
            Case(
                last(3, "softmax"),
                "binary_crossentropy",
                ONE_HOT,
                says="or the activation sigmoid",
            ),
            Case(
                last(3, "sigmoid"),
                "categorical_crossentropy",
                ONE_HOT,
                says="such as binary_crossentropy",
            ),
        ],
        "not told": [
            Case(last(1, "sigmoid"), "binary_crossentropy", YES_OR_NO),
            Case(last(3, "softmax"), "categorical_crossentropy", ONE_HOT),
            Case(last(3, "softmax"), "sparse_categorical_crossentropy", CLASSES),
        ],
    },
    "no-probabilities": {
        "told": [
            Case(
                last(1), "binary_crossentropy", YES_OR_NO, says="the output of layer 'out' is not bounded; give it the"
            ),
            Case(last(1, "tanh"), "binary_crossentropy", YES_OR_NO, says="reaches from -1 to 1"),
            Case(
                last(3, "relu"),
                "categorical_crossentropy",
                ONE_HOT,
                says="the activation softmax, or the loss from_logits",
            ),
            Case(last(3), "sparse_categorical_crossentropy", CLASSES, says="is not bounded"),
            Case(last(3), "kl_divergence", ONE_HOT, says="a sigmoid or softmax"),
            Case(last(3), "categorical_focal_crossentropy", ONE_HOT, says="is not bounded"),
            Case(
                lambda: [Dense(4, name="out"), Reshape((4, 1))],
                "binary_crossentropy",
                X[..., None] > 0,
                says="not bounded",
            ),
        ],
        "not told": [
            Case(last(1, "hard_sigmoid"), "binary_crossentropy", YES_OR_NO),
            Case(last(3, lambda x: nnc.ir.ops.exp(nnc.ir.ops.log_softmax(x))), "categorical_crossentropy", ONE_HOT),
            Case(last(3, "softmax"), "kl_divergence", ONE_HOT),
            Case(last(1, lambda x: x * x), "binary_crossentropy", YES_OR_NO),  # nobody knows
        ],
    },
    "unscaled-inputs": {
        "told": [
            Case(last(1), "mse", YES_OR_NO, X * [1, 1, -1e4, 1], lambda: SGD(1e-12), "in column 2, which layer 'out'"),
            Case(
                lambda: [MaxPooling2D(), Conv2D(2, 2, name="conv"), Flatten(), Dense(1)],
                "mse",
                YES_OR_NO,
                IMAGES * 1e4,
                lambda: SGD(1e-12),
                "which layer 'conv' multiplies by its weights as they are",
            ),
            Case(
                lambda: [Reshape((2, 2)), LSTM(2, name="lstm"), Dense(1)],
                "mse",
                YES_OR_NO,
                X * 1e4,
                lambda: SGD(1e-12),
                "layer 'lstm'",
            ),
            Case(
                lambda: [Flatten(), Dense(1, name="first")],
                "mse",
                YES_OR_NO,
                BYTES,
                lambda: SGD(1e-12),
                "up to 255, as pictures in bytes have, which layer 'first'",
            ),
        ],
        "not told": [
            Case(lambda: [Flatten(), Dense(1)], "mse", YES_OR_NO, BYTES / 255, lambda: SGD(1e-8)),
            Case(lambda: [Flatten(), Dense(1)], "mse", YES_OR_NO, BYTES[:, :7], lambda: SGD(1e-12)),
            Case(lambda: [Rescaling(1 / 255), Flatten(), Dense(1)], "mse", YES_OR_NO, BYTES, lambda: SGD(1e-4)),
            Case(last(1), "mse", YES_OR_NO, X * 200, lambda: SGD(1e-8)),
            Case(lambda: [scaled(), Dense(1)], "mse", YES_OR_NO, X * 1e4),
            Case(lambda: [BatchNormalization(), Dense(1)], "mse", YES_OR_NO, X * 1e4),
            Case(
                lambda: [Embedding(5000, 3), Flatten(), Dense(1)],
                "mse",
                YES_OR_NO,
                GENERATOR.integers(4000, 5000, (64, 4)).astype("int32"),
            ),
        ],
    },
    "targets-among-inputs": {
        "told": [
            Case(last(1), "mse", X[:, 2:3], says="column 2 of input 'x' is equal to target 'y' in all rows"),
            Case(last(2, "softmax"), "sparse_categorical_crossentropy", YES_OR_NO[:, 0], numpy.hstack([X, YES_OR_NO])),
        ],
        "not told": [
            Case(last(4), "mse", X),  # an autoencoder
            Case(last(1), "mse", numpy.ones((64, 1)), numpy.ones((64, 4))),
            Case(last(1), "mse", numpy.vstack([X[:32, 2:3], X[32:, 1:2]])),
        ],
    },
    "labels-out-of-range": {
        "told": [
            Case(
                last(1, "sigmoid"),
                "mse",
                YES_OR_NO * 5,
                says="from 0 to 5, but the output of layer 'out' lies between 0 and 1",
            ),
            Case(last(1, "tanh"), "mae", YES_OR_NO - 3, says="between -1 and 1; scale the targets"),
            Case(last(1, "relu"), "huber", X[:, :1] * 3, says="between 0 and inf"),
            Case(last(3, "softmax"), "mse", ONE_HOT * 100, says="between 0 and 1"),
            Case(
                last(3, "softmax"),
                "categorical_crossentropy",
                ONE_HOT * 2,
                says="give one-hot targets, or class indices",
            ),
        ],
        "not told": [
            Case(last(1, "sigmoid"), "mse", YES_OR_NO),
            Case(last(1, "tanh"), "mse", YES_OR_NO * 2 - 1),
            Case(last(1), "mse", YES_OR_NO * 500, optimizer=lambda: SGD(1e-6)),
            Case(last(1, "relu"), "mse", YES_OR_NO * 500, optimizer=lambda: SGD(1e-6)),
            Case(last(3, "softmax"), "categorical_crossentropy", ONE_HOT * 0.8 + 0.1),
            Case(last(1, "sigmoid"), "hinge", YES_OR_NO * 2 - 1),
        ],
    },
    "dead-units": {
        "told": [
            Case(
                lambda: dead(-100.0),
                "mse",
                YES_OR_NO,
                says="8 of the 8 units of layer 'hidden' (100%) are 0 for each of 64",
            ),
            Case(
                lambda: [
                    Conv2D(4, 3, bias_initializer=nnc.initializers.Constant(-100.0), name="conv"),
                    Activation("relu", name="rectified"),
                    Flatten(),
                    Dense(1),
                ],
                "mse",
                YES_OR_NO,
                IMAGES,
                says="4 of the 4 units of layer 'rectified'",
            ),
        ],
        "not told": [
            Case(lambda: dead(0.0), "mse", YES_OR_NO),
            Case(lambda: partly_dead(24, 9), "mse", YES_OR_NO, optimizer=lambda: SGD(1e-8)),
            Case(
                lambda: partly_dead(8, 7), "mse", YES_OR_NO, optimizer=lambda: SGD(1e-8)
            ),  # of so few, many may be dead by chance
            Case(lambda: dead(-100.0), "mse", YES_OR_NO[:16], X[:16]),  # too few rows to say so
            Case(
                lambda: [
                    Dense(8, bias_initializer=nnc.initializers.Constant(-100.0)),
                    BatchNormalization(),  # which brings the units back, with the statistics of the batch
                    Activation("relu"),
                    Dense(1),
                ],
                "mse",
                YES_OR_NO,
            ),
            Case(
                lambda: [Dense(8, "leaky_relu", bias_initializer=nnc.initializers.Constant(-5.0)), Dense(1)],
                "mse",
                YES_OR_NO,
            ),
        ],
    },
    "large-first-update": {
        "told": [
            Case(last(1), "mse", YES_OR_NO * 10, optimizer=lambda: SGD(50.0), says="the weights of layer 'out' by "),
            Case(
                lambda: dead(0.0), "mse", YES_OR_NO, optimizer=lambda: Adam(3.0), says="and those of 1 more of 2 layers"
            ),
            Case(
                last(1), "mse", YES_OR_NO, optimizer=lambda: SGD(50.0), says="lower the learning rate from 50 to about "
            ),
        ],
        "not told": [
            Case(last(1), "mse", YES_OR_NO, optimizer=lambda: Adam(0.01)),
            Case(lambda: [Dense(1, kernel_initializer="zeros")], "mse", YES_OR_NO * 100, optimizer=lambda: SGD(1.0)),
            Case(
                lambda: [Dense(1, kernel_initializer=nnc.initializers.Constant(1e-6))], "mse", YES_OR_NO, optimizer=Adam
            ),  # as good as zeros
        ],
    },
}
RULES = {rule.__name__.replace("_", "-") for rule in (*ON_LOSSES, *AT_FIRST, *AT_FIRST_UPDATE)}
TOLD = [(name, number) for name, cases in CASES.items() for number in range(len(cases["told"]))]
NOT_TOLD = [(name, number) for name, cases in CASES.items() for number in range(len(cases["not told"]))]


def heard(call: Callable[[], object]) -> list[NncWarning]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    assert all(issubclass(item.category, NncWarning) for item in found), [str(item.message) for item in found]
    return [item.message for item in found]


def test_every_hint_has_its_cases() -> None:
    assert CASES.keys() == RULES
    assert all(cases["told"] and cases["not told"] for cases in CASES.values())


@pytest.mark.parametrize(("name", "number"), TOLD)
@pytest.mark.sampled(1 / 2)
def test_it_is_told_once(name: str, number: int) -> None:
    case = CASES[name]["told"][number]
    model = case.model()
    found = heard(lambda: model.fit(case.x, case.y, epochs=2, verbose=0))
    assert [item.name for item in found] == [name], found
    (hint,) = found
    assert case.says in hint.text
    assert str(hint) == f"{name}: {hint.text}. To silence it: warnings.filterwarnings('ignore', '{name}:')"
    assert heard(lambda: (model.fit(case.x, case.y, verbose=0), model.evaluate(case.x, case.y))) == []
    assert len(heard(lambda: case.model().fit(case.x, case.y, verbose=0))) == 1  # once for each program


@pytest.mark.parametrize(("name", "number"), NOT_TOLD)
def test_it_is_not_told(name: str, number: int) -> None:
    case = CASES[name]["not told"][number]
    case.model().fit(case.x, case.y, verbose=0)  # warnings are errors


# ------------------------------------------------------------------ how they are told


def trigger(name: str) -> Case:
    return CASES[name]["told"][0]


@pytest.mark.parametrize("name", CASES)
def test_silence(name: str) -> None:
    case = trigger(name)
    for arguments in (("ignore", f"{name}:"), ("ignore", "", NncWarning), ("ignore", "", UserWarning)):
        with warnings.catch_warnings():
            warnings.filterwarnings(*arguments)
            case.model().fit(case.x, case.y, verbose=0)


def test_a_hint_points_at_the_line_that_called() -> None:
    case = trigger("dead-units")
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        case.model().fit(case.x, case.y, verbose=0)
    assert [item.filename for item in found] == [__file__]


def test_nothing_is_lost_where_hints_are_errors() -> None:
    case = trigger("large-first-update")
    model = case.model()
    with pytest.raises(NncWarning, match="large-first-update"):
        model.fit(case.x, case.y, verbose=0)
    assert model.optimizer.iterations == 1
    assert len(model.fit(case.x, case.y, verbose=0).history["loss"]) == 1


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_hints_change_no_bit(optimizer: str, shuffle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained() -> dict[str, numpy.ndarray]:
        nnc.utils.set_random_seed(0)
        layers = [Input((4,)), Dense(8, "relu"), nnc.layers.Dropout(0.5), BatchNormalization(), Dense(1)]
        model = nnc.Sequential(layers)
        model.compile(optimizer, "mse", metrics=["mae"])
        history = model.fit(X, YES_OR_NO, batch_size=10, epochs=3, shuffle=shuffle, verbose=0).history
        numbers = {f"history/{name}": numpy.array(items) for name, items in history.items()}
        return numbers | {label: array.copy() for label, array in model.program.states.items()}

    looked = trained()
    monkeypatch.setattr("nnc.hints.registry.AT_FIRST", ())
    monkeypatch.setattr("nnc.hints.registry.AT_FIRST", ())
    monkeypatch.setattr("nnc.program.training.FirstLook", lambda executor, told: None)
    not_looked = trained()
    assert looked.keys() == not_looked.keys()
    for label, array in looked.items():
        numpy.testing.assert_array_equal(array, not_looked[label], err_msg=label)


def test_the_graph_that_is_looked_at_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, run = [], Inline.run
    monkeypatch.setattr(Inline, "run", lambda self, graph: opened.append(graph.name) or run(self, graph))
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(2, name="opened_once")])
    model.compile("sgd", "mse")
    for _ in range(3):
        model.fit(numpy.ones((4, 3), "float32"), numpy.ones((4, 2), "float32"), verbose=0)
    assert opened.count("train") == (1 if model.program.engine("train").name == "numpy" else 2)  # C's own as well


def test_the_first_batch_of_a_stream_is_looked_at() -> None:
    case = trigger("unscaled-inputs")
    batches = [(case.x[start : start + 16], case.y[start : start + 16]) for start in range(0, 64, 16)]
    model = case.model()
    found = heard(lambda: model.fit(iter(batches), verbose=0))
    assert [item.name for item in found] == ["unscaled-inputs"]
    assert model.optimizer.iterations == 4
    case = trigger("large-first-update")
    model = case.model()
    assert [item.name for item in heard(lambda: model.fit(iter([(case.x, case.y)] * 3), verbose=0))] == [
        "large-first-update"
    ]
    assert model.optimizer.iterations == 3


def test_only_the_very_first_update_is_looked_at() -> None:
    model = trigger("large-first-update").model()
    model.optimizer.learning_rate = 1e-6
    model.fit(X, YES_OR_NO, verbose=0)
    model.optimizer.learning_rate = 50.0
    model.fit(X, YES_OR_NO, verbose=0)


def test_a_loaded_program_gives_hints_about_its_data(tmp_path) -> None:
    case = trigger("labels-out-of-range")
    case.model().save(tmp_path / "model.nnc")
    program = nnc.load(tmp_path / "model.nnc")
    found = heard(lambda: program.fit(case.x, case.y, verbose=0))
    assert [item.name for item in found] == ["labels-out-of-range"]


def test_class_indices_and_yes_or_no_that_are_none_are_errors_already() -> None:
    model = CASES["another-activation"]["not told"][2].model()
    with pytest.raises(DataError, match="must hold class indices 0 … 2 for the loss"):
        model.fit(X, CLASSES + 1, verbose=0)
    model = CASES["another-activation"]["not told"][0].model()
    with pytest.raises(DataError, match="must hold numbers from 0 to 1 for the loss 'binary_crossentropy'"):
        model.fit(X, YES_OR_NO * 2, verbose=0)


def test_a_schedule_has_no_learning_rate_to_name() -> None:
    schedule = nnc.optimizers.schedules.ExponentialDecay(50.0, 10, 0.5)
    model = nnc.Sequential([Input((4,)), Dense(1, name="out")])
    model.compile(SGD(schedule), "mse")
    (hint,) = heard(lambda: model.fit(X, YES_OR_NO, verbose=0))
    assert "lower the learning rate, or let it rise from a small one" in hint.text


def test_layers_that_keep_states_for_rows_are_left_alone() -> None:
    layers = nnc.layers
    x = nnc.Input((3, 4), batch_size=16)
    y = layers.Dense(4, "relu")(layers.LSTM(4, stateful=True)(x))
    model = nnc.Model(x, layers.Dense(1)(y))
    model.compile("sgd", "mse")
    model.fit(numpy.repeat(X[:, None], 3, 1), YES_OR_NO, batch_size=16, shuffle=False, verbose=0)


def test_a_model_that_would_cost_much_to_look_at_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    case = trigger("dead-units")
    monkeypatch.setattr("nnc.hints.dead_units.MOST_OPERATIONS", 1000)
    case.model().fit(case.x, case.y, verbose=0)


def test_rows_are_looked_at_all_over_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnc.program.first_step.SAMPLE_ROWS", 8)
    case = trigger("unscaled-inputs")
    x = X.copy()
    x[56] = 1e5  # the last of 8 rows of 64
    model = case.model()
    assert [item.name for item in heard(lambda: model.fit(x, case.y, verbose=0))] == ["unscaled-inputs"]
