"""A transformer encoder, 2 layers of width 128 with 4 heads over 64 steps: a training step with Adam, batch 32."""

from __future__ import annotations

import os
from typing import Any

import numpy

from benchmarks.agreement import agreement_rows
from benchmarks.driving import FIT, fitting
from benchmarks.report import Row, Versus, rows_of
from benchmarks.settings import Settings
from benchmarks.targets import target_rows
from benchmarks.worker import Contestant, Workers

ROWS, BATCH, TIME, WIDTH, HEADS, INNER, LAYERS, CLASSES, RATE = 256, 32, 64, 128, 4, 512, 2, 10, 0.001
STEPS = ROWS // BATCH
EPSILON = 1e-5
PEERS = ("tf.keras fit", "PyTorch, eager, fused Adam", "JAX, jitted step")


def data() -> tuple[Any, Any]:
    """Return random sequences as float32 and random classes as int32."""
    generator = numpy.random.default_rng(2)
    x = generator.standard_normal((ROWS, TIME, WIDTH)).astype("float32")
    return x, generator.integers(0, CLASSES, ROWS, "int32")


def weights() -> list[Any]:
    """Return the weights in Keras's order, the same numbers for every engine."""
    generator = numpy.random.default_rng(3)
    size = WIDTH // HEADS
    projection, normalization = [(WIDTH, HEADS, size), (HEADS, size)], [(WIDTH,), (WIDTH,)]
    block = [
        *(3 * projection),
        *[(HEADS, size, WIDTH), (WIDTH,)],
        *normalization,
        *[(WIDTH, INNER), (INNER,), (INNER, WIDTH), (WIDTH,)],
        *normalization,
    ]
    arrays = [(0.08 * generator.standard_normal(shape)).astype("float32") for shape in LAYERS * block]
    for layer in range(LAYERS):
        for place in (8, 14):  # gamma
            arrays[layer * len(block) + place] += 1.0
    return [
        *arrays,
        *((0.08 * generator.standard_normal(shape)).astype("float32") for shape in ((WIDTH, CLASSES), (CLASSES,))),
    ]


def network(nn: Any) -> Any:
    """Return the encoder with normalisation behind each residual sum, its mean over time, and a dense layer."""
    layers = nn.layers
    x = start = nn.Input((TIME, WIDTH))
    for _ in range(LAYERS):
        x = layers.LayerNormalization(epsilon=EPSILON)(
            layers.Add()([x, layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(x, x)])
        )
        inner = layers.Dense(WIDTH)(layers.Dense(INNER, activation="relu")(x))
        x = layers.LayerNormalization(epsilon=EPSILON)(layers.Add()([x, inner]))
    end = layers.Dense(CLASSES, activation="softmax")(layers.GlobalAveragePooling1D()(x))
    model = nn.Model(start, end)
    model.set_weights(weights())
    model.compile(optimizer=nn.optimizers.Adam(RATE), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def contestants(backend: str) -> dict[str, Contestant]:
    """Return nnc's contestant."""
    import nnc

    model = network(nnc)
    model.backend = backend
    return {FIT[backend]: fitting(model, data(), BATCH)}


def run(settings: Settings) -> list[Row]:
    """Measure with all processors and, where there are several, with one; return the rows."""
    processors = len(os.sched_getaffinity(0))
    return [row for threads in sorted({processors, 1}, reverse=True) for row in _run(settings, threads)]


def _run(settings: Settings, threads: int) -> list[Row]:
    work = f"transformer encoder, training step of {BATCH}, {threads} thread{'s' if threads > 1 else ''}"
    with Workers() as workers:
        for backend in settings.backends:
            workers.start("benchmarks.transformer:contestants", {"backend": backend}, threads)
        workers.start("benchmarks.peers.keras_sequences:encoder", threads=threads)
        for engine in ("torch", "jax"):
            workers.start(f"benchmarks.peers.{engine}_encoder:contestants", threads=threads)
        agreed = agreement_rows(work, workers, FIT[settings.backends[-1]])
        comparison = settings.race(workers.timers, STEPS)
    rows = rows_of(work, comparison, [FIT["numpy"]], list(map(Versus, PEERS))) if "numpy" in settings.backends else []
    if "c" in settings.backends:
        others = [FIT["numpy"]] if rows else []
        rows += target_rows("transformer encoder, training step", work, comparison, [FIT["c"]], PEERS, others)
    return [*rows, *agreed, *workers.missing_rows(work)]
