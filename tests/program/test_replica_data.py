"""Rows, weights of classes and hyperparameters that differ from replica to replica."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import DataError
from tests.program.replica_networks import BACKENDS, CHECKED, COUNT, IN_LANES, ROWS, WORDS, YES, X, chain, compiled


@pytest.fixture(autouse=True)
def seeded():
    nnc.utils.set_random_seed(3)


class Looks(nnc.callbacks.Callback):
    """Looks at each batch, so that batches run one by one."""

    def on_train_batch_end(self, batch, logs=None):
        assert numpy.shape(logs["loss"]) in ((), (COUNT,))


@pytest.mark.sampled(6)
@BACKENDS
@pytest.mark.parametrize("lanes", [None, 1])
@pytest.mark.parametrize("calls", ["epochs", "batches", "each"])
def test_each_replica_may_see_rows_of_its_own(calls, lanes, backend):
    model = IN_LANES["sigmoid"][0]()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    program = nnc.compile(model, backend=backend, replicas=COUNT, seeds=range(COUNT), lanes=lanes)
    alone = program[7]
    options = {"epochs": 3, "batch_size": 16, "verbose": 0, "callbacks": [Looks()] if calls == "each" else []}
    checks = {} if calls == "epochs" else {"validation_rows": CHECKED}
    own_checks = {} if calls == "epochs" else {"validation_data": (X[CHECKED[7]], YES[CHECKED[7]])}
    together = program.fit(X, YES, rows=ROWS, **checks, **options).history
    single = alone.fit(X[ROWS[7]], YES[ROWS[7]], **own_checks, **options).history
    for key, numbers in single.items():
        numpy.testing.assert_allclose(numpy.array(together[key])[:, 7], numbers, rtol=2e-5, err_msg=key)
    for ours, own in zip(program.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(ours[7], own, rtol=1e-4, atol=1e-6)


@BACKENDS
def test_each_replica_may_weigh_classes_in_its_own_way(backend):
    _, program = compiled(backend=backend, seeds=range(COUNT))
    alone = program[4]
    weights = [{0: 1.0, 1: 1.0 + number} for number in range(COUNT)]
    sample = numpy.linspace(0.5, 2.0, len(X))
    options = {"epochs": 2, "verbose": 0, "sample_weight": sample, "validation_split": 0.25}
    together = program.fit(X, YES, class_weight=weights, **options).history
    single = alone.fit(X, YES, class_weight=weights[4], **options).history
    for key in ("loss", "val_loss"):
        numpy.testing.assert_allclose(numpy.array(together[key])[:, 4], single[key], rtol=1e-5, err_msg=key)
    for ours, own in zip(program.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(ours[4], own, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": ROWS[:3]}, r"rows must be whole numbers of shape \(9, rows\), .*, got int64 of shape \(3, 40\)"),
        ({"rows": ROWS + 40}, r"rows must be from 0 to 43, got 40 to 8\d"),
        ({"rows": ROWS, "validation_split": 0.5}, "validation_split is the same for all replicas"),
        ({"validation_rows": CHECKED, "validation_data": (X, YES)}, "leave out validation_data"),
        ({"class_weight": [{0: 1.0}]}, "class_weight must be 9 dictionaries, one for each replica, got 1"),
    ],
)
def test_wrong_rows(options, message):
    _, program = compiled()
    with pytest.raises(DataError, match=message):
        program.fit(X, YES, verbose=0, **options)


def test_rows_of_one_network_and_of_tables_in_lanes_are_refused():
    _, program = compiled()
    with pytest.raises(DataError, match="are those of replicas; compile the model with replicas="):
        program[0].fit(X, YES, rows=ROWS, verbose=0)
    model = IN_LANES["embedding"][0]()
    model.compile("sgd", "mse")
    program = nnc.compile(model, replicas=COUNT)
    with pytest.raises(DataError, match=r"cannot take rows of their own .*: compile it with lanes=1"):
        program.fit(WORDS, YES, rows=ROWS, verbose=0)
    nnc.compile(model, replicas=COUNT, lanes=1).fit(WORDS, YES, rows=ROWS, verbose=0)


HYPERPARAMETERS = {
    "momentum": lambda value: nnc.optimizers.SGD(0.05, momentum=value),
    "weight_decay": lambda value: nnc.optimizers.AdamW(0.01, weight_decay=value),
    "rho": lambda value: nnc.optimizers.RMSprop(0.01, rho=value),
    "dropout/rate": lambda value: "sgd",
    "loss_weights/dense_1": lambda value: "sgd",
}


@BACKENDS
@pytest.mark.parametrize("name", HYPERPARAMETERS)
@pytest.mark.sampled(1, each="name")
def test_hyperparameters_may_differ_from_replica_to_replica(name, backend):
    values = numpy.linspace(0.1, 0.8, COUNT)

    def make(value):
        model = chain(
            layers.Dense(5, "tanh", name="dense"),
            layers.Dropout(value if "/rate" in name else 0.4, name="dropout"),
            layers.Dense(1, name="dense_1"),
        )
        weights = [value if "loss" in name else 1.0]
        model.compile(HYPERPARAMETERS[name](value), "mse", loss_weights=weights)
        return model

    model = make(0.3)
    program = nnc.compile(model, backend=backend, replicas=COUNT, seeds=range(COUNT), hyperparameters={name: values})
    own = program[6]
    other = make(float(values[6]))
    alone = nnc.compile(other, backend=backend)
    alone.set_weights(own.get_weights())
    alone.resume({**alone.checkpoint(), "order": own.order_state})
    if "seed" in own.states or "random" in own.states:
        alone.states["random"][...] = own.states["random"]
    for item in (program, own, alone):
        item.fit(X, YES, epochs=4, batch_size=16, verbose=0)
    for several, one, given in zip(program.get_weights(), own.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(several[6], one, rtol=1e-4, atol=2e-6)
        numpy.testing.assert_allclose(one, given, rtol=1e-4, atol=2e-6)
