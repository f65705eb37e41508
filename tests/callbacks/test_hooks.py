"""Which hooks are called, in which order and with which arguments, compared with Keras on the same model."""

from __future__ import annotations

import pickle
from typing import Any

import numpy
import pytest

import nnc
from nnc.callbacks import Callback, CallbackList, History, LambdaCallback
from nnc.errors import DataError
from tests.callbacks.networks import arrays, fit, network

HOOKS = [
    "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end",
    "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end", "on_predict_begin",
    "on_predict_end", "on_predict_batch_begin", "on_predict_batch_end",
]  # fmt: skip


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def recorder(base: Any, calls: list[Any], stop: Any = None) -> Any:
    """A callback of class `base` that notes every call, and may say when to stop."""

    def hook(name: str) -> Any:
        def note(self: Any, *arguments: Any, logs: Any = None) -> None:
            *numbers, last = (*arguments, logs) if logs is not None else arguments
            shown = {}
            for key, value in (last or {}).items():
                shown[key] = numpy.shape(value) if key == "outputs" else float(value)
            calls.append((name, tuple(numbers), shown))
            if stop is not None and (name, tuple(numbers)) == stop[0]:
                setattr(self.model, stop[1], True)

        return note

    return type("Recorder", (base,), {name: hook(name) for name in HOOKS})()


def compare(found: list[Any], expected: list[Any]) -> None:
    assert [item[:2] for item in found] == [item[:2] for item in expected]
    for (name, _, logs), (_, _, other) in zip(found, expected, strict=True):
        assert list(logs) == list(other), name
        for key, value in logs.items():
            assert value == pytest.approx(other[key], rel=1e-4), (name, key)


STOPS = [
    None,
    (("on_batch_end", (2,)), "stop_training"),
    (("on_epoch_end", (1,)), "stop_training"),
    (("on_train_begin", ()), "stop_training"),
    (("on_test_batch_end", (0,)), "stop_evaluating"),
]


@pytest.mark.parametrize("stop", STOPS, ids=str)
@pytest.mark.parametrize("options", [{}, {"validation_freq": 2, "initial_epoch": 1}, {"validation_batch_size": 5}])
@pytest.mark.sampled(1)
def test_fit_calls_what_keras_calls(keras, stop, options):
    records = []
    for module in (nnc, keras):
        calls: list[Any] = []
        model = network(module)
        history = fit(model, [recorder(module.callbacks.Callback, calls, stop)], **options)
        records.append((calls, history))
    (found, history), (expected, other) = records
    compare(found, expected)
    assert history.epoch == other.epoch
    assert history.params == other.params


def test_evaluate_and_predict_call_what_keras_calls(keras):
    x, y = arrays()
    records = []
    for module in (nnc, keras):
        calls: list[Any] = []
        callback = recorder(module.callbacks.Callback, calls)
        model = network(module)
        model.evaluate(x, y, batch_size=16, verbose=0, callbacks=[callback])
        model.evaluate(x, y, batch_size=8, steps=2, verbose=0, callbacks=callback)
        model.predict(x, batch_size=16, verbose=0, callbacks=[callback])
        model.predict(x, verbose=0, callbacks=[callback])
        stopped = recorder(module.callbacks.Callback, calls, (("on_predict_batch_end", (1,)), "stop_predicting"))
        assert model.predict(x, batch_size=8, verbose=0, callbacks=[stopped]).shape == (16, 1)
        assert model.predict(x, batch_size=8, steps=3, verbose=0).shape == (24, 1)
        records.append(calls)
    compare(*records)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("stop", [None, (("on_batch_end", (2,)), "stop_training")], ids=str)
def test_hooks_around_several_batches(keras, stop):
    x, y = arrays()
    records = []
    for module in (nnc, keras):
        calls: list[Any] = []
        callback = recorder(module.callbacks.Callback, calls, stop)
        model = network(module)
        model.compile("sgd", "mse", metrics=["mae"], steps_per_execution=3)
        fit(model, [callback])
        model.evaluate(x, y, batch_size=8, verbose=0, callbacks=[callback])
        model.predict(x, batch_size=8, verbose=0, callbacks=[callback])
        records.append(calls)
    compare(*records)


@pytest.mark.slow
def test_logs_pass_from_callback_to_callback(keras):
    histories = []
    for module in (nnc, keras):

        class Adding(module.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                logs["seen"] = len(logs) + epoch

        histories.append(fit(network(module), [Adding(), [Adding()]]).history)
    assert histories[0]["seen"] == histories[1]["seen"]
    assert list(histories[0]) == list(histories[1])


def test_model_params_and_history_are_known():
    model = network(nnc)
    seen = []
    callback = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, sorted(logs))), greeting="hello")
    history = fit(model, [callback], epochs=2)
    assert seen == [(epoch, ["loss", "mae", "val_loss", "val_mae"]) for epoch in (0, 1)]
    assert callback.model is history.model is model
    assert callback.greeting == "hello"
    assert model.history is history
    assert callback.params == {"verbose": 0, "epochs": 2, "steps": 5}
    mine = History()
    assert fit(model, mine, epochs=1) is mine
    assert fit(model, mine, epochs=1).history["loss"] == mine.history["loss"]
    assert len(mine.history["loss"]) == 2
    assert mine.epoch == [0]
    assert pickle.loads(pickle.dumps(mine)).history == mine.history


def test_a_program_has_callbacks_as_well(tmp_path):
    network(nnc).save(tmp_path / "model.nnc")
    program = nnc.load(tmp_path / "model.nnc")
    calls: list[Any] = []

    class Slower(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate /= 2.0
            self.model.stop_training = epoch == 2

    history = fit(program, [recorder(Callback, calls), Slower()])
    assert history.epoch == [0, 1, 2]
    assert program.optimizer.learning_rate == pytest.approx(0.0125)
    assert calls[-1][0] == "on_train_end"
    weights = program.get_weights()
    program.set_weights([array * 0 for array in weights])
    assert not any(array.any() for array in program.get_weights())
    with pytest.raises(DataError, match="has weights of shapes"):
        program.set_weights(weights[1:])


# ---------------------------------------------------------------------- batches cost nothing where nobody looks


class Counting(CallbackList):
    """Counts calls of hooks of batches."""

    calls = 0

    def on_train_batch_begin(self, batch, logs=None):
        type(self).calls += 1
        super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        type(self).calls += 1
        super().on_train_batch_end(batch, logs)

    def on_test_batch_end(self, batch, logs=None):
        type(self).calls += 1
        super().on_test_batch_end(batch, logs)


class Quiet(Callback):
    def on_epoch_end(self, epoch, logs=None):
        pass


class Loud(Callback):
    def on_batch_end(self, batch, logs=None):
        pass


@pytest.mark.parametrize(("callbacks", "calls"), [([], 0), ([Quiet()], 0), ([Loud()], 50), ([Quiet(), Loud()], 50)])
def test_hooks_of_batches_are_called_only_where_there_are_some(monkeypatch, callbacks, calls):
    monkeypatch.setattr(Counting, "calls", 0)
    monkeypatch.setattr("nnc.program.training.CallbackList", Counting)
    model = network(nnc)
    asked = []
    kept = model.program.state.metric_values
    monkeypatch.setattr(model.program.state, "metric_values", lambda graph: asked.append(1) or kept(graph))
    fit(model, callbacks)
    assert Counting.calls == calls
    assert len(asked) == 10 + calls // 2


@pytest.mark.filterwarnings("ignore:.*__array__.*:DeprecationWarning")
def test_callbacks_of_keras_work_as_well(keras):
    model, other = network(nnc), network(nnc)
    theirs = keras.callbacks.EarlyStopping("loss", min_delta=0.3, restore_best_weights=True)
    assert not CallbackList([theirs]).wants_train_batches
    assert CallbackList([keras.callbacks.TerminateOnNaN()]).wants_train_batches
    ours = nnc.callbacks.EarlyStopping("loss", min_delta=0.3, restore_best_weights=True)
    assert fit(model, theirs).history == fit(other, ours).history
    numpy.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_no_epoch_at_all(keras):
    records: list[list[Any]] = [[], []]
    for module, calls in zip((nnc, keras), records, strict=True):
        assert fit(network(module), recorder(module.callbacks.Callback, calls), epochs=0).history == {}
    compare(*records)


@pytest.mark.parametrize("wrong", [3, "early", Quiet, [Quiet(), 3]])
def test_what_is_no_callback_is_named(wrong):
    with pytest.raises(DataError, match="callbacks must be instances of"):
        fit(network(nnc), wrong)


def test_a_hook_that_is_none_is_named():
    with pytest.raises(DataError, match=r"no hook 'on_epochs_end'\. Did you mean 'on_epoch_end'"):
        nnc.callbacks.LambdaCallback(on_epochs_end=print)
    assert nnc.callbacks.LambdaCallback(best=1).best == 1
