"""Updates that processes divide: bits of undivided ones, whole states where somebody looks, and what stays whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

import nnc
from nnc import callbacks, layers, optimizers
from nnc.errors import DistributionError
from nnc.execution import distribution
from nnc.execution.distribution import Distribution
from nnc.passes.divide_update import obstacle_to_dividing, ranges_of, update_of
from nnc.utils import set_random_seed
from tests.distribute.threads import Group, ThreadCommunicator, in_processes

RANDOM = numpy.random.default_rng(0)
X = RANDOM.normal(size=(70, 8)).astype("float32")
Y = RANDOM.integers(0, 3, 70)
BACKENDS = ["numpy", "c"]


@pytest.fixture(autouse=True)
def short_vectors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(distribution, "LEAST_BYTES", 1)
    yield


def network(optimizer: Any = None) -> nnc.Model:
    set_random_seed(3)
    model = nnc.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(13, activation="relu", kernel_regularizer="l2"),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.AdamW(use_ema=True) if optimizer is None else optimizer,
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def states_of(model: Any) -> dict[str, bytes]:
    """Return all states of a model or program but sums of metrics, of which each process has its own."""
    arrays = getattr(model, "program", model).executor.state.arrays.items()
    return {label: array.tobytes() for label, array in arrays if not label.startswith("metrics/")}


def trained(size: int, divides: bool, make: Callable[[], nnc.Model] = network, **options: Any) -> tuple[list[Any], Any]:
    """Return the history, or the error, and the model of each process, and what they have called."""
    options = {"batch_size": 16, "epochs": 2, "verbose": 0} | options
    backend, listed = options.pop("backend", "numpy"), options.pop("callbacks", lambda rank: [])
    models, group = [make() for _ in range(size)], Group(size)

    def work(processes: ThreadCommunicator) -> Any:
        model = models[processes.rank]
        model.backend = backend
        processes.divides = divides
        return model.fit(X, Y, distribute=processes, callbacks=listed(processes.rank), **options).history

    return list(zip(in_processes(size, work, group), models, strict=True)), group.calls


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.sampled(1)
def test_a_divided_update_has_the_bits_of_one_that_is_not_and_the_losses_of_one_process(size, backend):
    alone = network()
    alone.backend = backend
    expected = alone.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_split=0.2).history
    options = {"validation_split": 0.2, "backend": backend}
    whole, calls = trained(size, False, **options)
    assert "reduce_scatter" not in calls[0]
    divided, calls = trained(size, True, **options)
    for made in calls:
        assert made.count("reduce_scatter") == 2 * 4
        assert made.count("gather_parts") == 2 * (4 + 3)  # weights in each step, slots and averages in each epoch
    for (history, model), (other, undivided) in zip(divided, whole, strict=True):
        assert history == other
        assert states_of(model) == states_of(undivided)
        for name, numbers in expected.items():
            numpy.testing.assert_allclose(history[name], numbers, 1e-6, err_msg=name)


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        lambda: optimizers.RMSprop(centered=True, momentum=0.5),
        lambda: optimizers.Adagrad(),
        lambda: optimizers.Adadelta(),
        lambda: optimizers.Adamax(),
        lambda: optimizers.Nadam(),
        lambda: optimizers.Ftrl(),
        lambda: optimizers.Lion(),
        lambda: optimizers.Adam(amsgrad=True, clipvalue=0.01),
        lambda: optimizers.Adam(gradient_accumulation_steps=2),
        lambda: optimizers.Adam(use_ema=True, ema_overwrite_frequency=3),
        lambda: optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 5)),
    ],
)
@pytest.mark.sampled(1)
def test_each_rule_that_is_elementwise_is_divided(make):
    whole, _ = trained(2, False, lambda: network(make()))
    divided, calls = trained(2, True, lambda: network(make()))
    assert "reduce_scatter" in calls[1]
    for (_, model), (_, undivided) in zip(divided, whole, strict=True):
        assert states_of(model) == states_of(undivided)


def no_decay_of_biases() -> Any:
    rule = optimizers.AdamW(weight_decay=0.1)
    rule.exclude_from_weight_decay(var_names=["bias"])
    return rule


@pytest.mark.parametrize(
    ("make", "obstacle"),
    [
        (lambda: optimizers.Adam(global_clipnorm=1.0), "sum needs more than one element of a vector"),
        (lambda: optimizers.Adam(clipnorm=1.0), "unpack needs more than one element of a vector"),
        (no_decay_of_biases, "unpack needs more than one element of a vector"),
        (lambda: optimizers.Adafactor(), "unpack needs more than one element of a vector"),
    ],
)
def test_a_rule_that_needs_other_elements_stays_whole(make, obstacle):
    found, calls = trained(2, True, lambda: network(make()), epochs=1)
    assert "reduce_scatter" not in calls[0]
    last = found[0][1].program.executor.parts["train"][-1]
    assert obstacle in obstacle_to_dividing(last.graph).lower()
    with pytest.raises(DistributionError, match="cannot be divided by elements"):
        update_of(last.graph, range(16))


def test_why_an_update_stays_whole_is_said(monkeypatch, caplog):
    def obstacle(divides: bool = True, watched: bool = False) -> str:
        found = Distribution(network().program.executor, ThreadCommunicator(Group(2), 0, divides=divides))
        if watched:
            assert found.divided("train") is not None
            assert found.watch("train")
        assert found.divided("train") is None
        assert found.own_parts("train") == found.parts("train")
        return found.obstacles["apply"]

    assert obstacle(watched=True) == "a callback looks at each batch"
    assert obstacle(divides=False) == "the processes do not share a machine, or add up while they compute"
    monkeypatch.setattr(distribution, "LEAST_BYTES", 1000)
    with caplog.at_level("INFO", "nnc"):
        assert obstacle() == "636 bytes of gradients are less than 1000"
    assert "each process makes all of the update: 636 bytes" in caplog.text


def test_slots_and_averages_are_whole_in_all_callbacks_of_epochs():
    def seen(divides: bool, size: int) -> list[Any]:
        found: list[Any] = [[] for _ in range(size)]

        class Looks(callbacks.Callback):
            def __init__(self, rank: int) -> None:
                super().__init__()
                self.rank = rank

            def look(self) -> None:
                found[self.rank].append(states_of(self.model))

            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                self.look()

            def on_test_begin(self, logs: Any = None) -> None:
                self.look()

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                self.look()

        histories, _ = trained(
            size,
            divides,
            callbacks=lambda rank: [callbacks.SwapEMAWeights(swap_on_epoch=True), Looks(rank)],
            validation_split=0.2,
        )
        assert all(isinstance(history, dict) for history, _ in histories)
        return found

    assert seen(True, 2) == seen(False, 2)


def test_callbacks_of_batches_see_whole_slots_for_the_update_stays_whole():
    """Backups within an epoch write what each batch leaves."""

    class Looks(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(states_of(self.model))

    seen: list[Any] = []
    _, calls = trained(2, True, callbacks=lambda rank: [Looks()] if rank else [])
    assert "reduce_scatter" not in calls[0] + calls[1]
    found, seen = seen, []
    trained(2, False, callbacks=lambda rank: [Looks()] if rank else [])
    assert found == seen


@pytest.mark.parametrize("what", ["learning rate", "weights", "slots"])
def test_what_a_callback_changes_in_one_process_before_an_epoch_is_noticed(what):
    class Changes(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1 and what == "learning rate":
                self.model.program.optimizer.learning_rate = 0.5
            elif epoch == 1 and what == "weights":
                self.model.set_weights([weight + 1 for weight in self.model.get_weights()])
            elif epoch == 1:
                state = self.model.program.executor.state
                kept = state.checkpoint()
                kept["states"]["optimizer/velocity/parameters"] += 1
                state.resume(kept)

    found, _ = trained(2, True, callbacks=lambda rank: [Changes()] if rank else [])
    for error, _ in found:
        assert str(error) == (
            "process 1 has other weights, or another state of the optimizer, than process 0; callbacks have to do the"
            " same in all processes"
        )


def test_a_training_goes_on_from_a_divided_one_to_the_bit(tmp_path):
    path = tmp_path / "two.nnc"
    (_, model), _ = trained(2, True, epochs=1)[0]
    model.program.save(path)

    def states(divides: bool) -> list[Any]:
        programs = [nnc.load(path) for _ in range(2)]

        def work(processes: ThreadCommunicator) -> Any:
            processes.divides = divides
            programs[processes.rank].fit(X, Y, batch_size=16, epochs=1, verbose=0, distribute=processes)
            assert ("reduce_scatter" in processes.group.calls[processes.rank]) == divides
            return states_of(programs[processes.rank])

        return in_processes(2, work)

    first, second, *others = [*states(True), *states(False)]
    assert isinstance(first, dict), first
    assert [second, *others] == [first] * 3


def test_ranges_are_a_vector_in_blocks():
    for length in (1, 15, 16, 17, 100, 669706):
        for count in (1, 2, 3, 8):
            parts = ranges_of(length, count, 16)
            assert [element for part in parts for element in (part.start, part.stop)][1:-1] == [
                begin for part in parts[1:] for begin in (part.start, part.start)
            ]
            assert (parts[0].start, parts[-1].stop, len(parts)) == (0, length, count)
            assert all(part.start % 16 == 0 or part.start == length for part in parts)
