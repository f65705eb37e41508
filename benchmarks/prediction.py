"""Predictions of one batch by warm programs: nnc against ONNX Runtime and its other peers."""

from __future__ import annotations

from typing import Any

from benchmarks.report import Goal, Row
from benchmarks.settings import Settings
from benchmarks.work import Work, measure, thread_choices
from benchmarks.worker import Entrant

COPY, WINDOW = "copy", "window"
"""A new array for each result, or one that the next call overwrites."""


def small_networks(settings: Settings) -> list[Row]:
    """Measure the small networks, each with few and with many rows, and return the rows."""
    base = Work(
        "base network, predict 1 row",
        "base network, predict 1 row",
        _ours("base", 1),
        (*_peers("base", 1, Goal(at_most=1.5)), _sklearn("base", 1), *_keras("base", 1, Goal(at_least=1000))),
        short=True,
    )
    return [
        *measure(settings, base, [1]),
        *(
            row
            for rows in (1, 128)
            for row in _small(settings, "mlp", "MLP", rows, _sklearn("mlp", rows), *_keras("mlp", rows))
        ),
        *(row for rows in (1, 32) for row in _small(settings, "cnn", "MNIST CNN", rows)),
        *(row for rows in (1, 32) for row in _small(settings, "lstm_alone", "LSTM", rows)),
    ]


def resnet50(settings: Settings) -> list[Row]:
    """Measure ResNet-50 on one picture, and return the rows."""
    return _large(settings, "resnet50", Goal(at_most=2.6), Goal(at_least=1.6))


def mobilenet_v2(settings: Settings) -> list[Row]:
    """Measure MobileNetV2 on one picture, and return the rows."""
    return _large(settings, "mobilenet_v2", Goal(at_most=8.0), Goal(at_least=1.8))


def _small(settings: Settings, network: str, name: str, rows: int, *further: Entrant) -> list[Row]:
    title = f"{name}, predict {rows} row{'s' if rows > 1 else ''}"
    work = Work(title, title, _ours(network, rows), (*_peers(network, rows), *further), short=True)
    return measure(settings, work, thread_choices())


def _large(settings: Settings, network: str, onnx: Goal, keras: Goal) -> list[Row]:
    title = f"{network}, predict 1 picture"
    run, _, torch, _ = _peers(network, 1, onnx, "benchmarks.peers.torch_images")
    peers = (run, torch, *_keras(network, 1, keras))  # a thousand numbers more or less: windows make no difference
    work = Work(title, title, _ours(network, 1)[:2], peers)
    return measure(settings, work, thread_choices())


def _ours(network: str, rows: int) -> tuple[Entrant, ...]:
    return tuple(
        Entrant(
            f"nnc program({arguments}){', C' if backend == 'c' else ''}",
            "benchmarks.contestant:predict",
            {"network": network, "rows": rows, "backend": backend, "copy": way == COPY},
            backend=backend,
            way=way,
        )
        for way, arguments in ((COPY, "x"), (WINDOW, "x, copy=False"))
        for backend in ("numpy", "c")
    )


def _peers(
    network: str, rows: int, goal: Goal | None = None, torch: str = "benchmarks.peers.torch_models"
) -> tuple[Entrant, ...]:
    """Return the peers that can be called with little in between."""
    given = {"network": network, "rows": rows}
    return (
        Entrant("ONNX Runtime, run", "benchmarks.peers.onnx_models:run", given, "onnxruntime", way=COPY, goal=goal),
        Entrant("ONNX Runtime, bound output", "benchmarks.peers.onnx_models:bound", given, "onnxruntime", way=WINDOW),
        Entrant("PyTorch, optimized for inference", f"{torch}:predict", given, "torch", way=COPY),
        Entrant("JAX, jitted", "benchmarks.peers.jax_predicting:predict", given, "jax", way=COPY),
    )


def _keras(network: str, rows: int, goal: Goal | None = None) -> tuple[Entrant, ...]:
    given: dict[str, Any] = {"network": network, "rows": rows}
    factory = "benchmarks.peers.keras_models"
    return (
        Entrant("Keras on TensorFlow, predict", f"{factory}:predict", given, "keras-tf", way=COPY, goal=goal),
        Entrant("Keras on TensorFlow, within tf.function", f"{factory}:function", given, "keras-tf", way=COPY),
    )


def _sklearn(network: str, rows: int) -> Entrant:
    given = {"network": network, "rows": rows}
    return Entrant("scikit-learn, predict_proba", "benchmarks.peers.sklearn_models:predict", given, "sklearn", way=COPY)
