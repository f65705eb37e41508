"""Training, evaluation and prediction from tensors, tables and buffers: the same numbers as from plain arrays."""

from __future__ import annotations

import array
import sys
from collections.abc import Callable
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import DataError
from tests.program.samples import X, Y, digest, network


def torch_tensor(x: Any) -> Any:
    return pytest.importorskip("torch").from_numpy(x)


def watched_tensor(x: Any) -> Any:
    return torch_tensor(x).clone().requires_grad_()


def tensorflow_tensor(x: Any) -> Any:
    return pytest.importorskip("tensorflow").constant(x)


def table(x: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(x)


GIVERS: dict[str, Callable[[Any], Any]] = {
    "torch": torch_tensor,
    "torch with gradient": watched_tensor,
    "tensorflow": tensorflow_tensor,
    "pandas": table,
    "memoryview": memoryview,
    "read-only": lambda x: numpy.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "list": lambda x: x.tolist(),
}


@pytest.mark.parametrize("give", GIVERS.values(), ids=GIVERS)
@pytest.mark.sampled(4)
def test_same_numbers_as_from_arrays(give):
    found, expected = network(), network()
    x, y, weight = give(X), give(Y), give(numpy.linspace(0.5, 2.0, len(X), dtype="float32")[:, None])
    plain = numpy.linspace(0.5, 2.0, len(X), dtype="float32")
    found.program.fit(x, y, sample_weight=weight, epochs=2, verbose=0, validation_data=(x, y))
    expected.program.fit(X, Y, sample_weight=plain, epochs=2, verbose=0, validation_data=(X, Y))
    assert found.program.train_step(x, y) == expected.program.train_step(X, Y)
    assert found.train_on_batch(x, y) == expected.train_on_batch(X, Y)
    assert digest(found.program) == digest(expected.program)
    assert found.evaluate(x, y) == expected.evaluate(X, Y)
    for run in (found.predict, found.predict_on_batch, found.program, found.program):  # the second call is a short way
        numpy.testing.assert_array_equal(run(x), expected.program(X))


def test_what_is_refused_is_refused_in_the_second_call_as_well():
    program = network().program
    program(X)
    masked = numpy.ma.masked_array(X, numpy.arange(X.size).reshape(X.shape) == 4)
    for run in (program, program.predict):
        with pytest.raises(DataError, match=r"^input 'x' has 1 masked elements, first in row 1; fill them first"):
            run(masked)
    numpy.testing.assert_array_equal(program(masked.filled(0.0)), program.predict(masked.filled(0.0)))


def test_objects_that_raise_errors_are_refused_in_one_of_ours():
    class Broken:
        def __array__(self, *arguments: Any, **options: Any) -> Any:
            raise ZeroDivisionError("broken")

    class Unshaped:
        @property
        def shape(self) -> Any:
            raise OSError("broken")

    model = network()
    model.program(X)
    for broken in (Broken(), Unshaped()):
        for run in (
            lambda x: model.program(x),
            lambda x: model.predict([x]),
            lambda x: model.fit(x, Y, verbose=0),
            lambda x: model.fit(X, x, verbose=0),
            lambda x: model.evaluate(X, Y, sample_weight=x),
        ):
            with pytest.raises(DataError, match=r"^(input 'x'|target 'y'|sample_weight) is not an array: broken$"):
                run(broken)


def test_a_column_of_numbers_is_an_input_of_width_one():
    pandas = pytest.importorskip("pandas")
    model = nnc.Sequential([nnc.layers.Dense(1, input_dim=1)])
    expected = model.predict(X[:, :1])
    for x in (pandas.Series(X[:, 0]), X[:, 0], array.array("f", X[:, 0].tolist()), torch_tensor(X[:, 0])):
        numpy.testing.assert_array_equal(model.predict(x), expected)


def test_several_inputs_and_outputs():
    pandas = pytest.importorskip("pandas")
    left, right = nnc.Input((3,), name="left"), nnc.Input((1,), name="right")
    hidden = nnc.layers.Concatenate()([left, right])
    outputs = [nnc.layers.Dense(1, name="first")(hidden), nnc.layers.Dense(1, name="second")(hidden)]
    model = nnc.Model([left, right], outputs)
    model.compile("sgd", "mse")
    expected = model.evaluate([X, Y], [Y, Y])
    given = {"left": pandas.DataFrame(X), "right": tensorflow_tensor(Y)}
    targets = {"first": pandas.Series(Y[:, 0]), "second": torch_tensor(Y)}
    assert model.evaluate(given, targets) == expected
    assert model.evaluate([torch_tensor(X), memoryview(Y)], list(targets.values())) == expected
    weights = [pandas.Series(numpy.ones(len(Y))), torch_tensor(numpy.ones(len(Y)))]
    assert model.evaluate([X, Y], [Y, Y], sample_weight=weights) == pytest.approx(expected)


def test_the_short_way_makes_no_further_calls():
    program = network().program
    program(X)
    calls: list[str] = []
    sys.setprofile(lambda frame, event, argument: calls.append(_name(frame, argument)) if "call" in event else None)
    try:
        program(X)
    finally:
        sys.setprofile(None)
    assert "to_array" not in calls
    assert calls[0] == "__call__"
    assert calls[1] in ("guarded_by_one", "run", "predict")  # nothing is asked of the array before the program runs


def _name(frame: Any, argument: Any) -> str:
    return getattr(argument, "__name__", frame.f_code.co_name)


def test_batches_of_tensors():
    torch = pytest.importorskip("torch")
    x, y = torch_tensor(X), torch_tensor(Y)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=10)
    found, expected = network(), network()
    found.fit(loader, epochs=2, shuffle=False, verbose=0, validation_data=loader)
    expected.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
    found.fit(((watched_tensor(X[:10]), table(Y[:10])) for _ in range(3)), verbose=0)
    for _ in range(3):
        expected.train_on_batch(X[:10], Y[:10])
    assert found.evaluate(loader) == expected.evaluate(X, Y, batch_size=10)
    numpy.testing.assert_array_equal(found.predict((a,) for a, _ in loader), expected.predict(X, batch_size=10))


@pytest.mark.parametrize("kind", ["torch", "tensorflow", "table", "tensor"])
def test_the_width_of_inputs_is_taken_from_tensors_and_first_batches(kind):
    model = nnc.Sequential([nnc.layers.Dense(1)])
    if kind == "torch":
        data = pytest.importorskip("torch").utils.data
        source: Any = data.DataLoader(data.TensorDataset(torch_tensor(X)), batch_size=10)
    elif kind == "tensorflow":
        source = pytest.importorskip("tensorflow").data.Dataset.from_tensor_slices(X).batch(10)
    else:
        source = table(X) if kind == "table" else watched_tensor(X)
    assert model.predict(source).shape == (50, 1)
    assert model.input_shape == (None, 3)


def test_the_first_batch_of_a_generator_gives_the_shape_and_is_predicted():
    model = nnc.Sequential([nnc.layers.Dense(1)])
    found = model.predict(iter([(X,), (X[:2],)]))
    numpy.testing.assert_array_equal(found, numpy.concatenate([model.predict(X), model.predict(X[:2])]))


def test_weights_of_another_library():
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(3, 2)
    model = nnc.Sequential([nnc.layers.Dense(2, input_dim=3)])
    for owner in (model, model.layers[0], model.program):
        owner.set_weights([layer.weight.T, layer.bias])
        numpy.testing.assert_allclose(model.predict(X), layer(torch_tensor(X)).detach(), rtol=1e-5, atol=1e-6)


def test_normalization_adapts_to_a_table():
    layer = nnc.layers.Normalization()
    layer.adapt(table(X))
    expected = (X - X.mean(0)) / X.std(0)
    numpy.testing.assert_allclose(layer(watched_tensor(X)), expected, rtol=1e-4, atol=1e-5)
