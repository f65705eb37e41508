"""Compares how two models are trained: what they minimise and measure, and by which rule."""

from __future__ import annotations

from typing import Any

from nnc.inspection.alignment import config_changes
from nnc.inspection.layer_table import plain
from nnc.inspection.subject import Subject
from nnc.ir import State
from nnc.program import TRAIN


def compare_training(first: Subject, second: Subject) -> dict[str, tuple[Any, Any]]:
    """Return the old and the new value of what differs, by what it is; what only one side tells does not count."""
    mine, theirs = _settings(first), _settings(second)
    if "optimizer" in mine and "optimizer" in theirs:  # whose config says it all
        mine, theirs = (
            {key: value for key, value in found.items() if not key.startswith(("optimizer ", "optimizer/"))}
            for found in (mine, theirs)
        )
    return config_changes(
        {key: value for key, value in mine.items() if key in theirs},
        {key: value for key, value in theirs.items() if key in mine},
    )


def _settings(subject: Subject) -> dict[str, Any]:
    """Return what is known about the training; a saved program tells less than a model."""
    spec, program = subject.program.spec, subject.program
    found: dict[str, Any] = {
        "is trained": spec.trains,
        "loss": ", ".join(target.loss for target in spec.targets),
        "metrics": ", ".join(spec.metrics[1:]),
    }
    if spec.trains:
        states = {
            label: value.node.op.role
            for label, value in program.graph(TRAIN).states.items()
            if isinstance(value.node.op, State)
        }
        found["optimizer keeps"] = ", ".join(label for label, role in states.items() if role == "slot")
        for label, role in states.items():
            if role == "hyperparameter":
                found[label] = float(program.states[label])
    model = subject.model
    if model is not None and model.is_compiled:
        config = plain(model.optimizer.get_config())
        found["optimizer"] = {"class_name": type(model.optimizer).__name__, "config": config}
    return found
