"""Gathers what a page about a model shows: its layers, and its graphs with every stage on the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnc.cli.programs import check_takes_no_replica, is_program, open_program, read_options
from nnc.errors import ModelError

if TYPE_CHECKING:
    from nnc.backends import BackendName
    from nnc.ir import Graph
    from nnc.models import Model
    from nnc.passes import Pass, PassRecord
    from nnc.program import Program
    from nnc.render.page import Definition, Stage, Subject

TEXT_SUFFIXES = (".yaml", ".yml", ".json")
SAVED = "saved"
"""Label shown instead of passes for a program that was compiled before."""


def page_subject(
    path: Path,
    graph: str | None = None,
    batch: int = 32,
    replace: Sequence[str] | None = None,
    backend: BackendName | None = None,
    replica: int | None = None,
) -> Subject:
    """Open a model and compile it, remembering what each pass makes.

    Args:
        path: model file or saved program.
        graph: the only graph to show; None takes training, where the model has a loss, and prediction.
        batch: rows of a batch, for bytes and FLOPs.
        replace: replacements for classes, as ``--replace`` has it.
        backend: whose plans and source are shown; see `nnc.backends.find_backend`.
        replica: number of the network to show of a program with replicas.

    Raises:
        GraphError: the model has no such graph.
        ModelError: the model cannot be read, or has replicas of which none is chosen, or none although one is.
        ProgramFileError: the program's file is damaged.
    """
    import nnc
    from nnc.passes import lowering_pipeline, run_passes
    from nnc.readers import read_model
    from nnc.render.page import Compiled, Stage, Subject

    stages: dict[str, list[Stage]] = {}

    def remember(item: Pass, made: Graph, record: PassRecord) -> None:
        del record
        stages.setdefault(made.name, []).append(Stage(item.name, made))

    notes: dict[str, str] = {}
    if is_program(path):
        program = open_program(path, replace=replace, backend=backend, replica=replica, single="a page")
        model = _model_of(program)
    else:
        check_takes_no_replica(path, replica)
        model = read_model(path, **read_options(replace))
        program = nnc.compile(model, observe=remember, backend=backend)
        notes = _notes(model)
    names = [graph] if graph is not None else [*(["train"] if program.spec.trains else []), "predict"]
    compiled = []
    for name in names:
        made = program.graph(name)
        engine, plan, source = program.engine(name), program.plan(name, batch), program.source(name)
        if name not in stages:  # the passes ran before it was saved, all but those that differ by backend
            stages[name] = [Stage(SAVED, made)]
            run_passes(made, lowering_pipeline(engine.target), remember)
        compiled.append(Compiled(name, stages[name], plan, source, engine.title))
    return Subject(program.name, compiled, model, _definition(path), notes)


def _model_of(program: Program) -> Any:
    """Return the layers of a saved program, None where they are not known here."""
    from nnc.models.saving import model_of_program

    try:
        return model_of_program(program)
    except ModelError:
        return None


def _definition(path: Path) -> Definition | None:
    from nnc.render.page import Definition

    if path.suffix.lower() not in TEXT_SUFFIXES:
        return None
    return Definition(path.name, path.read_text(encoding="utf-8-sig"))


def _notes(model: Model) -> dict[str, str]:
    """Return the names of optimizer and loss."""
    loss = model.objective.loss
    return {"update": type(model.optimizer).__name__} | ({"loss": loss} if isinstance(loss, str) else {})
