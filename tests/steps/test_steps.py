"""Models that write their own steps: what becomes of them, and what is refused."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers, ops
from nnc.errors import DataError, GraphError, ModelError, NncError
from nnc.export import export
from tests.steps.engines import numbers

X, Y = numbers(10, 3), numbers(10, 2, seed=1)


class Squares(nnc.Model):
    def train_step(self, data):
        x, y = data
        with nnc.GradientTape() as tape:
            loss = ops.mean(ops.square(y - self(x, training=True)))
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss}


def squares(cls=Squares, *, dropout=0.0, **options):
    nnc.utils.set_random_seed(0)
    inputs = nnc.Input((3,))
    model = cls(inputs, layers.Dropout(dropout)(layers.Dense(2)(inputs)))
    model.compile("adam", **options)
    return model


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_a_saved_program_goes_on_to_the_bit(tmp_path, backend):
    model = squares(dropout=0.3)
    model.backend = backend
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    model.program.save(tmp_path / "squares.nnc")
    loaded = nnc.load(tmp_path / "squares.nnc", backend=backend)
    known = [layer["class_name"] for layer in loaded.spec.model["config"]["layers"]]
    assert known == ["InputLayer", "Dense", "Dropout"]
    first, second = (item.fit(X, Y, batch_size=4, epochs=3, verbose=0).history for item in (loaded, model))
    assert first == second
    assert numpy.array_equal(loaded.predict(X), model.predict(X, verbose=0))


def test_one_step_is_one_run_of_one_graph_over_whole_vectors():
    model = squares()
    model.fit(X, Y, batch_size=5, verbose=0)
    graph = model.program.graph("train")
    assert [label for label in graph.states if label.startswith("parameters")] == ["parameters"]
    assert model.optimizer.iterations == 2
    assert model.program.spec.metrics == ("loss",)


class OfFiveRows(nnc.Model):
    def train_step(self, data):
        x, y = data
        with nnc.GradientTape() as tape:
            loss = ops.mean(ops.square(y - self(x)) * numpy.arange(5.0, dtype="float32")[:, None])
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss}


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_a_step_for_batches_of_one_size_refuses_others_before_it_runs(backend, tmp_path):
    model = squares(OfFiveRows)
    model.backend = backend
    model.fit(X, Y, batch_size=5, verbose=0)
    before = model.get_weights()
    text = "train computes batches of 5 rows alone, as its author wrote it, got one of"
    for size, other in ((4, 4), (8, 8), (6, 6)):
        with pytest.raises(DataError, match=f"{text} {other}"):
            model.fit(X, Y, batch_size=size, verbose=0)
    with pytest.raises(DataError, match=f"{text} 3"):
        model.train_on_batch(X[:3], Y[:3])
    assert all(map(numpy.array_equal, before, model.get_weights()))
    model.program.save(tmp_path / "of_five.nnc")
    loaded = nnc.load(tmp_path / "of_five.nnc", backend=backend)
    with pytest.raises(DataError, match=f"{text} 4"):
        loaded.fit(X, Y, batch_size=4, verbose=0)
    loaded.fit(X, Y, batch_size=5, shuffle=False, verbose=0)
    model.fit(X, Y, batch_size=5, shuffle=False, verbose=0)
    assert numpy.array_equal(loaded.predict(X[:3]), model.predict(X[:3], verbose=0))


def test_a_third_array_is_given_to_steps_as_it_is():
    """It is weights only where it is a number of a row; a weight for each step, an image or an index is not changed."""
    seen = []

    class Triples(nnc.Model):
        def train_step(self, data):
            seen.append([str(item.type) for item in data])
            return {"loss": ops.mean(self(data[0]) + ops.cast(ops.mean(data[2]), "float32"))}

    for third, expected in (
        (numbers(10, 4), "f32[batch,4]"),
        (numbers(10, 1), "f32[batch,1]"),
        (numpy.arange(10), "i64[batch]"),
        (numbers(10), "f32[batch]"),
    ):
        model = squares(Triples)
        history = model.fit(X, Y, sample_weight=third, batch_size=5, shuffle=False, verbose=0).history
        assert seen[-1] == ["f32[batch,3]", "f32[batch,2]", expected]
        loss = model.predict(X[5:], verbose=0).mean() + third[5:].mean()
        numpy.testing.assert_allclose(history["loss"], [loss], rtol=1e-5)


def test_data_of_another_kind_are_recorded_anew_and_the_state_is_kept():
    model = squares()
    model.fit(X, Y, batch_size=5, verbose=0)
    model.fit(X.astype("float64"), Y, batch_size=5, verbose=0)
    assert model.optimizer.iterations == 4
    model.fit(iter([(X, Y), (X, Y)]), steps_per_epoch=2, verbose=0)
    assert model.optimizer.iterations == 6
    assert model.train_on_batch(X, Y) > 0.0


def test_the_learning_rate_and_callbacks_reach_the_step():
    model = squares()
    model.fit(X, Y, verbose=0, callbacks=[nnc.callbacks.LearningRateScheduler(lambda epoch, rate: 0.5)])
    assert model.optimizer.learning_rate == 0.5
    before = model.get_weights()
    model.optimizer.learning_rate.assign(1e-12)
    assert model.optimizer.learning_rate.numpy() == numpy.float32(1e-12)
    model.fit(X, Y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        numpy.testing.assert_allclose(new, old, atol=1e-6)


class Undecided(Squares):
    def train_step(self, data):
        loss = ops.mean(self(data[0]))
        return {"loss": loss} if loss > 0 else {"loss": -loss}


class Nameless(Squares):
    def train_step(self, data):
        return ops.mean(self(data[0]))


class Rows(Squares):
    def train_step(self, data):
        return {"loss": self(data[0])}


class Rated(Squares):
    def train_step(self, data):
        return {"loss": ops.mean(self(data[0])) * self.optimizer.learning_rate}


class Functions(Squares):
    def make_train_function(self):
        return None


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (Undecided, r"ops\.where"),
        (Nameless, "dictionary"),
        (Rows, "return its mean"),
        (Functions, "make_train_function"),
        (Rated, "keep a rate of your own"),
    ],
)
def test_what_no_graph_can_do_is_an_error_that_says_what_to_do(cls, message):
    with pytest.raises(NncError, match=message):
        squares(cls).fit(X, Y, verbose=0)


def test_what_steps_of_ones_own_are_not_for_is_refused(tmp_path):
    with pytest.raises(ModelError, match="replicas"):
        squares(replicas=2).fit(X, Y, verbose=0)
    with pytest.raises(ModelError, match="no loss to compute"):
        squares().evaluate(X, Y, verbose=0)
    model = squares()
    model.fit(X, Y, verbose=0)
    model.program.save(tmp_path / "squares.nnc")
    with pytest.raises(GraphError, match="none of them tests"):
        nnc.load(tmp_path / "squares.nnc").evaluate(X, Y)
    for target, output in (("c", tmp_path / "exported"), ("python", tmp_path / "exported.py")):
        with pytest.raises(ModelError, match="training steps that its user wrote"):
            export(model.program, target, output, train=True)
        assert not output.exists()


def test_several_processes_are_refused():
    pytest.importorskip("mpi4py")
    with pytest.raises(NncError, match="several processes"):
        squares().fit(X, Y, verbose=0, distribute="mpi")


class Authored(nnc.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [layers.Dense(4, activation="relu"), layers.Dense(2)]

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return x


def test_a_model_whose_class_says_what_is_computed(tmp_path):
    model = Authored()
    with pytest.raises(ModelError, match="is not built"):
        model.save_weights(tmp_path / "weights.npz")
    model.build((None, 3))
    assert [weight.path for weight in model.weights] == [
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
    ]  # fmt: skip
    other = Authored()
    assert other(X).shape == (10, 2)
    model.save_weights(tmp_path / "weights.npz")
    other.load_weights(tmp_path / "weights.npz")
    assert numpy.array_equal(other(X), model(X))
    model.save(tmp_path / "model.nnc")
    assert numpy.array_equal(nnc.load(tmp_path / "model.nnc").predict(X), model.predict(X, verbose=0))


def test_functions_are_compiled_once_for_each_kind_of_arguments():
    calls = []

    @nnc.function
    def scaled(x, factor, negative=False):
        calls.append(1)
        y = x * factor
        return {"y": -y if negative else y, "rows": [ops.sum(x)]}

    for x in (X, X + 1.0):
        numpy.testing.assert_array_equal(scaled(x, 2.0)["y"], x * numpy.float32(2.0))
    assert scaled(X[:4], 2.0)["rows"][0] == pytest.approx(X[:4].sum(), rel=1e-5)
    numpy.testing.assert_array_equal(scaled(X, 2.0, negative=True)["y"], -2.0 * X)
    assert len(calls) == scaled.trace_count == 3
    with pytest.raises(GraphError, match=r"ops\.where"):
        nnc.function(lambda x: x if ops.sum(x) > 0 else -x)(X)
    with pytest.raises(GraphError, match="no numbers yet"):
        nnc.function(lambda x: numpy.asarray(x))(X)


def test_a_function_draws_anew_and_keeps_what_is_assigned():
    count, noise = nnc.Variable(0), []

    @nnc.function
    def draw():
        count.assign_add(1)
        return nnc.random.normal((4,))

    noise = [draw(), draw()]
    assert not numpy.array_equal(*noise)
    assert int(count) == 2


def test_metrics_of_a_model_without_steps_of_its_own_are_those_of_its_program():
    model = nnc.Sequential([nnc.Input((3,)), layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    assert model.get_metrics_result() == {"loss": 0.0}
    history = model.fit(X, Y, epochs=2, verbose=0).history
    assert model.get_metrics_result() == {name: numbers[-1] for name, numbers in history.items()}
    assert model.metrics_names == ["loss", "compile_metrics"]  # as in Keras


class Averaged(nnc.Model):
    """Two optimizers whose names differ in an underscore, one of which averages weights."""

    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(2), layers.Dense(2)
        self.rule, self._rule = (
            nnc.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5),
            nnc.optimizers.SGD(0.5, momentum=0.9),
        )

    def call(self, x):
        return self.first(x) + self.second(x)

    def train_step(self, data):
        x, y, weight = data
        with nnc.GradientTape(persistent=True) as tape:
            loss = ops.mean(ops.square(y - self(x, training=True)) * ops.expand_dims(weight, -1))
        for layer, rule in ((self.first, self.rule), (self.second, self._rule)):
            rule.apply(tape.gradient(loss, layer.trainable_weights), layer.trainable_weights)
        return {"loss": loss}


def test_each_optimizer_has_a_place_and_averages_are_taken_over():
    model = Averaged()
    model.build((None, 3))
    model.compile()
    model.fit(X, Y, sample_weight=numpy.ones(10), epochs=3, verbose=0)
    places = {label.partition("/")[0] for label in model.program.states if label.endswith("/learning_rate")}
    assert places == {"rule", "_rule"}
    assert (model.rule.iterations, model._rule.iterations) == (3, 3)
    averages = [label for label in model.program.states if "/average/" in label]
    assert len(averages) == 1
    taken = model.program.states[averages[0].partition("/average/")[2]]
    numpy.testing.assert_array_equal(taken, model.program.states[averages[0]])
