"""KerasHub's `generate`, on the engine that KERAS_BACKEND names, which is one compiled loop on TensorFlow and JAX."""

from __future__ import annotations

import numpy

from benchmarks.contestant import Contestant
from benchmarks.networks.decoder import NEW, PROMPT, causal_lm, prompt


def generate() -> Contestant:
    """Return a contestant that generates all tokens in a call."""
    model = causal_lm()
    tokens = numpy.zeros((1, PROMPT + NEW), "int32")
    tokens[0, :PROMPT] = prompt()
    inputs = {"token_ids": tokens, "padding_mask": numpy.arange(PROMPT + NEW)[None] < PROMPT}

    def found() -> list[int]:
        result: list[int] = numpy.asarray(model.generate(inputs, stop_token_ids=None)["token_ids"])[0].tolist()
        return result

    def run(count: int) -> None:
        for _ in range(count):
            found()

    return Contestant(run, lambda: [float(token) for token in found()])
