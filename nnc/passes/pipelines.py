"""The pipelines: which passes run, in which order, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nnc.ir import Graph
from nnc.passes.base import Observer, Pass, run_passes
from nnc.passes.cleanup import CommonSubexpressions, DeadCode, FoldConstants
from nnc.passes.decompose import Decompose
from nnc.passes.differentiate import Differentiate
from nnc.passes.distribute import divide
from nnc.passes.fold_batch_norm import FoldBatchNorm
from nnc.passes.fold_sign import FoldSign
from nnc.passes.fuse import Fuse
from nnc.passes.hoist import Hoist, Prologue
from nnc.passes.lift import Lift
from nnc.passes.schedule import Schedule
from nnc.passes.simplify import Simplify
from nnc.passes.training import ApplyOptimizer, AttachLoss, Head

OPTIMIZE: tuple[Pass, ...] = (
    Simplify(),  # while composites are whole, so that rules see them
    Decompose(),  # softmax and cross-entropy become ops that forward and backward share
    Simplify(),  # what the decompositions brought
    Lift(),  # once bodies are simple
    FoldConstants(),
    CommonSubexpressions(),
    DeadCode(),
    Fuse(),  # forward and backward together, after nothing else changes
    Schedule(),  # last: the order of nodes is the order of execution
)

FOLD: tuple[Pass, ...] = (
    Simplify(),
    Decompose(),
    Simplify(),
    Lift(),
    DeadCode(),  # nodes that nothing needs do not count as readers
    FoldBatchNorm(),  # after derivatives would be taken: it makes products that nothing is trained through
    FoldConstants(),
    CommonSubexpressions(),
    DeadCode(),
)

HOISTABLE: tuple[Pass, ...] = (
    Simplify(),
    Decompose(),
    Simplify(),
    Lift(),
    DeadCode(),
    FoldSign(),  # worth it only where kernels are derived once: in front of a Hoist
    FoldBatchNorm(),
    FoldConstants(),
    CommonSubexpressions(),
    DeadCode(),
)

PRIMITIVE: tuple[Pass, ...] = (
    Simplify(),
    Decompose(),
    Simplify(),
    Lift(),
    DeadCode(),  # a graph is divided among processes by what its results need
)

INFER: tuple[Pass, ...] = (
    *HOISTABLE,
    Hoist(),  # what states alone decide is read from states that the prologue derives
    Fuse(),
    Schedule(),
)

PROLOGUE: tuple[Pass, ...] = (
    *HOISTABLE,
    Prologue(),  # the other half of what Hoist divides
    Fuse(),
    Schedule(),
)


def extended(pipeline: Sequence[Pass], passes: Sequence[Pass]) -> tuple[Pass, ...]:
    """Return a pipeline with passes of a user's own in front of ``fuse``, where graphs are as simple as they get."""
    position = next(index for index, item in enumerate(pipeline) if isinstance(item, Fuse))
    return (*pipeline[:position], *passes, *pipeline[position:])


def draft_pipeline(head: Head, loss_scale: float | None = None) -> tuple[Pass, ...]:
    """Return the passes from a forward graph to one of the primitive ops that training or evaluating takes.

    What other passes make of them, by rules that hold in any graph, are ops of the same kinds.

    Args:
        head: losses and metrics.
        loss_scale: factor of the gradients; None where there are none.
    """
    derivatives = () if loss_scale is None else (Differentiate(scale=loss_scale),)
    return (AttachLoss(head), *derivatives, Decompose(), DeadCode())


def evaluate_pipeline(head: Head) -> tuple[Pass, ...]:
    """Return the passes from a forward graph to an evaluation graph."""
    return (AttachLoss(head), *FOLD, Fuse(), Schedule())


def divided_evaluation(graph: Graph, head: Head, *, extra: Sequence[Pass], observe: Observer | None) -> list[Graph]:
    """Return the parts of an evaluation graph that processes run on their rows; see `nnc.passes.distribute`.

    Args:
        graph: the forward graph.
        head: losses and metrics.
        extra: passes of a user's own, for each part.
        observe: called after each pass.
    """
    whole = run_passes(graph, (AttachLoss(head), *PRIMITIVE), observe)
    pipeline = extended((*FOLD, Fuse(), Schedule()), extra)
    return [run_passes(part, pipeline, observe) for part in divide(whole)]


def divided_training(
    graph: Graph,
    head: Head,
    update: ApplyOptimizer,
    loss_scale: float = 1.0,
    *,
    per_process: Collection[str],
    extra: Sequence[Pass],
    observe: Observer | None,
) -> list[Graph]:
    """Return the parts of a training graph, of which the last one applies the gradients of all rows.

    Args:
        graph: the forward graph.
        head: losses and metrics.
        update: makes updates of gradients.
        loss_scale: factor of the gradients, which the optimizer takes out again.
        per_process: paths of layers that measure the rows of each process by themselves.
        extra: passes of a user's own, for each part.
        observe: called after each pass.
    """
    whole = run_passes(graph, (AttachLoss(head), Differentiate(scale=loss_scale), *PRIMITIVE), observe)
    *parts, last = divide(whole, per_process)
    pipeline = extended(OPTIMIZE, extra)
    made = [run_passes(part, pipeline, observe) for part in parts]
    return [*made, run_passes(last, (update, *pipeline), observe)]


def train_pipeline(head: Head, update: ApplyOptimizer, loss_scale: float = 1.0) -> tuple[Pass, ...]:
    """Return the passes from a forward graph to a training graph.

    Args:
        head: losses and metrics.
        update: makes updates of gradients.
        loss_scale: factor of the gradients, which the optimizer takes out again.
    """
    return (
        AttachLoss(head),  # outputs become loss and metrics
        Differentiate(scale=loss_scale),  # on primitives, before any fusion
        update,
        *OPTIMIZE,
    )
