"""What `compile`, `fit` and the rest refuse, each with one exact message, and what a refusal leaves as it was."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.layers import Dense

X = numpy.ones((8, 3), "float32")
Y = numpy.ones((8, 1), "float32")


def chain(units: int = 1) -> nnc.Sequential:
    return nnc.Sequential([nnc.Input((3,)), Dense(units, name="out")], name="m")


def two() -> nnc.Model:
    x = nnc.Input((3,))
    return nnc.Model(x, [Dense(1, name="p")(x), Dense(1, name="q")(x)], name="m")


COMPILE = [
    (chain, {"loss": "msee"}, "unknown loss 'msee'. Did you mean 'mse'?"),
    (chain, {"loss": 3}, "a loss must be a name, a config, a Loss or a function of (y_true, y_pred), got 3"),
    (
        chain,
        {"optimizer": "sdg"},
        "unknown optimizer 'sdg'. Did you mean 'sgd'?",
    ),
    (chain, {"metrics": ["acuracy"]}, "unknown metric 'acuracy'. Did you mean 'accuracy'?"),
    (
        chain,
        {"loss": "categorical_crossentropy"},
        "loss 'categorical_crossentropy' needs an output with one unit per class, got f32[batch,1], which has 1; use"
        " 'binary_crossentropy', or Dense(classes) with activation 'softmax' as last layer",
    ),
    (chain, {"loss": ["mse", "mse"]}, "loss: expected 1 items, one per output (out), got 2"),
    (chain, {"loss": {"outt": "mse"}}, "loss: the model has no output 'outt', only out. Did you mean 'out'?"),
    (chain, {"metrics": {"outt": "mae"}}, "metrics: the model has no output 'outt', only out. Did you mean 'out'?"),
    (chain, {"run_eagerly": True}, "compile: run_eagerly=True is not supported; nnc has no eager mode"),
    (two, {"loss": {"p": "mse", "r": "mse"}}, "loss: the model has no output 'r', only p, q."),
    (two, {"loss": [None, None]}, "none of the outputs p, q has a loss; give one with loss="),
    (two, {"loss": ["mse"]}, "loss: expected 2 items, one per output (p, q), got 1"),
    (two, {"metrics": ["mae"]}, "metrics: expected 2 items, one per output (p, q), got 1"),
    (two, {"metrics": "mae"}, "metrics: expected a list with one item per output (p, q), got 'mae'"),
    (two, {"metrics": {"r": "mae"}}, "metrics: the model has no output 'r', only p, q."),
    (two, {"loss_weights": 2.0}, "loss_weights: expected a list with one item per output (p, q), got 2.0"),
    (two, {"loss_weights": [1, "a"]}, "loss_weights must be numbers, got 'a'; metrics are given with metrics=[...]"),
]


@pytest.mark.parametrize(("make", "options", "message"), COMPILE)
def test_compile(make, options, message):
    model = make()
    with pytest.raises(ModelError) as error:
        model.compile(**({"optimizer": "sgd", "loss": "mse"} | options))
    assert str(error.value) == message
    assert not model.is_compiled


def test_a_refused_compile_leaves_everything_as_it_was():
    model = chain()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    program, optimizer = model.program, model.optimizer
    for options in ({"loss": "msee"}, {"optimizer": "sdg"}, {"metrics": ["acuracy"]}):
        with pytest.raises(ModelError):
            model.compile(**({"optimizer": "sgd", "loss": "mse"} | options))
    assert model.program is program
    assert model.optimizer is optimizer
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "mae"]
    assert model.optimizer.iterations == 2


def test_checks_of_an_unwired_model_come_with_its_shape():
    model = nnc.Sequential([Dense(1)])
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(ModelError, match=r"^loss 'categorical_crossentropy' needs an output with one unit per class"):
        model.fit(X, Y, verbose=0)


UNCOMPILED = {
    "fit": lambda model: model.fit(X, Y),
    "evaluate": lambda model: model.evaluate(X, Y),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "test_on_batch": lambda model: model.test_on_batch(X, Y),
}


@pytest.mark.parametrize("action", UNCOMPILED)
def test_not_compiled(action):
    model = chain()
    with pytest.raises(ModelError) as error:
        UNCOMPILED[action](model)
    assert str(error.value) == f"call compile(optimizer, loss) before {action}: model 'm' has no loss"
    assert model.predict(X).shape == (8, 1)


WHOLE = "must be a whole number of at least"
FIT = [
    ({"epochs": "a"}, f"epochs {WHOLE} 0, got 'a'"),
    ({"epochs": 1.5}, f"epochs {WHOLE} 0, got 1.5"),
    ({"epochs": -1}, f"epochs {WHOLE} 0, got -1"),
    ({"epochs": True}, f"epochs {WHOLE} 0, got True"),
    ({"initial_epoch": None}, f"initial_epoch {WHOLE} 0, got None"),
    ({"batch_size": 0}, f"batch_size {WHOLE} 1, got 0"),
    ({"batch_size": "a"}, f"batch_size {WHOLE} 1, got 'a'"),
    ({"batch_size": float("nan")}, f"batch_size {WHOLE} 1, got nan"),
    ({"validation_batch_size": 0}, f"validation_batch_size {WHOLE} 1, got 0"),
    ({"validation_freq": 0}, f"validation_freq {WHOLE} 1, got 0"),
    ({"verbose": 3}, "verbose must be 0, 1, 2 or 'auto', got 3"),
    ({"verbose": "loud"}, "verbose must be 0, 1, 2 or 'auto', got 'loud'"),
    ({"validation_split": 1.5}, "validation_split must be a number between 0 and 1, got 1.5"),
    ({"validation_split": "a"}, "validation_split must be a number between 0 and 1, got 'a'"),
    ({"validation_split": 0.99}, "validation_split 0.99 of 8 rows leaves nothing to train or to validate on"),
    ({"validation_data": (X, Y, None, Y)}, "validation_data must be (x, y) or (x, y, sample_weight)"),
    ({"validation_data": X}, "validation_data must be (x, y) or (x, y, sample_weight)"),
    ({"validation_data": (X, Y[:3])}, "all arrays must have the same number of rows: x has 8, y has 3"),
    ({"sample_weight": [1.0]}, "sample_weight must have shape (8,), got (1,)"),
    (
        {"sample_weight": ["a"] * 8},
        "sample_weight must hold numbers, got elements of type <U1;"
        " convert them first, for example with x.astype('float32')",
    ),
    ({"sample_weight": [1.0] * 7 + [float("nan")]}, "sample_weight has NaN or infinity, first in row 7: nan"),
    ({"class_weight": [1, 2]}, "class_weight must be a dictionary of numbers by class index, got [1, 2]"),
    ({"class_weight": {"a": 1}}, "class_weight must be a dictionary of numbers by class index, got {'a': 1}"),
]


@pytest.mark.parametrize(("options", "message"), FIT, ids=[message for _, message in FIT])
def test_fit(options, message):
    model = chain()
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(DataError) as error:
        model.fit(X, Y, **({"verbose": 0} | options))
    assert str(error.value) == message
    numpy.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_class_weights_need_one_output():
    model = two()
    model.compile("sgd", "mse")
    with pytest.raises(DataError, match=r"^class_weight needs a model with one output$"):
        model.fit(X, [Y, Y], class_weight={0: 1.0}, verbose=0)


def test_python_refuses_unknown_arguments():
    model = chain()
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="unexpected keyword argument 'epoch'"):
        model.fit(X, Y, epoch=3)
