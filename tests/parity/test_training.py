"""Two hundred epochs of training agree with TensorFlow's, for each loss, optimizer and activation."""

from __future__ import annotations

import numpy
import pytest

from nnc.activations import ACTIVATIONS
from tests.parity.engines import Task, train_nnc, train_tensorflow
from tests.parity.together import train_together

Result = tuple[numpy.ndarray, list[numpy.ndarray]]

LOSSES = (
    ("MeanSquaredError", False),
    ("BinaryCrossentropy", False),
    ("BinaryCrossentropy", True),
    ("CategoricalCrossentropy", False),
    ("CategoricalCrossentropy", True),
    ("SparseCategoricalCrossentropy", False),
    ("SparseCategoricalCrossentropy", True),
)
OPTIMIZERS = (
    ("SGD", (("learning_rate", 0.02),)),
    ("SGD", (("learning_rate", 0.005), ("momentum", 0.9))),
    ("SGD", (("learning_rate", 0.005), ("momentum", 0.9), ("nesterov", True))),
    ("Adam", (("learning_rate", 0.005),)),
    ("AdamW", (("learning_rate", 0.005), ("weight_decay", 0.01))),
    ("RMSprop", (("learning_rate", 0.002),)),
)
RULES = (
    ("Adagrad", (("learning_rate", 0.02),)),
    ("Adadelta", (("learning_rate", 1.0), ("epsilon", 1e-4))),
    ("Adamax", (("learning_rate", 0.005), ("clipnorm", 0.5))),
    ("Nadam", (("learning_rate", 0.005), ("global_clipnorm", 0.5))),
    ("Ftrl", (("learning_rate", 0.05), ("l2_regularization_strength", 0.01))),
    ("Lion", (("learning_rate", 0.001), ("clipvalue", 0.1))),
    ("Lamb", (("learning_rate", 0.005), ("weight_decay", 0.01))),
    ("Adafactor", (("learning_rate", 0.02),)),
    ("Muon", (("learning_rate", 0.005),)),
    (
        "Adam",
        (
            ("learning_rate", 0.005),
            ("gradient_accumulation_steps", 2),
            ("use_ema", True),
            ("ema_overwrite_frequency", 3),
        ),
    ),
    ("SGD", (("learning_rate", 0.02), ("momentum", 0.5), ("loss_scale_factor", 8.0))),
)
NAMES = tuple(sorted({name for name in ACTIVATIONS if name not in ("glu", "threshold", "sparsemax")}))
"""Not here: `glu` halves its input, `threshold` needs arguments, and Keras 3.15's `sparsemax` does not sum to 1."""


UNSTABLE = {"hard_shrink", "sparse_sigmoid"}
"""The one jumps, and the slope of the other, so that rounding can change which side an input is on (with AdamW, for the
second, in three of two hundred epochs); compared in float64, where rounding is small."""

EXACT: dict[str, dict[str, float]] = {
    "SGD": {"momentum": 0.875},
    "Adam": {"beta_1": 0.875, "beta_2": 1.0 - 2.0**-10},
    "AdamW": {"beta_1": 0.875, "beta_2": 1.0 - 2.0**-10, "weight_decay": 2.0**-7},
}
"""Numbers for float64 that float32 has as well: Keras on TensorFlow rounds those of its optimizers to float32."""


def check(task: Task) -> None:
    compare(train_nnc(task), train_tensorflow(task))


def compare(found: Result, wanted: Result) -> None:
    (losses, weights), (expected_losses, expected_weights) = found, wanted
    assert expected_losses[-1] < expected_losses[0], "the task must be one that can be learnt"
    numpy.testing.assert_allclose(losses, expected_losses, rtol=1e-5, atol=1e-7)
    for array, expected in zip(weights, expected_weights, strict=True):
        numpy.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("loss", "from_logits"), LOSSES)
@pytest.mark.sampled(3)
def test_each_loss(loss: str, from_logits: bool) -> None:
    check(Task(loss, *OPTIMIZERS[0], "tanh", from_logits))


@pytest.mark.parametrize(("optimizer", "options"), [*OPTIMIZERS[1:], *RULES])
@pytest.mark.sampled(2)
def test_each_optimizer(optimizer: str, options: tuple[tuple[str, float], ...]) -> None:
    check(Task("BinaryCrossentropy", optimizer, options, "sigmoid"))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("optimizer", "options"), OPTIMIZERS)
@pytest.mark.parametrize(("loss", "from_logits"), LOSSES)
@pytest.mark.filterwarnings("ignore:large-first-update")  # some activations have steep slopes
def test_each_combination(
    loss: str, from_logits: bool, optimizer: str, options: tuple[tuple[str, float], ...], dtype: str
) -> None:
    """All losses, optimizers and activations; TensorFlow trains those of one loss and optimizer side by side."""
    if dtype == "float64":
        exact = {
            key: value for key, value in EXACT.get(optimizer, {}).items() if key != "momentum" or key in dict(options)
        }
        options = tuple({**dict(options), **exact}.items())
    activations = [name for name in NAMES if (name in UNSTABLE) == (dtype == "float64")]
    tasks = {name: Task(loss, optimizer, options, name, from_logits, dtype) for name in activations}
    expected = train_together(tasks[activations[0]], activations)
    failures = []
    for name, task in tasks.items():
        try:
            compare(train_nnc(task), expected[name])
        except AssertionError as error:
            failures.append(f"{name}: {' '.join(str(error).split())[:300]}")
    assert not failures, "\n".join(failures)


@pytest.mark.slow
def test_side_by_side_is_one_by_one() -> None:
    """Training side by side, which saves time above, is training each network by itself."""
    task = Task("CategoricalCrossentropy", *OPTIMIZERS[4], "tanh")
    losses, weights = train_together(task, ["relu", "tanh", "gelu"])["tanh"]
    expected_losses, expected_weights = train_tensorflow(task)
    numpy.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    for found, expected in zip(weights, expected_weights, strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
