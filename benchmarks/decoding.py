"""Greedy decoding of 64 tokens by a GPT-2: nnc with a traced step against KerasHub's `generate` and ONNX Runtime."""

from __future__ import annotations

from importlib.util import find_spec

from benchmarks.contestant import Contestant
from benchmarks.networks.decoder import NEW, PROMPT, causal_lm, decoded, prompt, step
from benchmarks.report import Row
from benchmarks.settings import Settings
from benchmarks.work import Work, measure, thread_choices
from benchmarks.worker import Entrant

TITLE = f"GPT-2, {NEW} tokens behind {PROMPT}"


def run(settings: Settings) -> list[Row]:
    """Measure, and return the rows; one that says so where KerasHub, which has the model, is not installed."""
    if find_spec("keras_hub") is None:
        return [Row(TITLE, "everybody", "not measured: run 'pip install keras-hub'")]
    ours = tuple(
        Entrant(
            f"nnc, traced step{', C' if backend == 'c' else ''}",
            "benchmarks.decoding:traced",
            {"backend": backend},
            backend=backend,
        )
        for backend in ("numpy", "c")
    )
    generate = "benchmarks.peers.keras_decoding:generate"
    peers = (
        Entrant("KerasHub on TensorFlow, generate", generate, engine="keras-tf"),
        Entrant("KerasHub on JAX, generate", generate, engine="keras-jax"),
        Entrant("KerasHub on PyTorch, generate", generate, engine="keras-torch"),
        Entrant("ONNX Runtime, step with bound cache", "benchmarks.peers.onnx_decoder:run", engine="onnxruntime"),
    )
    return measure(settings, Work(TITLE, TITLE, ours, peers), thread_choices())


def traced(backend: str) -> Contestant:
    """Return nnc's contestant, which calls a program for each token."""
    import numpy

    import nnc

    program = nnc.compile(step(causal_lm(), PROMPT + NEW), backend=backend)
    token, place, first = numpy.zeros((1, 1), "int32"), numpy.zeros((1, 1), "int32"), prompt()

    def following(last: int, at: int) -> int:
        token[0, 0], place[0, 0] = last, at
        return int(program([token, place], copy=False)[0, 0])

    def repeat(count: int) -> None:
        for _ in range(count):
            decoded(first, NEW, following)

    return Contestant(repeat, lambda: [float(found) for found in decoded(first, NEW, following)])
