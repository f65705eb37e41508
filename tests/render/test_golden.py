"""Texts of small pictures, compared with the files in ``golden/``.

After a wanted change, write the files anew and read their difference before keeping it:

    python -m tests.render.test_golden
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import pytest

from nnc.program import Program
from nnc.render import LEVELS, SUFFIXES, picture_of, render
from tests.render import networks, samples

GOLDEN = Path(__file__).parent / "golden"
SAMPLES: dict[str, Callable[[], Any]] = {
    "base_layers": samples.base_model,
    "branching_layers": samples.branching_model,
    "forward_ops": samples.forward_graph,
    "train_ops": samples.train_graph,
    "hostile_layers": samples.hostile_model,
    "nested_layers": networks.nested,
}
NETWORKS: dict[str, tuple[Callable[[], Any], str]] = {
    "network": (networks.base, "train"),
    "residual": (networks.residual, "predict"),
    "lstm": (networks.lstm, "predict"),
}
"""The base network, a residual net and an LSTM, with the graph of which ops, steps and memory are drawn."""
ENDS = {format: suffix for suffix, format in SUFFIXES.items()}
TARGETS = (
    *SAMPLES,
    *(f"{name}_{level}" for name in NETWORKS for level in LEVELS if level != "units" or name == "network"),
)
CASES = [(name, format) for name in TARGETS for format in ("dot", "mermaid", "txt")]
CASES += [(f"{name}_memory", "svg") for name in NETWORKS]


@cache
def program(name: str) -> Program:
    return networks.compiled(NETWORKS[name][0]())


@cache
def picture(target: str) -> Any:
    if target in SAMPLES:
        return picture_of(SAMPLES[target]())
    name, _, level = target.partition("_")
    make, graph = NETWORKS[name]
    if level in ("layers", "units"):
        model = make()
        for layer in model.layers if level == "units" else ():
            layer.set_weights([0.5 - numpy.arange(array.size).reshape(array.shape) for array in layer.get_weights()])
        return picture_of(model, level)
    return picture_of(program(name).graph(graph) if level == "ops" else program(name).plan(graph, 32), level)


def golden_file(name: str, format: str) -> Path:
    return GOLDEN / f"{name}{ENDS[format]}"


def text(name: str, format: str) -> str:
    return render(picture(name), format=format)


def texts() -> Iterator[str]:
    return (text(*case) for case in CASES)


@pytest.mark.parametrize(("name", "format"), CASES)
def test_text_is_the_golden_one(name: str, format: str) -> None:
    assert text(name, format) == golden_file(name, format).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {golden_file(*case).name for case in CASES}


@pytest.mark.parametrize("seed", ["1", "2"])
@pytest.mark.slow
def test_texts_are_the_same_with_any_hash_seed(seed: str) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "tests.render.test_golden", "--print"]
    result = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)
    assert result.stdout.decode() == "".join(texts())


def main() -> None:
    for case in CASES:
        if "--print" in sys.argv:
            sys.stdout.buffer.write(text(*case).encode())
        else:
            golden_file(*case).write_text(text(*case), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
