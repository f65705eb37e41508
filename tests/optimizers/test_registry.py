"""Optimizers by name and their configs, as Keras has them, and mistakes named."""

import inspect

import numpy
import pytest

from nnc import optimizers
from nnc.optimizers import OPTIMIZERS
from nnc.optimizers.registry import as_optimizer
from tests.registry_battery import check_import_is_light, check_mistake, check_round_trip

CONFIGS = [
    *[(cls.__name__, {}) for cls in OPTIMIZERS.values() if cls is not optimizers.Lamb],
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "name": "mine"}),
    ("SGD", {"clipvalue": 0.5, "weight_decay": 0.1}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4, "amsgrad": True, "global_clipnorm": 2.0}),
    ("AdamW", {"weight_decay": 0.1, "ema_momentum": 0.5}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.5, "epsilon": 1e-4, "centered": True}),
    ("Adagrad", {"clipnorm": 0.5, "initial_accumulator_value": 0.2}),
    ("Nadam", {"use_ema": True, "ema_overwrite_frequency": 3, "gradient_accumulation_steps": 4}),
    ("SGD", {"loss_scale_factor": 8.0}),
    ("Muon", {"exclude_layers": ["head"], "adam_weight_decay": None}),
]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.mark.parametrize(("name", "arguments"), CONFIGS)
@pytest.mark.sampled(5)
def test_config_round_trip_is_that_of_keras(keras, name, arguments):
    keras.backend.clear_session()  # or Keras numbers the names
    check_round_trip(optimizers, keras.optimizers, name, arguments)


def test_config_of_lamb(keras):
    """Keras 3.15 does not find it by name in `keras.optimizers.deserialize`."""
    keras.backend.clear_session()
    config = optimizers.serialize(optimizers.Lamb(0.25))
    assert config["config"] == keras.optimizers.Lamb(0.25).get_config()
    assert type(keras.saving.deserialize_keras_object(config)).__name__ == "Lamb"
    assert optimizers.deserialize(config).get_config() == config["config"]


@pytest.mark.parametrize("cls", OPTIMIZERS.values())
def test_arguments_are_those_of_keras(keras, cls):
    theirs = inspect.signature(getattr(keras.optimizers, cls.__name__)).parameters
    own = [item for item in inspect.signature(cls).parameters.values() if item.kind is item.POSITIONAL_OR_KEYWORD]
    expected = list(theirs.values())[: len(own)]
    assert [(item.name, item.default) for item in own] == [(item.name, item.default) for item in expected]
    by_name = {item.name: item for item in inspect.signature(cls).parameters.values() if item.kind is item.KEYWORD_ONLY}
    assert set(by_name) - {"lr"} == set(theirs) - {item.name for item in own} - {"kwargs"}
    assert all(item.default == theirs[name].default for name, item in by_name.items() if name != "lr")


def test_spellings():
    assert optimizers.sgd(lr=0.5).learning_rate == 0.5
    assert optimizers.SGD(0.1, 0.9, True).nesterov
    assert optimizers.adam is optimizers.Adam
    assert optimizers.adamw().weight_decay == 0.004
    assert optimizers.Adam(learning_rate=1).learning_rate == 1.0
    assert optimizers.SGD(numpy.float32(0.5)).learning_rate == 0.5
    assert optimizers.SGD(numpy.array(0.5)).learning_rate == 0.5
    optimizer = optimizers.RMSprop(name="mine")
    assert optimizers.get(optimizer) is optimizer
    assert repr(optimizer) == "<RMSprop 'mine', learning rate 0.001>"
    for name, cls in [*OPTIMIZERS.items(), ("SGD", optimizers.SGD), ("AdamW", optimizers.AdamW)]:
        assert type(optimizers.get(name)) is type(optimizers.get(cls)) is cls
    with pytest.raises(TypeError, match="lerning_rate"):
        optimizers.sgd(lerning_rate=0.1)


class Half(optimizers.Optimizer):
    def __init__(self, learning_rate=0.5, factor=2.0, **options):
        super().__init__(learning_rate, **options)
        self.factor = factor

    def get_config(self):
        return super().get_config() | {"factor": self.factor}


def test_own_optimizers():
    copy = optimizers.get(optimizers.serialize(Half(0.25, 3.0)), {"Half": Half})
    assert (copy.learning_rate, copy.factor, copy.name) == (0.25, 3.0, "half")
    assert optimizers.serialize(copy)["registered_name"] == "Half"
    assert type(optimizers.get(Half)) is Half
    mine = Half()
    assert optimizers.get("mine", {"mine": mine}) is mine


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            lambda: optimizers.get("adma"),
            "unknown optimizer 'adma'.",
        ),
        (lambda: optimizers.get("rmsporp"), "Did you mean 'rmsprop'?"),
        (lambda: optimizers.get("Adagrat"), "unknown optimizer 'Adagrat'"),
        (lambda: as_optimizer(None), "an optimizer must be a name, a config or an Optimizer, got None"),
        (lambda: optimizers.get({"config": {}}), "an optimizer's config needs 'class_name' and 'config'"),
        (lambda: optimizers.get({"class_name": "SGD", "config": 3}), "an optimizer's config needs"),
        (lambda: optimizers.get({"class_name": "SGD", "config": {"momentun": 1}}), "Did you mean 'momentum'?"),
        (lambda: optimizers.get({"class_name": "SGD", "config": {"options": 1}}), "no argument 'options'"),
        (lambda: optimizers.get("mine", {"mine": 3}), "optimizer 'mine' must be an Optimizer, got 3"),
        (
            lambda: Half.from_config({"learning_rate": 0.1, "lr": 0.1, "factor": 1, "name": 3, "x": 1}),
            "no argument 'x'",
        ),
        (lambda: optimizers.SGD(0.0), "optimizer 'sgd': learning_rate must be a finite number above 0, got 0.0"),
        (lambda: optimizers.SGD(lr=-1), "learning_rate must be a finite number above 0, got -1"),
        (lambda: optimizers.SGD(float("inf")), "learning_rate must be a finite number above 0, got inf"),
        (lambda: optimizers.SGD(True), "learning_rate must be a finite number above 0, got True"),
        (lambda: optimizers.SGD("0.1"), "learning_rate must be a finite number above 0, got '0.1'"),
        (lambda: optimizers.SGD(lambda: 0.1), "learning_rate must be a number or a LearningRateSchedule"),
        (
            lambda: optimizers.Adam({"class_name": "CosineDecay"}),
            "learning_rate must be a number or a LearningRateSchedule",
        ),
        (
            lambda: optimizers.get({"class_name": "SGD", "config": {"learning_rate": {"class_name": "Cosine"}}}),
            "unknown learning-rate schedule 'Cosine'; known are CosineDecay, CosineDecayRestarts,",
        ),
        (
            lambda: optimizers.SGD(momentum=1.5, name="mine"),
            "optimizer 'mine': `momentum` must be a float between [0, 1]. Received: momentum=1.5",
        ),
        (
            lambda: optimizers.SGD(momentum=float("nan")),
            "between [0, 1]. Received: momentum=nan",
        ),
        (lambda: optimizers.RMSprop(rho=-0.1), "optimizer 'rm_sprop': rho must be a number from 0 to 1, got -0.1"),
        (lambda: optimizers.RMSprop(momentun=2), "optimizer RMSprop has no argument 'momentun'. Did you mean"),
        (lambda: optimizers.RMSprop(epsilon=-1e-7), "epsilon must be a finite number of at least 0, got -1e-07"),
        (lambda: optimizers.Adam(beta_1=1.0), "beta_1 must be a number from 0 to below 1, got 1.0"),
        (lambda: optimizers.Adam(beta_2="0.9"), "beta_2 must be a number from 0 to below 1, got '0.9'"),
        (lambda: optimizers.Adam(epsilon=None), "epsilon must be a finite number of at least 0, got None"),
        (
            lambda: optimizers.AdamW(weight_decay=None),
            "Argument `weight_decay` must be a float. Received: weight_decay=None; without decay use Adam",
        ),
        (lambda: optimizers.SGD(weight_decay=-1), "weight_decay must be a finite number of at least 0, got -1"),
        (lambda: optimizers.SGD(clipvalue=0), "clipvalue must be a finite number above 0, got 0"),
        (lambda: optimizers.SGD(global_clipnorm=-1), "global_clipnorm must be a finite number above 0, got -1"),
        (
            lambda: optimizers.SGD(clipvalue=1, global_clipnorm=1),
            "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set, got clipvalue",
        ),
        (lambda: optimizers.SGD(clipnorm=0.0), "clipnorm must be a finite number above 0, got 0.0"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=2), "can be set, got clipnorm=1 and clipvalue=2"),
        (lambda: optimizers.SGD(ema_momentum=2), "ema_momentum must be a number from 0 to 1, got 2"),
        (
            lambda: optimizers.SGD(ema_overwrite_frequency=0),
            "ema_overwrite_frequency must be an integer of at least 1, got 0",
        ),
        (
            lambda: optimizers.SGD(gradient_accumulation_steps=1),
            "gradient_accumulation_steps must be an integer of at least 2, got 1",
        ),
        (lambda: optimizers.SGD(loss_scale_factor=0), "loss_scale_factor must be a finite number above 0, got 0"),
        (
            lambda: optimizers.Lion(beta_1=0.0),
            "Argument `beta_1` must be in the [0, 1] range. Otherwise, the optimizer",
        ),
        (
            lambda: optimizers.Ftrl(learning_rate_power=0.5),
            "`learning_rate_power` needs to be negative or zero. Received: learning_rate_power=0.5.",
        ),
        (lambda: optimizers.Ftrl(l1_regularization_strength=-1), "`l1_regularization_strength` needs to be pos"),
        (lambda: optimizers.Adafactor(clip_threshold=0), "clip_threshold must be a finite number above 0, got 0"),
        (lambda: optimizers.Muon(exclude_layers="head"), "exclude_layers must be a list of regular expressions, got"),
        (lambda: optimizers.Muon(ns_steps=1.5), "ns_steps must be an integer of at least 0, got 1.5"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_import_is_light():
    check_import_is_light("nnc.optimizers")
