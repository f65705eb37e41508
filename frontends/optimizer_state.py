"""Reads the state of an optimizer from a file: how many steps it has made, and its slots for each weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from frontends.hdf5 import Group, StoredArray
from frontends.inner_groups import attribute_optimizers
from frontends.layer_order import trained_weights
from frontends.origin import Origin
from frontends.problems import Problems
from frontends.stored_weights import Assignment
from frontends.weight_tree import numbered
from nnc.errors import NncError
from nnc.layers.weights import weight_paths
from nnc.optimizers import Nadam, Optimizer
from nnc.optimizers.saved import SavedVariable
from nnc.optimizers.windows import Window

Array = Any
_SORTED = (2, 0, 6)
_UNSORTED = (2, 0, 9)
"""Before the first version, optimizers had the weights by their names; from the second on, in the order of layers."""
_SCALED = "loss_scale_optimizer/"
_SCALES = ("iteration", "learning_rate", "step_counter", "dynamic_scale")
"""What an optimizer with a loss scale has beside the variables of the one inside it."""
_MAX_STEPS = 100_000
"""After so many, the product of Nadam's momenta has been 0 for long."""
_SIDE_BY_SIDE = ("m", "v", "vhat", "velocity", "momentum", "accumulator", "accumulated_grad", "accumulated_delta_var")
"""Parts of names by which optimizers from Keras 2.11 on name a slot, before the weight: ``Adam/m/dense/kernel``.

Inside a loss scale, the name of the optimizer is missing.
"""


def train_as(origin: Origin, optimizer: Optimizer, problems: Problems) -> None:
    """Let an optimizer compute as that of the Keras that a model comes from; where it cannot, that is noted."""
    optimizer.summing = origin.summing
    if origin.is_old and isinstance(optimizer, Nadam):
        problems.note("its optimizer trains as Nadam of Keras 3 does, whose momenta differ from those of Keras 2")


def resume_from_tree(group: Group | None, assignment: Assignment) -> None:
    """Copy the state in a ``.keras`` file; where that is not clear, the optimizer starts afresh, which is noted.

    Args:
        group: the optimizer's group, None where there is none.
        assignment: the model, compiled, with the arrays of its weights.
    """
    inner = None if group is None else group.group("inner_optimizer")  # of one with a loss scale
    group = inner or group
    arrays = numbered(None if group is None else group.group("vars"))
    _resume(arrays, [""] * len(arrays), assignment)


def resume_optimizers(root: Group, assignment: Assignment) -> None:
    """Copy the state of the optimizer in a ``.keras`` file; that others beside it start afresh is noted.

    Which weights these change is known when the steps of the model's class are recorded, for data.

    Args:
        root: the file's root group.
        assignment: the model, compiled.
    """
    for optimizer, path in attribute_optimizers(assignment.model).items():
        group = root.group(path)
        if optimizer is assignment.model.optimizer:
            resume_from_tree(group, assignment)
            continue
        arrays = numbered(None if group is None else group.group("vars"))
        if arrays and numpy.any(arrays[0].read()):
            assignment.problems.note(f"its optimizer '{path}' starts afresh; a .nnc file goes on where it was")


def resume_from_lists(group: Group | None, assignment: Assignment) -> None:
    """Copy the state in an HDF5 file with ``weight_names``; see `resume_from_tree`."""
    names = [] if group is None else group.texts("weight_names") or []
    if any(name.startswith(_SCALED) for name in names):
        names = [name for name in names if name.removeprefix(_SCALED) not in _SCALES]
    found = [None if group is None else group.array(name) for name in names]
    arrays = [array for array in found if array is not None]
    if len(arrays) != len(names):
        assignment.problems.note("its optimizer starts afresh: a part of its state is missing in the file")
        return
    _resume(arrays, names, assignment)


def _resume(arrays: Sequence[StoredArray], names: Sequence[str], assignment: Assignment) -> None:
    if not arrays:
        return
    model, problems = assignment.model, assignment.problems
    reason = ""
    for windows in _orders(assignment):
        expected = model.optimizer.saved_variables(windows)
        try:
            if assignment.origin.is_old:
                found = from_keras_2(model.optimizer, arrays, names, windows, expected)
            else:
                found = _in_order(arrays, expected)
            model.optimizer.import_variables(windows, model.program.states, found)
            return
        except (NncError, ValueError) as error:
            reason = reason or str(error)
    if any(array.shape for array in arrays) or arrays[0].read() != 0:  # otherwise it has made no step yet
        problems.note(f"its optimizer starts afresh: {reason}")


def _orders(assignment: Assignment) -> list[list[Window]]:
    """Return the trained weights, as windows on the program's states, in the orders that an optimizer may have them."""
    model = assignment.model
    by_path = {spec.path: spec for spec in model.program.spec.variables}
    paths = weight_paths(model)
    weights = trained_weights(model, assignment.known)
    orders = [weights]
    if assignment.origin < _UNSORTED:
        by_name = sorted(weights, key=lambda weight: assignment.plan[weight][0].name)
        orders = [by_name, weights] if assignment.origin < _SORTED else [weights, by_name]
    return [[by_path[paths[weight]] for weight in order] for order in orders]


def _in_order(arrays: Sequence[StoredArray], expected: Sequence[SavedVariable]) -> list[Array]:
    """Return the arrays of Keras 3, which are in the order of `expected`."""
    shapes = [array.shape for array in arrays]
    if shapes != [item.shape for item in expected]:
        raise ValueError(f"the file has {len(arrays)} arrays of state, expected {len(expected)}, or of other shapes")
    return [array.read() for array in arrays]


def from_keras_2(
    optimizer: Optimizer,
    arrays: Sequence[StoredArray],
    names: Sequence[str],
    windows: Sequence[Window],
    expected: Sequence[SavedVariable],
) -> list[Array]:
    """Return the arrays of Keras 2 in Keras 3's order; what Keras 2 does not keep has its first value.

    Keras 2 writes the number of steps, then one slot of all weights after the other; from 2.11 on, the slots of each
    weight lie side by side.

    Args:
        optimizer: the optimizer that goes on.
        arrays: its variables in Keras 2.
        names: their names; empty ones where a file has none.
        windows: the trained weights.
        expected: the variables in Keras 3's order.

    Raises:
        ValueError: the arrays are others than this optimizer would have.
    """
    slots = [slot for group in optimizer.slots for slot in group]
    shapes = [window.shape for window in windows]
    found: dict[str, Array] = {}
    rest = list(zip(names, arrays, strict=True))
    if rest and rest[0][1].shape == ():
        found["iteration"] = rest.pop(0)[1].read()
    if rest and rest[0][1].shape == () and shapes[:1] != [()]:  # learning rate, momentum cache
        rest.pop(0)
    count = len(windows)
    blocks = [rest[start : start + count] for start in range(0, len(rest) - count + 1, count)] if count else []
    if _are_side_by_side(rest, count * len(slots)):
        items = [item for item in expected if item.name.rpartition("/")[2] in slots and "/" in item.name]
        if [array.shape for _, array in rest[: len(items)]] != [item.shape for item in items]:
            raise ValueError("its arrays have other shapes than the weights")
        blocks = []
        found |= {item.name: array.read() for item, (_, array) in zip(items, rest, strict=False)}
    for slot, block in zip(slots, blocks, strict=False):
        if [array.shape for _, array in block] != shapes:
            raise ValueError(f"the arrays of '{slot}' have other shapes than the weights")
        found |= {f"{window.path}/{slot}": array.read() for window, (_, array) in zip(windows, block, strict=True)}
    missing = [item.name for item in expected if item.shape != () and item.name not in found]
    if missing:
        raise ValueError(f"the file has no '{missing[0]}'")
    if isinstance(optimizer, Nadam):
        found["u_product"] = _nadam_product(optimizer, int(found.get("iteration", 0)))
    return [found[item.name] if item.name in found else numpy.full(item.shape, item.first) for item in expected]


def _nadam_product(optimizer: Nadam, steps: int) -> Array:
    """Return the product of Nadam's momenta over the steps so far, which Keras 2 does not write."""
    numbers = numpy.arange(1, min(steps, _MAX_STEPS) + 1)
    return numpy.prod(optimizer.beta_1 * (1.0 - 0.5 * 0.96**numbers))


def _are_side_by_side(rest: Sequence[tuple[str, StoredArray]], count: int) -> bool:
    """Return whether the slots of each weight follow one another."""
    if any(name for name, _ in rest):
        return any(part in _SIDE_BY_SIDE for name, _ in rest for part in name.split("/")[:-1])
    return len(rest) >= count > 0  # a .keras file has no names; all versions that write one keep them side by side
