"""Programs of several networks: the same model with first weights of its own for each replica."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy

from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.execution.graphs import GraphMaker
from nnc.execution.replication import LANES, Replication
from nnc.execution.spec import ProgramSpec
from nnc.ir import Graph
from nnc.labels import PREDICT, PROLOGUE, TRAIN
from nnc.layers.lowering import RANDOM
from nnc.layers.traced import TracedLayer
from nnc.layers.weights import weight_paths
from nnc.models.hyperparameters import Hyperparameters
from nnc.passes import Observer, Pass
from nnc.passes.replicate import obstacle_to_lanes
from nnc.program import Program
from nnc.quantities import bytes_text
from nnc.utils import random_generator

Array = Any
Seeds = Sequence[int] | Literal["model"]

_FEWEST_IN_LANES = 8
"""Replicas from which on lanes are worth it: unused ones take as much time as others."""

_LARGEST_IN_LANES = 2**19
"""Bytes of the states of a block up to which replicas lie in lanes: what fits into a processor's second cache."""


def replicated(
    model: Any,
    count: int,
    seeds: Seeds | None = None,
    hyperparameters: Mapping[str, Sequence[float]] | None = None,
    lanes: int | None = None,
    dtype: str | None = None,
    observe: Observer | None = None,
    passes: Sequence[Pass] = (),
) -> Program:
    """Return a program of several networks like that of a model, which keeps its own.

    Args:
        model: the model.
        count: number of replicas.
        seeds: a seed for each replica, whose first weights are those that `clone_model` would draw after
            `nnc.utils.set_random_seed`, and whose dropout draws other numbers; by default seeds are drawn from the
            generator that `set_random_seed` seeds. With ``"model"`` all begin with the weights and the seed of the
            model.
        hyperparameters: numbers that differ from replica to replica, one for each, by name: ``learning_rate``,
            ``momentum`` or another number of the optimizer; ``dropout/rate`` or another number of a layer, by its name;
            ``loss_weights/OUTPUT``.
        lanes: 1 to compute them one after another; by default they lie in lanes where that is worth it.
        dtype: element type to compute in.
        observe: called after each pass.
        passes: passes of your own; see `nnc.compile`.

    Raises:
        ModelError: a number or a seed is none, or there are not as many as replicas; or a hyperparameter is not
            known, cannot differ, or does not matter.
    """
    if not is_whole(count) or count < 1:
        raise ModelError(f"replicas must be a whole number of at least 1, got {count!r}")
    if lanes not in (None, 1):
        raise ModelError(f"lanes must be 1, or None to let the network decide, got {lanes!r}")
    chosen, given = _checked(count, seeds), Hyperparameters(hyperparameters or {}, count)
    compiler = model.make_compiler(dtype, observe, passes, given if given.items else None)
    program = compiler.program()
    for name in program.graph_names:
        if name in (PREDICT, TRAIN):
            program.graph(name)  # so that all states are known
    replication = Replication(count, 1, "lanes=1 was given") if lanes else _replication(program, count, compiler.draft)
    states = {label: numpy.repeat(array[None, ...], count, 0) for label, array in program.states.items()}
    if chosen is not None:
        _draw(model, program.spec, chosen, states)
    for item in given.items:
        if item.label not in states:
            raise ModelError(f"hyperparameters: '{item.name}' follows a schedule, or the model does not train")
        states[item.label][...] = item.values
    spec = replace(program.spec, replication=replication)
    graphs = {name: lambda name=name: program.graph(name) for name in _graph_names(program)}
    stacked = {label: replication.stacked(array) for label, array in states.items()}
    made = Program(spec, graphs, stacked, model.seed, backend=program.engines.wanted, observe=observe)
    retarget = program.executor.retarget

    def retargeted(shapes: Sequence[Sequence[int]]) -> tuple[ProgramSpec, Mapping[str, GraphMaker]] | None:
        found = None if retarget is None else retarget(shapes)
        return None if found is None else (replace(found[0], replication=replication), found[1])

    made.executor.retarget = retargeted
    return made


def _graph_names(program: Program) -> tuple[str, ...]:
    return (*program.graph_names, *(() if program.prologue is None else (PROLOGUE,)))


def _checked(count: int, seeds: Any) -> list[int] | None:
    """Return the seeds; None for the model's own weights."""
    if isinstance(seeds, str) and seeds == "model":
        return None
    if seeds is None:
        return [int(seed) for seed in random_generator().integers(2**32, size=count)]
    if isinstance(seeds, str | Mapping) or not hasattr(seeds, "__len__") or len(seeds) != count:
        raise ModelError(f"seeds must be {count} whole numbers, one for each replica, or 'model', got {seeds!r:.80}")
    if wrong := [seed for seed in seeds if not is_whole(seed) or seed < 0]:
        raise ModelError(f"seeds must be whole numbers of at least 0, got {wrong[0]!r:.80}")
    return [int(seed) for seed in seeds]


def _draw(model: Any, spec: ProgramSpec, seeds: Sequence[int], states: Mapping[str, Array]) -> None:
    """Give each replica first weights, and a seed for random numbers in training, as a clone of the model has them.

    Args:
        model: the model.
        spec: says where its weights lie.
        seeds: a seed for each replica.
        states: arrays by label, with a part for each replica.

    Raises:
        ModelError: a layer is an author's, who alone knows how its weights are drawn.
    """
    places = {item.path: item for item in spec.variables}
    drawn: list[tuple[Callable[[numpy.random.Generator], Array], Array]] = []
    for weight, path in weight_paths(model).items():
        if isinstance(weight.owner, TracedLayer):
            raise ModelError(
                f"replicas: layer '{weight.owner.name}' ({weight.owner.author_class}) is its author's, and nnc cannot"
                " draw other first weights for it: give seeds='model', and each replica's weights with set_weights"
            )
        if not weight.is_state:
            place = places[path]
            flat = states[place.state].reshape(len(seeds), -1)
            window = flat[:, place.offset : place.offset + weight.size]
            if weight.begins_constant:
                window[...] = weight.first_value(weight.dtype, None).reshape(-1)
            else:
                drawn.append((weight.first_values(weight.dtype), window))
    keys, draws_seed_first = numpy.zeros(len(seeds), "uint32"), model.draws_seed_first
    for number, seed in enumerate(seeds):
        generator = numpy.random.default_rng(seed)
        if draws_seed_first:
            keys[number] = generator.integers(2**32)
        for draw, window in drawn:
            window[number] = draw(generator)
        if not draws_seed_first:
            keys[number] = generator.integers(2**32)
    if RANDOM in states:
        states[RANDOM][...] = numpy.stack([keys, numpy.zeros_like(keys)], -1)


def _replication(program: Program, count: int, draft: Callable[[str], Graph | None]) -> Replication:
    """Return how the replicas of a program lie: in lanes where that is possible, and worth it.

    Args:
        program: of one network; all graphs that it has made are looked at.
        count: number of replicas.
        draft: returns what stands for another graph: most of them are never run; see `Compiler.draft`.
    """
    if count < _FEWEST_IN_LANES:
        return Replication(count, 1, f"they are fewer than {_FEWEST_IN_LANES}")
    size = sum(array.nbytes for array in program.states.values()) * LANES
    if size > _LARGEST_IN_LANES:
        text = f"{bytes_text(size)}, more than {bytes_text(_LARGEST_IN_LANES)}"
        return Replication(count, 1, f"the states of {LANES} take {text}")
    for name in _graph_names(program):
        known = name in (PREDICT, TRAIN, PROLOGUE)
        sketch = None if known else draft(name)
        if sketch is not None and not obstacle_to_lanes(sketch):
            continue
        if obstacle := obstacle_to_lanes(program.graph(name)):
            return Replication(count, 1, f"graph '{name}': {obstacle}")
    return Replication(count, LANES)
