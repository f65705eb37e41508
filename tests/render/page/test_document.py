"""A page's data, held to graphs, plans and source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from nnc.ir import Constant, State, count_flops, value_names
from nnc.ir.printer import node_line
from nnc.passes import count_nodes
from nnc.render.memory_layout import rectangles_of
from nnc.render.page import Subject
from nnc.render.page.document import document
from nnc.render.plan_steps import steps_of
from tests.render.page import subjects

SUBJECTS = [subjects.base_subject, subjects.recurrent_subject, subjects.residual_subject, subjects.hostile_subject]
each = pytest.mark.parametrize("make", SUBJECTS)


@cache
def data_of(make: Callable[[], Subject]) -> Any:
    return document(make())


def stages(data: Any) -> list[Any]:
    """Return the stages of a graph, what changes nothing as the one before it."""
    found: list[Any] = []
    for stage in data["stages"]:
        found.append(stage if "ops" in stage else {**found[-1], **stage, "added": [], "removed": []})
    return found


@each
@pytest.mark.sampled(2)
def test_every_node_is_an_op_with_its_line_of_the_graph(make: Callable[[], Subject]) -> None:
    subject = make()
    data = data_of(make)
    for compiled, graph in zip(subject.compiled, data["graphs"], strict=True):
        for stage, found in zip(compiled.stages, stages(graph), strict=True):
            names = value_names(stage.graph)
            texts = [data["strings"][text] for text in found["ops"]["text"]]
            shown = set(texts[: found["roots"]])
            lines = {
                node_line(node, names, with_body=False).partition("  # ")[0]
                for node in stage.graph.nodes
                if not node.is_leaf and node.op.name not in ("unpack", "reshape")
            }
            assert lines <= shown, stage.name
            assert len(texts) - found["roots"] == len(stage.graph.outputs) + len(stage.graph.updates)


@each
def test_operands_are_the_graphs_edges(make: Callable[[], Subject]) -> None:
    subject = make()
    data = data_of(make)
    stage, found = subject.compiled[0].stages[-1], stages(data["graphs"][0])[-1]
    names = value_names(stage.graph)
    texts = [data["strings"][text] for text in found["ops"]["text"]]
    by_line = {text: position for position, text in enumerate(texts)}
    for node in stage.graph.nodes:
        line = by_line.get(node_line(node, names, with_body=False).partition("  # ")[0])
        if line is None or not node.operands:
            continue
        read = [texts[operand].partition(" = ")[0].partition(" : ")[0] for operand in found["ops"]["operands"][line]]
        for operand in node.operands:
            if isinstance(operand.node.op, State | Constant) or operand.node.op.name in ("unpack", "reshape"):
                continue
            assert any(names[operand] in text.split(", ") for text in read)


@each
def test_every_op_is_in_one_cell_of_its_group_and_lane(make: Callable[[], Subject]) -> None:
    data = data_of(make)
    for graph in data["graphs"]:
        for stage in stages(graph):
            counts = Counter(op for cell in stage["cells"] for op in cell["ops"])
            assert set(counts.values()) <= {1}
            for cell in stage["cells"]:
                layout = data["layouts"][cell["layout"]]
                assert len(layout["boxes"]) == 4 * (len(cell["ops"]) + len(cell["ports"]))
                assert len(layout["curves"]) == len(cell["wires"])
                for op in cell["ops"]:
                    assert stage["ops"]["group"][op] == cell["group"]
                    phase = data["strings"][stage["ops"]["phase"][op]]
                    assert (phase in ("backward", "update")) == bool(cell["lane"])
            kinds = [data["strings"][kind] for kind in stage["ops"]["kind"]]
            ends = {
                number for number, group in enumerate(graph["groups"]) if data["strings"][group["kind"]] == "output"
            }
            outside = {op for op, kind in enumerate(kinds) if kind == "input" or stage["ops"]["group"][op] in ends}
            assert set(counts) == set(range(len(kinds))) - outside


@each
def test_figures_add_up(make: Callable[[], Subject]) -> None:
    subject = make()
    data = data_of(make)
    for compiled, graph in zip(subject.compiled, data["graphs"], strict=True):
        last, stage = stages(graph)[-1], compiled.stages[-1]
        # What a state is taken apart into computes nothing, and is written into the boxes that read it.
        inlined = count_nodes(stage.graph) - (last["roots"] - len(stage.graph.inputs))
        assert 0 <= inlined <= sum(node.op.name in ("unpack", "reshape") for node in stage.graph.nodes)
        assert sum(last["ops"]["flops"]) == count_flops(stage.graph, compiled.plan.bindings["batch"])


@each
def test_steps_and_memory_are_the_plans(make: Callable[[], Subject]) -> None:
    subject = make()
    data = data_of(make)
    for compiled, graph in zip(subject.compiled, data["graphs"], strict=True):
        execution, plan = graph["execution"], compiled.plan
        texts = [data["strings"][text] for text in execution["steps"]["text"]]
        outer = [text for text, depth in zip(texts, execution["steps"]["depth"], strict=True) if depth == 0]
        assert outer == [step.text for step in steps_of(plan)]
        memory, expected = execution["memory"], rectangles_of(plan)
        assert (memory["peak"], memory["bound"]) == (plan.peak_bytes, plan.lower_bound)
        assert memory["end"] == expected.end == len(memory["moments"]) + 1
        for buffer, rectangle in zip(memory["buffers"], expected.rectangles, strict=True):
            assert (buffer["offset"], buffer["bytes"]) == (rectangle.offset, rectangle.nbytes)
            assert buffer["start"] <= buffer["end"] <= memory["end"]


@each
def test_what_steps_write_and_read_is_alive_then(make: Callable[[], Subject]) -> None:
    data = data_of(make)
    for graph in data["graphs"]:
        steps, memory = graph["execution"]["steps"], graph["execution"]["memory"]
        buffers = {buffer["number"]: buffer for buffer in memory["buffers"]}
        for moment, step in enumerate(memory["moments"], 1):
            for number in steps["writes"][step] + steps["reads"][step]:
                if number in buffers:
                    assert buffers[number]["start"] <= moment <= buffers[number]["end"]


@each
def test_steps_come_from_ops_that_the_source_has_statements_for(make: Callable[[], Subject]) -> None:
    data = data_of(make)
    for graph in data["graphs"]:
        execution, last = graph["execution"], stages(graph)[graph["execution"]["stage"]]
        source = execution["source"]
        lines = [data["strings"][line] for line in source["lines"]]
        owned = {op for _, ops in source["blocks"] for op in ops}
        runs = {execution["steps"]["op"][step] for step in execution["memory"]["moments"]} - {-1}
        silent = {data["strings"][data["labels"][last["ops"]["label"][op]][0][1]] for op in runs - owned}
        assert silent <= {"pack"}  # whose operands are computed in place
        for start, ops in source["blocks"]:
            for offset, op in enumerate(ops):
                text = data["strings"][last["ops"]["text"][op]]
                assert text.partition(" = ")[0] in lines[start + offset]


def test_changes_of_passes_are_what_their_records_say() -> None:
    data = data_of(subjects.base_subject)
    found = {data["strings"][stage["pass"]]: stage for stage in data["graphs"][0]["stages"]}
    assert found["differentiate"]["removed"] == []
    phases = {data["strings"][found["differentiate"]["ops"]["phase"][op]] for op in found["differentiate"]["added"]}
    assert phases == {"backward"}
    assert found["dce"]["added"] == []
    assert found["dce"]["removed"]
    titles = {data["labels"][found["fuse"]["ops"]["label"][op]][0][1] for op in found["fuse"]["added"]}
    assert {data["strings"][title] for title in titles} >= {"dense_sigmoid"}


def test_layers_stand_where_the_file_defines_them() -> None:
    data = data_of(subjects.base_subject)
    groups = {data["strings"][group["path"]]: group for group in data["graphs"][0]["groups"]}
    assert "Dense: {units: 2" in data["file"]["lines"][groups["dense"]["line"] - 1]
    assert "Dense: {units: 1" in data["file"]["lines"][groups["dense_1"]["line"] - 1]
    assert data["file"]["name"] == "base.yaml"


@pytest.mark.slow
def test_equal_models_give_equal_data_in_every_process() -> None:
    code = "import sys; from tests.render.page.subjects import base_page; sys.stdout.write(base_page())"
    texts = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        texts.add(subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout)
    assert len(texts) == 1


@each
def test_data_is_plain(make: Callable[[], Subject]) -> None:
    data = data_of(make)
    assert json.loads(json.dumps(data)) == json.loads(json.dumps(data, sort_keys=True))
