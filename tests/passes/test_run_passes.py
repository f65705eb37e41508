"""Running passes: the verifier between them, records, names, and what a broken pass is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from nnc.errors import GraphError
from nnc.ir import Graph, Rewriter, TensorType, parse_graph
from nnc.passes import (
    GRADIENT,
    INFER,
    OPTIMIZE,
    PROLOGUE,
    DeadCode,
    Decompose,
    FoldBatchNorm,
    Fuse,
    Pass,
    PassRecord,
    Simplify,
    base,
    count_nodes,
    evaluate_pipeline,
    make_pass,
    pass_names,
    run_passes,
    train_pipeline,
)
from nnc.passes.training import ApplyOptimizer, AttachLoss
from tests.passes.helpers import graph_text

TEXT = graph_text("%0 = add(%x, f64(0.0)) : f64[batch,3]\n%1 = softmax(%0, axis=1) : f64[batch,3]\nreturn z=%1")


@dataclass(frozen=True)
class Breaks(Pass):
    """Gives a node another type than its op infers; it has no name, so that it is not registered."""

    def run(self, graph: Graph) -> Graph:
        result = Rewriter(graph)
        for node in graph.nodes:
            result.keep(node)
        broken = result.finish()
        broken.nodes[-1] = replace(broken.nodes[-1], types=(broken.nodes[-1].types[0].with_dtype("float32"),))
        return broken


@dataclass(frozen=True)
class RemovesNothing(Pass):
    removes: ClassVar[frozenset[str]] = frozenset({"softmax"})

    def run(self, graph: Graph) -> Graph:
        return graph


def test_passes_run_in_order_and_leave_the_given_graph_alone():
    graph = parse_graph(TEXT)
    found = run_passes(graph, [Simplify(), Decompose(), Fuse()])
    assert str(graph) == TEXT
    assert [node.op.title for node in found.nodes if not node.is_leaf] == [
        "max",
        "fusion.subtract_exp",
        "sum",
        "divide",
    ]


def test_no_passes_check_and_return_the_graph():
    graph = parse_graph(TEXT)
    assert run_passes(graph, []) is graph
    graph.nodes[-1] = replace(graph.nodes[-1], phase="somewhere")
    with pytest.raises(GraphError, match="unknown phase 'somewhere'"):
        run_passes(graph, [])


def test_observer_sees_each_pass_its_result_and_its_record():
    seen: list[tuple[Pass, Graph, PassRecord]] = []
    found = run_passes(parse_graph(TEXT), [Simplify(), Decompose()], lambda *arguments: seen.append(arguments))
    assert [item.name for item, _, _ in seen] == ["simplify", "decompose"]
    assert seen[-1][1] is found
    records = [record for _, _, record in seen]
    assert [(record.name, record.nodes_before, record.nodes_after) for record in records] == [
        ("simplify", 2, 1),
        ("decompose", 1, 5),
    ]
    assert all(0 <= record.seconds < 10 for record in records)


def test_count_nodes_counts_a_fusion_once_and_leaves_not_at_all():
    graph = run_passes(parse_graph(TEXT), [Decompose()])
    assert count_nodes(graph) == 6
    assert count_nodes(run_passes(graph, [Fuse()])) == 5


def test_a_broken_pass_is_caught_and_named():
    with pytest.raises(GraphError, match=r"node \d+ \(softmax\) has types \(f32\[batch,3\],\)") as error:
        run_passes(parse_graph(TEXT), [Simplify(), Breaks(), Decompose()])
    assert "after pass ''" in error.value.__notes__
    assert any(note.startswith("in the graph\ngraph g(") for note in error.value.__notes__)


def test_a_pass_must_remove_what_it_says():
    with pytest.raises(GraphError, match=r"softmax.* is not legal at this stage"):
        run_passes(parse_graph(TEXT), [RemovesNothing()])


def test_a_pass_is_not_given_what_it_rejects():
    fused = run_passes(parse_graph(TEXT), [Decompose(), Fuse()])
    with pytest.raises(GraphError, match=r"fusion.* is not legal at this stage"):
        run_passes(fused, [make_pass("differentiate")])


def test_a_pass_without_run_says_so():
    @dataclass(frozen=True)
    class Empty(Pass):
        pass

    with pytest.raises(TypeError, match="does nothing"):
        Empty().run(parse_graph(TEXT))


def test_names_of_the_passes_that_need_no_arguments():
    assert pass_names() == (
        "cse",
        "dce",
        "decompose",
        "differentiate",
        "fold-batch-norm",
        "fold-constants",
        "fold-sign",
        "fuse",
        "hoist",
        "inline",
        "lift",
        "prologue",
        "schedule",
        "simplify",
        "sink",
        "split",
    )
    assert {"loss", "update"} <= set(base.PASSES)
    for name in pass_names():
        assert make_pass(name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "simplfy",
            "unknown pass 'simplfy'; known are cse, dce, decompose, differentiate, fold-batch-norm, fold-constants, "
            "fold-sign, fuse, hoist, inline, lift, prologue, schedule, simplify, sink, split. Did you mean 'simplify'?",
        ),
        (
            "update",
            "unknown pass 'update'; known are cse, dce, decompose, differentiate, fold-batch-norm, fold-constants, "
            "fold-sign, fuse, hoist, inline, lift, prologue, schedule, simplify, sink, split.",
        ),
    ],
)
def test_unknown_pass(name, message):
    with pytest.raises(GraphError) as error:
        make_pass(name)
    assert str(error.value) == message


class SquareLoss:
    """A head: the loss is the sum of the squares, a counter counts the runs."""

    def lower(self, graph, outputs):
        from nnc.ir.ops import square, sum

        graph.output("loss", sum(square(outputs["z"])))
        graph.update("runs", graph.state("runs", TensorType("int64"), "counter") + 1)


class Descent:
    """An optimizer: gradient descent by a fixed step."""

    def lower(self, gradients, variables):
        return {label: value.graph.states[label] - value * 0.5 for label, value in gradients.items()}


def test_loss_and_update_passes():
    body = "state @s : f64[3] parameter\nstate @m : f64[3] buffer\n%0 = multiply(%b, @s) : f64[3]\n"
    graph = parse_graph(graph_text(body + "return z=%0\nupdate @m = %0"))
    lossy = run_passes(graph, [AttachLoss(SquareLoss())])
    assert (list(lossy.outputs), list(lossy.updates)) == (["loss"], ["m", "runs"])
    trained = run_passes(lossy, [make_pass("differentiate"), ApplyOptimizer(Descent())])
    assert (list(trained.outputs), list(trained.updates)) == (["loss"], ["m", "runs", "s"])
    assert not any(label.startswith(GRADIENT) for label in trained.outputs)
    node = trained.updates["s"].node
    assert (node.op.name, node.path, node.phase) == ("subtract", "optimizer", "update")


def test_pipelines_are_made_of_the_known_passes():
    assert [item.name for item in OPTIMIZE] == [
        "simplify",
        "decompose",
        "simplify",
        "lift",
        "fold-constants",
        "cse",
        "dce",
        "fuse",
        "schedule",
    ]
    assert evaluate_pipeline(SquareLoss())[1:] == (*OPTIMIZE[:4], DeadCode(), FoldBatchNorm(), *OPTIMIZE[4:])
    assert [item.name for item in INFER if item not in PROLOGUE] == ["hoist"]
    assert [item.name for item in PROLOGUE if item not in INFER] == ["prologue"]
    pipeline = train_pipeline(SquareLoss(), ApplyOptimizer(Descent()))
    assert [item.name for item in pipeline[:3]] == ["loss", "differentiate", "update"]
