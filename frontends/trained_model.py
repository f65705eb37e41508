"""Puts a model together from what a file holds: its definition, its weights, and where its training stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frontends.authored_models import authored_class, compile_itself, compiles_itself, make_authored
from frontends.compile_options import apply_compile
from frontends.keras_form import read_keras_form
from frontends.layer_order import definitions
from frontends.legacy.compile_options import compile_options
from frontends.legacy.values import decoded_mapping
from frontends.nodes import Mapping, ValueNode
from frontends.optimizer_state import train_as
from frontends.origin import is_null
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.stored_weights import Assignment
from frontends.wiring import wire
from nnc.layers.variable import blank_weights
from nnc.models import Model


@dataclass(frozen=True)
class Training:
    """The state of the training.

    Args:
        config: optimizer, loss and metrics; None where the file has none.
        resume: copies the state of the optimizer.
    """

    config: ValueNode | None
    resume: Callable[[Assignment], None]


def read_trained(
    root: Mapping,
    options: Options,
    problems: Problems,
    assign: Callable[[Assignment], None],
    training: Training | None,
) -> Model:
    """Return the model of a file with its weights.

    Args:
        root: class name and config.
        options: how it is read.
        problems: what has been noted so far.
        assign: takes the file's arrays for the model's weights.
        training: where training stands; None to leave that out.

    Raises:
        ModelFileError: there are problems; all of them are listed.
    """
    with blank_weights():
        definition = None if authored_class(root) else read_keras_form(decoded_mapping(root), problems, options)
        model = make_authored(root, problems) if definition is None else wire(definition, problems)
    if problems or model is None:
        raise problems.error()
    assignment = Assignment(model, options.origin, problems, definitions(model, definition) if definition else {})
    assign(assignment)
    assignment.carry_out()
    if training is not None and not is_null(training.config):
        _compile(assignment, training)
    problems.warn()
    return model


def _compile(assignment: Assignment, training: Training) -> None:
    """Take over the training; where it is not known here, the model predicts, which is noted."""
    model, problems = assignment.model, assignment.problems
    if not isinstance(training.config, Mapping):
        return
    if compiles_itself(model):
        compile_itself(model, training.config, problems)
        if model.is_compiled:
            training.resume(assignment)
        return
    config = compile_options(decoded_mapping(training.config), assignment.origin)
    found = Problems(problems.source, problems.place)
    apply_compile(config, model, model.output_labels, found, is_short=False)
    problems.notes.extend(note for note in found.notes if note not in problems.notes)
    if found:
        reasons = "; ".join(problem.removeprefix(f"{problems.place}: ") for problem in found.error().problems)
        problems.note(f"it is read for predicting and not compiled: {reasons}")
        model.uncompiled = reasons
    elif model.is_compiled:
        train_as(assignment.origin, model.optimizer, problems)
        training.resume(assignment)
