"""LiteRT: predictions of an interpreter with XNNPACK, copied in and out or in the tensors where they lie."""

from __future__ import annotations

import os
from typing import Any

from ai_edge_litert.interpreter import Interpreter

from benchmarks.contestant import Contestant, calling
from benchmarks.networks import rows_of
from benchmarks.peers.converted import lite_bytes


def _interpreter(network: str, rows: int) -> tuple[Any, int, int, Any]:
    """Return an interpreter, which uses the processors of this process, the numbers of its ends, and its input."""
    x = rows_of(network, rows)
    found = Interpreter(model_content=lite_bytes(network, x), num_threads=len(os.sched_getaffinity(0)))
    found.allocate_tensors()
    (start,), (end,) = found.get_input_details(), found.get_output_details()
    return found, start["index"], end["index"], x


def run(network: str, rows: int) -> Contestant:
    """Return a contestant that copies the input in and the output out."""
    interpreter, start, end, x = _interpreter(network, rows)
    set_tensor, invoke, get_tensor = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor

    def predict() -> Any:
        set_tensor(start, x)
        invoke()
        return get_tensor(end)

    return calling(predict)


def bound(network: str, rows: int) -> Contestant:
    """Return a contestant whose input is there already, and whose output is left where it is."""
    interpreter, start, end, x = _interpreter(network, rows)
    interpreter.set_tensor(start, x)
    invoke, output = interpreter.invoke, interpreter.tensor(end)

    def predict() -> Any:
        invoke()
        return output()  # a view, which nobody may hold while the interpreter runs

    return calling(predict)
