"""Predictions of one batch by warm programs: nnc against ONNX Runtime and its other peers."""

from __future__ import annotations

from typing import Any

from benchmarks.report import Goal, Row
from benchmarks.settings import Settings
from benchmarks.work import Work, measure, thread_choices
from benchmarks.worker import Entrant

COPY, WINDOW = "copy", "window"
"""A new array for each result, or one that the next call overwrites."""
_KERAS = "benchmarks.peers.keras_models"


def small_networks(settings: Settings) -> list[Row]:
    """Measure the small networks, each with few and with many rows, and return the rows."""
    base = Work(
        "base network, predict 1 row",
        "base network, predict 1 row",
        ours("base", 1),
        (
            *converted("base", 1, Goal(at_most=1.5)),
            *peers_with_code("base", 1),
            _sklearn("base", 1),
            *_keras("base", 1, Goal(at_least=1000)),
        ),
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
    peers = (*converted(network, rows), *peers_with_code(network, rows), *further)
    work = Work(title, title, ours(network, rows), peers, short=True)
    return measure(settings, work, thread_choices())


def _large(settings: Settings, network: str, onnx: Goal, keras: Goal) -> list[Row]:
    title = f"{network}, predict 1 picture"
    torch, _ = peers_with_code(network, 1, "benchmarks.peers.torch_images")
    copying = (entrant for entrant in converted(network, 1, onnx) if entrant.way == COPY)
    peers = (*copying, torch, *_keras(network, 1, keras))  # a thousand numbers more or less: windows change nothing
    work = Work(title, title, ours(network, 1)[:2], peers)
    return measure(settings, work, thread_choices())


def ours(network: str, rows: int) -> tuple[Entrant, ...]:
    """Return nnc's entrants: with a new array for each result, and with one that the next call overwrites."""
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


def converted(network: str, rows: int, goal: Goal | None = None) -> tuple[Entrant, ...]:
    """Return the peers that read a network from a file, each in both ways; the goal is ONNX Runtime's."""
    given = {"network": network, "rows": rows}
    onnx, openvino, lite = (f"benchmarks.peers.{name}_models" for name in ("onnx", "openvino", "litert"))
    return (
        Entrant("ONNX Runtime, run", f"{onnx}:run", given, "onnxruntime", way=COPY, goal=goal),
        Entrant("ONNX Runtime, bound output", f"{onnx}:bound", given, "onnxruntime", way=WINDOW),
        Entrant("OpenVINO, copied output", f"{openvino}:run", given, "openvino", way=COPY),
        Entrant("OpenVINO, bound output", f"{openvino}:bound", given, "openvino", way=WINDOW),
        Entrant("LiteRT, copied output", f"{lite}:run", given, "litert", way=COPY),
        Entrant("LiteRT, bound output", f"{lite}:bound", given, "litert", way=WINDOW),
    )


def peers_with_code(network: str, rows: int, torch: str = "benchmarks.peers.torch_models") -> tuple[Entrant, Entrant]:
    """Return the peers for which a network is written in their own words."""
    given = {"network": network, "rows": rows}
    return (
        Entrant("PyTorch, optimized for inference", f"{torch}:predict", given, "torch", way=COPY),
        Entrant("JAX, jitted", "benchmarks.peers.jax_predicting:predict", given, "jax", way=COPY),
    )


def in_a_function(network: str, rows: int) -> tuple[Entrant, Entrant]:
    """Return Keras on TensorFlow and on JAX, called the way that has the least around it."""
    given = {"network": network, "rows": rows}
    return (
        Entrant("Keras on TensorFlow, within tf.function", f"{_KERAS}:function", given, "keras-tf", way=COPY),
        Entrant("Keras on JAX, jitted", f"{_KERAS}:jitted", given, "keras-jax", way=COPY),
    )


def _keras(network: str, rows: int, goal: Goal | None = None) -> tuple[Entrant, ...]:
    given: dict[str, Any] = {"network": network, "rows": rows}
    within, _ = in_a_function(network, rows)
    return Entrant("Keras on TensorFlow, predict", f"{_KERAS}:predict", given, "keras-tf", way=COPY, goal=goal), within


def _sklearn(network: str, rows: int) -> Entrant:
    given = {"network": network, "rows": rows}
    return Entrant("scikit-learn, predict_proba", "benchmarks.peers.sklearn_models:predict", given, "sklearn", way=COPY)
