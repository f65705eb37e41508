"""docs/coverage.md says what the code says."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import nnc
from frontends.yaml_file import read_text
from nnc.errors import ModelError
from tests.docs.coverage import TARGET, page


@pytest.mark.slow
def test_the_page_is_up_to_date() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("keras")
        written = page()
    assert TARGET.read_text() == written, "run python -m tests.docs.coverage --write"


def test_what_is_missing_comes_first() -> None:
    headings = re.findall(r"^## (.+)$", TARGET.read_text(), re.MULTILINE)
    assert headings[0] == "What is not there"


REFUSED: dict[str, Callable[[], Any]] = {
    "int4": lambda: nnc.layers.Dense(2, dtype="int4"),
    "float8": lambda: nnc.layers.Dense(2, dtype="float8"),
    "int16": lambda: nnc.Input((2,), dtype="int16"),
    "quantization_config": lambda: nnc.layers.Dense(2, quantization_config={"mode": "int8"}),
    "lora_rank": lambda: nnc.layers.Dense(2, lora_rank=2),
    "sparse": lambda: read_text("input: {shape: [2], sparse: true}\nlayers: [Flatten]", "model.yaml"),
    "ragged": lambda: read_text("input: {shape: [2], ragged: true}\nlayers: [Flatten]", "model.yaml"),
    "`split`": lambda: nnc.layers.TextVectorization(split=str.split),
    "ragged=True": lambda: nnc.layers.TextVectorization(ragged=True),
    "run_eagerly": lambda: nnc.Sequential([nnc.layers.Dense(1)]).compile("sgd", "mse", run_eagerly=True),
    "flash_attention=True": lambda: nnc.layers.MultiHeadAttention(2, 2, flash_attention=True),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_page_says_is_not_there_is_an_error(what: str) -> None:
    missing = TARGET.read_text().partition("## What is not there")[2].partition("\n## ")[0]
    assert what in missing
    with pytest.raises(ModelError):
        REFUSED[what]()
