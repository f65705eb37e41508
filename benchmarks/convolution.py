"""Networks on pictures: a training step of a small CNN, and one prediction of ResNet-50 and of MobileNetV2."""

from __future__ import annotations

from benchmarks.image_networks import CNN_BATCH, CNN_STEPS, cnn_data, network, picture, small_cnn
from benchmarks.report import Goal, Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.timing import compare_timers
from benchmarks.worker import Run, Workers

FIT, PREDICT = "nnc fit", "nnc program(x)"
GOALS = {"resnet50": (2.6, 1.6), "mobilenet_v2": (8.0, 1.8)}
"""How much of ONNX Runtime's time a prediction may take, and how much faster than ``predict`` of Keras it must be."""


def training() -> dict[str, Run]:
    """Return nnc's contestant that trains epochs of the small network."""
    import nnc

    model, (x, y) = small_cnn(nnc), cnn_data()
    return {FIT: lambda epochs: model.fit(x, y, batch_size=CNN_BATCH, epochs=epochs, verbose=0)}


def predicting(name: str) -> dict[str, Run]:
    """Return nnc's contestant that predicts one picture."""
    import nnc

    program, x = nnc.compile(network(nnc, name)), picture()

    def predict(count: int) -> None:
        for _ in range(count):
            program(x)

    return {PREDICT: predict}


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    return [*_training(settings), *(row for name in GOALS for row in _predicting(settings, name))]


def _training(settings: Settings) -> list[Row]:
    work = f"small CNN, training step of {CNN_BATCH}"
    with Workers() as workers:
        workers.start("benchmarks.convolution:training")
        for engine in ("keras", "torch"):
            workers.start(f"benchmarks.peers.{engine}_images:training")
        comparison = compare_timers(workers.timers, settings.rounds, settings.min_time, CNN_STEPS)
    peers = (Versus("tf.keras fit", Goal(at_most=1.6)), Versus("PyTorch, eager, channels last"))
    return [*rows_of(work, comparison, [FIT], peers), *workers.missing_rows(work)]


def _predicting(settings: Settings, name: str) -> list[Row]:
    work = f"{name}, predict 1 picture"
    with Workers() as workers:
        workers.start("benchmarks.convolution:predicting", {"name": name})
        for engine in ("onnx", "keras", "torch"):
            workers.start(f"benchmarks.peers.{engine}_images:predicting", {"name": name})
        comparison = compare_timers(workers.timers, settings.rounds, settings.min_time)
    slower, faster = GOALS[name]
    peers = (
        Versus("ONNX Runtime", Goal(at_most=slower)),
        Versus("tf.keras predict", Goal(at_least=faster)),
        Versus("tf.function of the Keras model"),
        Versus("PyTorch, eager"),
    )
    return [*rows_of(work, comparison, [PREDICT], peers), *workers.missing_rows(work)]
