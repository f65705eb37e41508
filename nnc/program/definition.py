"""The definition that a program's file has, by which its graphs are made once more, to divide them among processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.errors import ModelError, NncError
from nnc.execution.executor import Executor
from nnc.ir import Graph
from nnc.plugins import read_config


def divider_of(executor: Executor) -> Callable[[str], list[Graph]] | None:
    """Return what divides the graphs of a program from a file; None where the file does not define them.

    A file has graphs as they run, which are divided no more. The model is made of its config, and compiled as it was;
    its parts are taken where its graph is that of the file, to the letter.

    Args:
        executor: runs the program.
    """
    spec = executor.spec
    if not spec.model or not spec.compiled:
        return None
    made: list[Any] = []

    def divide(name: str) -> list[Graph]:
        if not made:
            made.append(_defined(executor))
        other = made[0]
        if str(other.graphs.make(name)) != str(executor.graphs.make(name)):
            raise ModelError(
                f"program '{spec.name}' cannot be trained by several processes: its file defines a model whose graph"
                f" '{name}' is not the one in the file (it was saved by another version of nnc, or compiled with an"
                " element type or passes of its own); compile the model in each of them"
            )
        parts: list[Graph] = other.divide(name)
        return parts

    return divide


def _defined(executor: Executor) -> Executor:
    """Return the executor of the model that a program's file defines."""
    spec = executor.spec
    try:
        found: Executor = read_config({**spec.model, "compile_config": spec.compiled}).program.executor
    except NncError as error:
        raise ModelError(
            f"program '{spec.name}' cannot be trained by several processes, for its model cannot be made of its file:"
            f" {' '.join(str(error).split())}"
        ) from error
    return found
