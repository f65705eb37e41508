"""Training steps of the networks: nnc's ``fit`` against the loops of its peers, and the time to a trained model."""

from __future__ import annotations

from typing import Any

from benchmarks import base_network
from benchmarks.networks import NETWORKS
from benchmarks.report import Goal, Row
from benchmarks.settings import Settings
from benchmarks.work import Work, measure, thread_choices
from benchmarks.worker import Entrant

EPOCHS = 20
"""After so many a model counts as trained, where nothing else is said."""
WITHOUT_XLA = {"jit_compile": False}
"""What makes Keras on TensorFlow faster where layers are products and convolutions: the kernels of TensorFlow."""


def base(settings: Settings) -> list[Row]:
    """Measure the 2-2-1 sigmoid network with SGD, batch 32, with one thread, and return the rows."""
    work = Work(
        "base network, training step",
        "base network, training step",
        base_network.OURS,
        (
            *keras_fitting("base", WITHOUT_XLA, Goal(at_least=300)),
            *torch_fitting("base", "fused SGD", Goal(at_least=10)),
            _jax("base", "jitted step", "by_step"),
            Entrant("JAX, whole training in one call (lax)", f"{_JAX}:whole_training", engine="jax"),
            Entrant("JAX, 100 epochs in one call, orders from NumPy", f"{_JAX}:whole_training_in_order", engine="jax"),
            _sklearn("base"),
        ),
        base_network.BY_HAND,
        steps=NETWORKS["base"].steps,
        epochs=5000,
        least=20,  # Keras takes long to begin a call of fit
    )
    return [*measure(settings, work, [1]), *base_network.kernel_call_rows(settings)]


def mlp(settings: Settings) -> list[Row]:
    """Measure the 784-512-256-10 network with Adam, batch 128, and return the rows."""
    return _measure(
        settings,
        "mlp",
        "MLP, training step",
        *keras_fitting("mlp", WITHOUT_XLA, Goal(at_least=1.8)),
        *torch_fitting("mlp", "fused Adam"),
        _jax("mlp", "jitted step", "by_step"),
        _jax("mlp", "jitted step, batches ready", "batches_ready", Goal(at_most=1.4)),
        _jax("mlp", "an epoch in one call", "by_epoch"),
        _sklearn("mlp"),
    )


def cnn(settings: Settings) -> list[Row]:
    """Measure the small CNN with Adam, batch 64, and return the rows."""
    return _measure(
        settings,
        "cnn",
        "small CNN, training step",
        *keras_fitting("cnn", WITHOUT_XLA, Goal(at_most=1.6)),
        *torch_fitting("cnn", "channels last, fused Adam"),
        _jax("cnn", "jitted step", "by_step"),
    )


def lstm(settings: Settings) -> list[Row]:
    """Measure the LSTM with Adam, batch 32, and return the rows."""
    return _measure(
        settings,
        "lstm",
        "LSTM, training step",
        *keras_fitting("lstm", {}, Goal(at_most=0.8)),
        *torch_fitting("lstm", "fused Adam"),
        _jax("lstm", "jitted step", "by_step"),
        _jax("lstm", "an epoch in one call", "by_epoch"),
    )


def transformer(settings: Settings) -> list[Row]:
    """Measure the transformer encoder with Adam, batch 32, and return the rows."""
    return _measure(
        settings,
        "transformer",
        "transformer encoder, training step",
        *keras_fitting("transformer", {}),
        *torch_fitting("transformer", "fused Adam"),
        _jax("transformer", "jitted step", "by_step"),
        _jax("transformer", "an epoch in one call", "by_epoch"),
    )


def _measure(settings: Settings, network: str, title: str, *peers: Entrant) -> list[Row]:
    """Measure a work whose title is its target's name, with all processors and with one."""
    steps = NETWORKS[network].steps
    work = Work(title, title, base_network.fitting(network), peers, steps=steps, epochs=EPOCHS)
    return measure(settings, work, thread_choices())


# ---------------------------------------------------------------------- peers

_JAX = "benchmarks.peers.jax_training"


def keras_fitting(network: str, best: dict[str, Any], goal: Goal | None = None) -> tuple[Entrant, ...]:
    """Return Keras on TensorFlow as its users call it, and both engines with what makes them fastest."""
    factory, together = (
        "benchmarks.peers.keras_models:fit",
        {"network": network, "steps_per_execution": NETWORKS[network].steps},
    )
    fit, quick = "Keras on TensorFlow, fit", "fit, an epoch per execution"
    return (
        Entrant(fit, factory, {"network": network}, "keras-tf", goal=goal),
        Entrant(f"Keras on TensorFlow, {quick}{', no XLA' if best else ''}", factory, {**together, **best}, "keras-tf"),
        Entrant(f"Keras on JAX, {quick}", factory, together, "keras-jax"),
    )


def torch_fitting(network: str, how: str, goal: Goal | None = None) -> tuple[Entrant, Entrant]:
    """Return PyTorch's usual loop, eager and compiled; the goal is against the first."""
    factory = "benchmarks.peers.torch_models:fit"
    return (
        Entrant(f"PyTorch, eager, {how}", factory, {"network": network}, "torch", goal=goal),
        Entrant(f"PyTorch, torch.compile, {how}", factory, {"network": network, "compiled": True}, "torch"),
    )


def _jax(network: str, how: str, function: str, goal: Goal | None = None) -> Entrant:
    return Entrant(f"JAX, {how}", f"{_JAX}:{function}", {"network": network}, "jax", goal=goal)


def _sklearn(network: str) -> Entrant:
    return Entrant(
        "scikit-learn, MLPClassifier.fit", "benchmarks.peers.sklearn_models:fit", {"network": network}, "sklearn"
    )
