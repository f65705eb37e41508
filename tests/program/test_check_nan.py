"""`check_nan`: the first number that is not finite is named with its op, layer, step and operands; nothing is lost."""

from __future__ import annotations

import pickle

import numpy
import pytest

import nnc
from nnc.backends.c.toolchain import find_compiler
from nnc.backends.numpy.backend import NumpyBackend
from nnc.errors import DataError, NncWarning, NonFinite, NonFiniteError, ValueRange
from nnc.execution.finite_check import value_range
from nnc.ir import ops
from nnc.layers import Activation, BatchNormalization, Dense, Dropout, Input

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C compiler")
BACKENDS = ["numpy", pytest.param("c", marks=needs_compiler)]
GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.normal(size=(40, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def compiled(*layers: nnc.layers.Layer, optimizer: object = "sgd", loss: object = "mse", shape=(3,)) -> nnc.Sequential:
    model = nnc.Sequential([Input(shape), *layers], name="net")
    model.compile(optimizer, loss)
    model.check_nan = True
    return model


def found_in(call, *arguments: object, **options: object) -> NonFinite:
    with pytest.raises(NonFiniteError) as raised:
        call(*arguments, **options)
    return raised.value.finding


def exploding() -> nnc.Sequential:
    nnc.utils.set_random_seed(0)
    return compiled(Dense(8, "relu"), Dense(1), optimizer=nnc.optimizers.SGD(1e3, momentum=0.5))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_learning_rate_that_is_too_large(backend: str) -> None:
    model, other = exploding(), exploding()
    model.backend = other.backend = backend
    other.check_nan = False
    with pytest.warns(NncWarning, match="large-first-update"):  # which is what brings the NaN about
        found = found_in(model.fit, X, Y, batch_size=8, epochs=9, verbose=0)
    assert (found.op, found.path, found.phase) == ("square", "", "loss")
    assert (found.program, found.graph, found.is_confirmed) == ("net", "train", True)
    (operand,) = found.operands
    assert operand.is_finite
    assert max(abs(operand.minimum), abs(operand.maximum)) > 1e19  # whose square float32 has not
    assert found.result.infinities > 0
    assert (found.epoch, found.batch) == (found.step // 5, found.step % 5)
    # the weights are those after the steps before: nothing is lost, and nothing of the bad step stays
    program, order = other.program, numpy.arange(40)
    shuffler = numpy.random.Generator(numpy.random.PCG64(program.state._seed))
    for step in range(found.step):
        if step % 5 == 0:
            order = numpy.arange(40)
            shuffler.shuffle(order)
        rows = order[step % 5 * 8 : step % 5 * 8 + 8]
        program.train_step(X[rows], Y[rows])
    assert found.step > 0
    for label, array in model.program.states.items():
        if not label.startswith("metrics/"):
            numpy.testing.assert_array_equal(array, program.states[label], err_msg=label)
    assert numpy.isfinite(model.program.states["parameters"]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_logarithm_of_0_in_a_loss_of_ones_own(backend: str) -> None:
    def distance(y_true, y_pred):
        return ops.mean(ops.square(ops.log(ops.relu(y_pred)) - y_true), -1)

    model = compiled(Dense(1, kernel_initializer="zeros"), loss=distance)
    model.backend = backend
    found = found_in(model.fit, X, Y, verbose=0)
    assert (found.op, found.phase, found.epoch, found.batch, found.step) == ("log", "loss", 0, 0, 0)
    assert (found.operands[0].minimum, found.operands[0].maximum) == (0.0, 0.0)
    assert (found.result.minimum, found.result.infinities, found.result.nans) == (None, 32, 0)
    assert found.index == (0, 0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_exponential_that_is_too_large_is_named_with_its_layer(backend: str) -> None:
    model = compiled(Dense(4, name="first"), Activation(lambda x: ops.exp(x * 100.0), name="second"), Dense(1))
    model.backend = backend
    with numpy.errstate(over="ignore"):
        expected = numpy.isinf(numpy.exp(X @ model.get_weights()[0] * numpy.float32(100)))
    for call, graph in ((model.predict, "predict"), (lambda x: model.evaluate(x, Y), "evaluate")):
        found = found_in(call, X)
        assert (found.op, found.path, found.phase, found.graph) == ("exp", "second", "forward", graph)
        assert (found.step, found.epoch, found.batch) == (None, None, 0)
        assert found.result.infinities == expected[: 40 if graph == "predict" else 32].sum()
        assert found.index == tuple(int(place[0]) for place in numpy.nonzero(expected))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gradient_that_is_none(backend: str) -> None:
    model = compiled(Dense(2, kernel_initializer="zeros", name="inner"), Activation(lambda x: ops.sqrt(ops.square(x))))
    model.backend = backend
    targets = numpy.zeros((40, 2), "float32")
    assert model.evaluate(X, targets) == 0.0  # forward, all is well
    weights = model.get_weights()
    found = found_in(model.fit, X, targets, verbose=0)
    assert (found.op, found.path, found.phase) == ("divide", "activation", "backward")
    assert [operand.maximum for operand in found.operands][-1] == 0.0
    for before, after in zip(weights, model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(before, after)


# ------------------------------------------------------------------ loops


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.sampled(2)
def test_the_time_step_in_a_loop(backend: str, reverse: bool) -> None:
    lstm = nnc.layers.LSTM(2, activation=lambda x: ops.exp(x), go_backwards=reverse, name="memory")
    model = compiled(lstm, Dense(1), shape=(6, 3))
    model.backend = backend
    x = numpy.zeros((40, 6, 3), "float32")
    x[7, 4] = 1e4 * numpy.sign(model.get_weights()[0][:, 4:5].T)
    with pytest.warns(NncWarning, match="unscaled-inputs"):  # such as make the exponential overflow
        found = found_in(model.fit, x, Y, batch_size=40, shuffle=False, verbose=0)
    assert (found.op, found.path, found.phase, found.times) == ("exp", "memory", "forward", (4,))
    assert found.index == (7, 0)
    assert found.operands[0].maximum > 88.8


def test_a_step_that_gets_it_from_the_step_before() -> None:
    class Doubling(nnc.layers.Layer):
        def call(self, inputs):
            steps = ops.transpose(inputs, (1, 0, 2))
            first = ops.reshape(
                inputs[:, 0:1] if hasattr(inputs, "__getitem__") else ops.take(inputs, 1, 0, 1), (-1, 3)
            )
            (last,), _ = ops.scan(lambda h, x, _: ([h[0] * h[0] + x[0]], []), [first], [steps])
            return last

    model = compiled(Doubling(name="doubling"), Dense(1), shape=(6, 3))
    found = found_in(model.predict, numpy.full((2, 6, 3), 1e5, "float32"))
    assert (found.op, found.path, found.times) == ("multiply", "doubling", (2,))  # 1e5, 1e10, 1e20, 1e40


def test_backward_through_a_loop() -> None:
    recurrent = nnc.layers.SimpleRNN(2, activation=lambda x: ops.sqrt(ops.square(x)), use_bias=False, name="memory")
    model = compiled(recurrent, Dense(1), shape=(4, 3))
    x = GENERATOR.normal(size=(8, 4, 3)).astype("float32")
    x[:, 0] = 0.0  # so that the root of 0 is taken in the first step
    found = found_in(model.fit, x, Y[:8], verbose=0)
    assert (found.op, found.path, found.phase) == ("divide", "memory", "backward")


# ------------------------------------------------------------------ what was there before


def test_nan_in_the_data() -> None:
    model, x = compiled(Dense(1)), X.copy()
    x[33, 1], x[35, 2] = numpy.nan, numpy.inf
    found = found_in(model.predict, x, batch_size=16)
    assert (found.op, found.result.name, found.index, found.batch, found.row) == ("input", "x", (1, 1), 2, 32)
    assert (found.result.nans, found.result.infinities) == (1, 1)
    assert str(found).startswith(
        "input 'x' in row 33, column 1 is not finite in batch 3, graph 'predict' of program 'net'"
    )
    with pytest.raises(DataError, match="has NaN or infinity in 2 of 40 rows, first in row 33"):
        model.fit(x, Y, verbose=0)
    assert found_in(model.program, x).index == (33, 1)


def test_weights_that_are_not_finite() -> None:
    model = compiled(Dense(3, name="first"), Dense(1, name="second"))
    model.program.variables["second/kernel"][1] = numpy.nan
    for call, step in ((lambda: model.fit(X, Y, verbose=0), 0), (lambda: model.predict(X), None)):
        found = found_in(call)
        assert (found.op, found.result.name, found.weights, found.step) == (
            "state",
            "parameters",
            ("second/kernel",),
            step,
        )
        assert "weight 'second/kernel' is not finite" in str(found)


def test_what_is_derived_from_weights_for_predictions() -> None:
    model = compiled(Dense(2, name="inner"), BatchNormalization(name="norm"), Dense(1))
    model.program.variables["norm/moving_variance"][1] = -1.0
    found = found_in(model.predict, X)
    assert (found.op, found.path, found.graph) == ("sqrt", "norm", "predict_prologue")
    assert found.operands[0].minimum < 0
    assert (found.index, found.batch) == ((1,), 0)


# ------------------------------------------------------------------ what may be infinite


def masked(x):
    """Softmax over the positive numbers, which the others leave by being minus infinity."""
    return ops.softmax(x + ops.log(ops.cast(x > 0.0, "float32")), -1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_infinities_that_are_left_again_are_none(backend: str) -> None:
    x = numpy.abs(X) * [[1, 1, -1]]
    model = compiled(Activation(masked), Dense(1))
    model.backend = backend
    model.fit(x, Y, verbose=0)
    assert numpy.isfinite(model.predict(x)).all()
    # and they are not named where something else goes wrong
    model = compiled(Activation(masked), Dense(1, name="inner"), Activation(lambda x: ops.log(x * 0.0), name="outer"))
    model.backend = backend
    found = found_in(model.predict, x)
    assert (found.op, found.path) == ("log", "outer")


def test_a_row_of_constants_that_are_all_infinite() -> None:
    where = Activation(lambda x: ops.softmax(ops.where(x > 1e9, x, float("-inf")), -1), name="masked")
    found = found_in(compiled(where, Dense(1)).predict, X)
    assert (found.op, found.path) == ("subtract", "masked")  # infinity minus infinity
    assert [(operand.infinities > 0, operand.nans) for operand in found.operands] == [(True, 0), (True, 0)]


def test_a_state_that_was_infinite_before_is_none() -> None:
    model = compiled(BatchNormalization(name="norm"), Dense(1))
    variance = model.program.variables["norm/moving_variance"]
    variance[0] = numpy.inf  # which training does not read, and predictions divide by
    model.fit(X, Y, verbose=0)
    assert numpy.isinf(variance[0])
    assert numpy.isfinite(model.predict(X)).all()


# ------------------------------------------------------------------ nothing else changes


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.sampled(1)
def test_the_same_bits_with_and_without(backend: str) -> None:
    def trained(check: bool) -> tuple[dict[str, numpy.ndarray], dict[str, list[float]], numpy.ndarray]:
        nnc.utils.set_random_seed(1)
        model = compiled(Dense(8, "tanh"), Dropout(0.5), BatchNormalization(), Dense(1), optimizer="adam")
        model.backend, model.check_nan = backend, check
        history = model.fit(X, Y, batch_size=16, epochs=3, validation_split=0.25, verbose=0).history
        return model.program.states, history, model.predict(X)

    (states, history, outputs), (others, other_history, other_outputs) = trained(True), trained(False)
    assert history == other_history
    assert states.keys() == others.keys()
    for label, array in states.items():
        numpy.testing.assert_array_equal(array, others[label], err_msg=label)
    numpy.testing.assert_array_equal(outputs, other_outputs)


def test_random_numbers_are_drawn_again_as_they_were() -> None:
    model = compiled(Dropout(0.9, name="noise"), Activation(lambda x: ops.exp(x * 1e3), name="outer"), Dense(3))
    key = model.program.states["random"].copy() if "random" in model.program.states else None
    found = found_in(model.fit, X, X, batch_size=40, verbose=0)
    assert (found.op, found.path, found.is_confirmed) == ("exp", "outer", True)
    assert 0 < found.result.infinities < 30  # a tenth of 120 numbers is left, of which half are negative
    if key is not None:
        numpy.testing.assert_array_equal(model.program.states["random"], key)


@needs_compiler
def test_batches_and_epochs_run_one_by_one() -> None:
    program = exploding().program
    program.use_backend("c")
    sizes = {"batch": 8}
    for check in (False, True, False):
        program.check_nan = check
        bound = program.bound("train", sizes)
        assert (bound.feed is None, bound.epochs is None) == (check, check)


def test_it_can_be_switched_at_any_time() -> None:
    model = compiled(Activation(lambda x: ops.log(x * 0.0)), Dense(1))
    model.check_nan = False
    assert not numpy.isfinite(model.predict(X)).any()
    assert not numpy.isfinite(model.program(X)).any()
    model.check_nan = True
    found_in(model.predict, X)
    found_in(model.program, X)
    model.compile("adam", "mae")
    assert model.program.check_nan
    assert nnc.compile(model, check_nan=False) is model.program
    assert not numpy.isfinite(model.predict(X)).any()
    assert nnc.compile(model).check_nan is False
    assert nnc.compile(model, check_nan=True).check_nan is True


# ------------------------------------------------------------------ everywhere


def test_batches_that_come_one_by_one() -> None:
    model = compiled(Activation(lambda x: ops.log(x), name="log"), Dense(1))
    batches = [(numpy.abs(X) + 1, Y), (numpy.abs(X), Y), (X * 0, Y)]
    assert found_in(model.fit, iter(batches), verbose=0).batch == 2
    assert found_in(model.evaluate, iter(batches)).batch == 2
    assert found_in(model.predict, [batch[:1] for batch in batches].__iter__()).batch == 2
    found = found_in(model.train_on_batch, X * 0, Y)
    assert (found.batch, found.step) == (None, 2)


def test_validation() -> None:
    model = compiled(Activation(lambda x: ops.log(x), name="log"), Dense(1))
    found = found_in(model.fit, numpy.abs(X) + 1, Y, validation_data=(X * 0, Y), verbose=0)
    assert (found.graph, found.epoch, found.batch, found.step) == ("evaluate", 0, 0, None)
    assert model.optimizer.iterations == 2


def test_weighted_rows() -> None:
    model = compiled(Activation(lambda x: ops.log(x), name="log"), Dense(1))
    found = found_in(model.fit, X * 0, Y, sample_weight=numpy.ones(40), verbose=0)
    assert (found.graph, found.step) == ("train_weighted", 0)


def test_a_number_that_only_compiled_code_gives() -> None:
    """A backend that rounds otherwise may overflow where the interpreter just does not."""

    class Rounding(NumpyBackend):
        def executable(self, plan, source, code, states):
            executable = super().executable(plan, source, code, states)
            make = executable._make

            def faulty(bindings):
                bound = make(bindings)
                output = next(iter(bound.outputs.values()))

                def run():
                    bound.run()
                    output.reshape(-1)[-1] = numpy.inf

                return nnc.backends.backend.BoundRun(run, bound.inputs, bound.outputs)

            executable._make = faulty
            return executable

    model = compiled(Dense(1, name="only"))
    model.program.backend = Rounding()
    found = found_in(model.predict, X)
    assert (found.op, found.result.name, found.is_confirmed, found.index) == ("output", "only", False, (39, 0))
    assert str(found).endswith(
        "output 'only' is not finite in batch 1, graph 'predict' of program 'net'\n"
        f"  it is only : f32[40,1] (from {found.result.minimum:g} to {found.result.maximum:g}, 1 infinite),"
        " the first at [39, 0]\n"
        "  it is finite if NumPy interprets the graph op by op: the backend rounds differently"
    )


# ------------------------------------------------------------------ texts


def test_the_text_says_what_where_and_when() -> None:
    operand = ValueRange("%12", "f32[32,4]", -12.5, 93.25, 0, 0)
    result = ValueRange("%13", "f32[32,4]", 0.0, 3.2e38, 1, 2)
    found = NonFinite(
        "net", "train", "exp", result, (operand,), "outer/inner", "forward", (5, 0), (3,), step=70, epoch=2, batch=6
    )
    assert str(found) == (
        "exp %13 in layer 'outer/inner' (forward, time step 3) is not finite in epoch 3, batch 7, step 71,"
        " graph 'train' of program 'net'\n"
        "  operand %12 : f32[32,4] (from -12.5 to 93.25)\n"
        "  result %13 : f32[32,4] (from 0 to 3.2e+38, 1 NaN, 2 infinite), the first at [5, 0]\n"
        "  weights, optimizer and metrics are as they were before this step"
    )
    error = NonFiniteError(found)
    again = pickle.loads(pickle.dumps(error))
    assert (again.finding, str(again)) == (found, str(error))
    error.locate(epoch=9, row=4)
    assert (error.finding.epoch, error.finding.row) == (2, 4)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1.0, -2.0, numpy.nan, numpy.inf, -numpy.inf], (-2.0, 1.0, 1, 2)),
        ([numpy.nan], (None, None, 1, 0)),
        ([], (None, None, 0, 0)),
        ([0.5], (0.5, 0.5, 0, 0)),
    ],
)
def test_ranges(numbers: list[float], expected: tuple[object, ...]) -> None:
    array = numpy.array(numbers, "float32")
    found = value_range("x", nnc.ir.TensorType("float32", (len(numbers),)), array)
    assert (found.minimum, found.maximum, found.nans, found.infinities) == expected
    assert found.is_finite == bool(numpy.isfinite(array).all())


def test_ranges_of_whole_numbers_and_truth_values() -> None:
    whole = value_range("i", nnc.ir.TensorType("int32", (2,)), numpy.array([3, -4], "int32"))
    truth = value_range("b", nnc.ir.TensorType("bool", (2,)), numpy.array([True, False]))
    assert (whole.minimum, whole.maximum, truth.minimum, truth.maximum) == (-4.0, 3.0, 0.0, 1.0)
