"""Passes from graph to graph, and the pipelines made of them."""

from nnc.ir import gradients
from nnc.passes.base import Observer, Pass, PassRecord, count_nodes, make_pass, pass_names, run_passes
from nnc.passes.cleanup import CommonSubexpressions, DeadCode, FoldConstants
from nnc.passes.decompose import Decompose
from nnc.passes.differentiate import GRADIENT, Differentiate
from nnc.passes.fold_batch_norm import FoldBatchNorm
from nnc.passes.fold_sign import FoldSign
from nnc.passes.fuse import Fuse
from nnc.passes.hoist import Hoist, Prologue
from nnc.passes.lift import Lift
from nnc.passes.pipelines import HOISTABLE, INFER, OPTIMIZE, PROLOGUE, evaluate_pipeline, extended, train_pipeline
from nnc.passes.schedule import Schedule
from nnc.passes.simplify import Simplify

__all__ = [
    "GRADIENT",
    "HOISTABLE",
    "INFER",
    "OPTIMIZE",
    "PROLOGUE",
    "CommonSubexpressions",
    "DeadCode",
    "Decompose",
    "Differentiate",
    "FoldBatchNorm",
    "FoldConstants",
    "FoldSign",
    "Fuse",
    "Hoist",
    "Lift",
    "Observer",
    "Pass",
    "PassRecord",
    "Prologue",
    "Schedule",
    "Simplify",
    "count_nodes",
    "evaluate_pipeline",
    "extended",
    "gradients",
    "make_pass",
    "pass_names",
    "run_passes",
    "train_pipeline",
]
