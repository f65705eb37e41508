"""Passes from graph to graph, and the pipelines made of them.

Most are imported when they are first used: a program that was compiled before needs the last few only.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.passes.base import Observer, Pass, PassRecord, count_nodes, run_passes
from nnc.passes.lowering import Inline, inlined, lower, lowering_pipeline

if TYPE_CHECKING:
    from nnc.ir import gradients
    from nnc.passes.cleanup import CommonSubexpressions, DeadCode, FoldConstants
    from nnc.passes.decompose import Decompose
    from nnc.passes.differentiate import GRADIENT, Differentiate
    from nnc.passes.fold_batch_norm import FoldBatchNorm
    from nnc.passes.fold_sign import FoldSign
    from nnc.passes.fuse import Fuse
    from nnc.passes.hoist import Hoist, Prologue
    from nnc.passes.lift import Lift
    from nnc.passes.pipelines import (
        HOISTABLE,
        INFER,
        OPTIMIZE,
        PROLOGUE,
        divided_evaluation,
        divided_training,
        draft_pipeline,
        evaluate_pipeline,
        extended,
        train_pipeline,
    )
    from nnc.passes.registry import make_pass, pass_names
    from nnc.passes.schedule import Schedule
    from nnc.passes.simplify import Simplify
    from nnc.passes.sink import Sink
    from nnc.passes.split import Split
    from nnc.passes.training import ApplyOptimizer

_MEMBERS = {
    "ApplyOptimizer": "training",
    "CommonSubexpressions": "cleanup",
    "DeadCode": "cleanup",
    "Decompose": "decompose",
    "Differentiate": "differentiate",
    "FoldBatchNorm": "fold_batch_norm",
    "FoldConstants": "cleanup",
    "FoldSign": "fold_sign",
    "Fuse": "fuse",
    "GRADIENT": "differentiate",
    "HOISTABLE": "pipelines",
    "Hoist": "hoist",
    "INFER": "pipelines",
    "Lift": "lift",
    "OPTIMIZE": "pipelines",
    "PROLOGUE": "pipelines",
    "Prologue": "hoist",
    "Schedule": "schedule",
    "Simplify": "simplify",
    "Sink": "sink",
    "Split": "split",
    "divided_evaluation": "pipelines",
    "divided_training": "pipelines",
    "draft_pipeline": "pipelines",
    "evaluate_pipeline": "pipelines",
    "extended": "pipelines",
    "gradients": "differentiate",
    "make_pass": "registry",
    "pass_names": "registry",
    "train_pipeline": "pipelines",
}

__all__ = [
    "GRADIENT",
    "HOISTABLE",
    "INFER",
    "OPTIMIZE",
    "PROLOGUE",
    "ApplyOptimizer",
    "CommonSubexpressions",
    "DeadCode",
    "Decompose",
    "Differentiate",
    "FoldBatchNorm",
    "FoldConstants",
    "FoldSign",
    "Fuse",
    "Hoist",
    "Inline",
    "Lift",
    "Observer",
    "Pass",
    "PassRecord",
    "Prologue",
    "Schedule",
    "Simplify",
    "Sink",
    "Split",
    "count_nodes",
    "divided_evaluation",
    "divided_training",
    "draft_pipeline",
    "evaluate_pipeline",
    "extended",
    "gradients",
    "inlined",
    "lower",
    "lowering_pipeline",
    "make_pass",
    "pass_names",
    "run_passes",
    "train_pipeline",
]


def __getattr__(name: str) -> Any:
    if name in _MEMBERS:
        value = getattr(import_module(f"nnc.passes.{_MEMBERS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module '{__name__}' has no attribute {name!r}")
