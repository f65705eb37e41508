"""Every level in every format."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from nnc.errors import ModelError
from nnc.ir import Graph, TensorType
from nnc.quantities import bytes_text
from nnc.render import FORMATS, LEVELS, MemoryPicture, encode, picture_of, render, write, write_as
from nnc.render.labels import flops_text
from tests.plan.helpers import plan_of
from tests.render import networks
from tests.render.test_golden import picture

STARTS = {
    "svg": b"<?xml",
    "png": b"\x89PNG\r\n\x1a\n",
    "pdf": b"%PDF-1.",
    "dot": b"digraph",
    "mermaid": b"---\n",
    "txt": b"",
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.sampled(2)
def test_every_level_in_every_format(level: str, format: str) -> None:
    light, dark = (encode(picture(f"network_{level}"), format, theme) for theme in ("light", "dark"))
    assert light.startswith(STARTS[format])
    assert (light != dark) == (format != "txt" and (level, format) != ("memory", "mermaid"))
    if format == "svg":
        ElementTree.fromstring(light)
    if format != "svg":
        assert encode(picture(f"network_{level}"), format, "auto") == light


def test_the_same_words_in_every_format() -> None:
    for word in ("Layer1", "dense · Dense(2) · sigmoid", "6 parameters · 12 FLOPs", "batch×2"):
        for format in ("dot", "mermaid", "txt"):
            assert word in render(picture("network_layers"), format=format)
    for word in ("peak 1,256 bytes", "lower bound 1,160 bytes", "%dense_1"):
        for format in ("svg", "dot", "txt"):
            assert word in render(picture("network_memory"), format=format)


def test_levels_of_a_plan() -> None:
    plan = networks.compiled(networks.base()).plan("train")
    assert picture_of(plan) == picture_of(plan, "steps")
    assert picture_of(plan, "memory") == MemoryPicture(plan)
    message = "plan 'train' has steps and memory, not layers; draw the model or the graph"
    with pytest.raises(ModelError, match=re.escape(message)):
        picture_of(plan, "layers")
    message = "graph 'train' has ops, not memory; draw the model, or a plan of the graph"
    with pytest.raises(ModelError, match=re.escape(message)):
        picture_of(plan.source, "memory")


def test_unknown_format() -> None:
    message = (
        "a picture's format must be 'svg', 'png', 'pdf', 'dot', 'mermaid' or 'txt', got 'sgv'. Did you mean 'svg'?"
    )
    with pytest.raises(ModelError, match=re.escape(message)):
        encode(picture("network_layers"), "sgv")


def test_files_have_the_format_of_their_suffix_or_another(tmp_path: Path) -> None:
    write(picture("network_memory"), tmp_path / "memory.TXT")
    write_as(picture("network_memory"), tmp_path / "memory", "txt")
    expected = render(picture("network_memory"), format="txt")
    assert (tmp_path / "memory.TXT").read_text("utf-8") == (tmp_path / "memory").read_text("utf-8") == expected


def test_a_gantt_chart_has_a_task_for_each_buffer_and_no_syntax_in_names() -> None:
    lines = render(picture("lstm_memory"), format="mermaid").splitlines()
    tasks = [line for line in lines if line.startswith("  ") and " :" in line]
    memory = picture("lstm_memory").plan.storage
    assert len(tasks) == sum(buffer.nbytes > 0 for buffer in memory.buffers)
    for task in tasks:
        assert re.fullmatch(r"  [^:;#]+ :b\d+, \d+, \d+", task)


def test_an_arena_without_buffers_is_drawn() -> None:
    graph = Graph("empty")
    graph.output("y", graph.state("s", TensorType("float32", (3,)), "buffer"))
    plan: Any = MemoryPicture(plan_of(graph, {}))
    for format in ("svg", "dot", "mermaid", "txt"):
        assert "memory of empty" in render(plan, format=format)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 FLOPs"),
        (999, "999 FLOPs"),
        (1000, "1 kFLOPs"),
        (1234, "1.23 kFLOPs"),
        (999_499, "999 kFLOPs"),
        (999_999, "1 MFLOPs"),
        (31_000_000_000, "31 GFLOPs"),
    ],
)
def test_operations_in_words(count: int, text: str) -> None:
    assert flops_text(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (9999, "9,999 bytes"),
        (10_240, "10 KiB"),
        (1_048_575, "1020 KiB"),
        (1_048_576, "1 MiB"),
        (5 << 30, "5 GiB"),
    ],
)
def test_bytes_in_words(count: int, text: str) -> None:
    assert bytes_text(count) == text
