"""The parts of an exported Python file that are the same for every program; words in angle brackets are filled in."""

HEAD = '''"""<DOES> '<NAME>' with NumPy alone. Written by nnc; the weights are in <MODULE>.npz beside this file.

Inputs: <TAKES>. Outputs: <GIVES>.
``python <MODULE>.py`` compares this file with recorded numbers and says whether they agree. Not for several threads.
"""

from __future__ import annotations

import os
import sys
<IMPORTS>from pathlib import Path

import numpy

FILE = Path(__file__).with_suffix(".npz")
EXPORT = "<EXPORT>"
"""Stands in the file of weights as well."""
BATCH = <BATCH>
"""Rows of the largest batch, for which memory is planned."""
LEAST = <LEAST>
"""Rows of the smallest batch."""
INPUTS = <INPUTS>
TARGETS = <TARGETS>
DERIVED = <DERIVED>
"""Shape and element type of states that are derived from others."""
<TABLE>TOLERANCE = 1e-5



def arrays_of(archive, kind):
    """Return the arrays of a kind by name; the files that they lie in have .npy behind that, whatever it ends in."""
    return {name.removeprefix(kind): archive[f"{name}.npy"] for name in archive.files if name.startswith(kind)}


with numpy.load(FILE) as archive:
    if "export" not in archive.files or archive["export"] != EXPORT:
        raise ValueError(f"{FILE.name} is not of the export that wrote {Path(__file__).name}: export again")
    STATES = arrays_of(archive, "state/")
    CONSTANTS = arrays_of(archive, "constant/")
STATES.update({label: numpy.zeros(*item) for label, item in DERIVED.items()})
MEMORY = numpy.empty(<BYTES> + 63, "uint8")
ARENA = MEMORY[-MEMORY.ctypes.data % 64 :]


def in_arena(dtype, start, shape, strides=None):
    """Return a window on the arena: element type, first byte, shape, and strides where elements are not in a row."""
    return numpy.ndarray(shape, dtype, ARENA, start, strides)


def in_state(label, dtype, start, shape, strides=None):
    """Return a window on a state."""
    return numpy.ndarray(shape, dtype, STATES[label], start, strides)
'''

SHARED = '''
BOUND = {}


def run_batch(bind, arrays):
    """Run a graph on arrays by name and return its outputs, which are valid until the next run."""
    rows = len(next(iter(arrays.values())))
    if (bind, rows) not in BOUND:
        BOUND[bind, rows] = bind(rows)
    run, inputs, outputs = BOUND[bind, rows]
    for label, window in inputs.items():
        numpy.copyto(window, arrays[label], casting="same_kind")
    with numpy.errstate(all="ignore"):
        run()
    return outputs


def by_name(given, specs):
    """Return arrays by name, checked: one, or a list or dictionary of several."""
    if isinstance(given, dict):
        items = [given[label] for label in specs]
    else:
        items = list(given) if len(specs) > 1 else [given]
    if len(items) != len(specs):
        raise ValueError(f"expected {len(specs)} arrays ({', '.join(specs)}), got {len(items)}")
    found = {}
    for (label, (shape, dtype)), item in zip(specs.items(), items):
        array = numpy.asarray(item)
        if array.ndim and (*array.shape[1:], 1) == shape:
            array = array[..., None]
        if array.ndim == 0 or array.shape[1:] != shape:
            raise ValueError(f"'{label}' must be of shape {('rows', *shape)}, got {array.shape}")
        if numpy.dtype(dtype).kind in "iu" and array.dtype.kind == "f":
            if not numpy.array_equal(array, array.astype(dtype)):
                raise ValueError(f"'{label}' must hold whole numbers")
        found[label] = array.astype(dtype, copy=False)
    if len({len(array) for array in found.values()}) != 1:
        raise ValueError(f"expected as many rows in each array, got {[len(array) for array in found.values()]}")
    return found
'''

DERIVE_CODE = '''
CHANGED = [True]


def changed():
    """Say that states have changed; what predictions derive from them is derived anew."""
    CHANGED[0] = True


def derive():
    """Derive what predictions need of the states, if these have changed."""
    if CHANGED[0]:
        with numpy.errstate(all="ignore"):
            bind_predict_prologue(BATCH)[0]()
        CHANGED[0] = False
'''

PREDICT_CODE = '''
def predict(x):
    """Return the outputs for any number of rows: an array, or a list of them where there are several outputs.

    Args:
        x: array of inputs, or a list or dictionary of several; see INPUTS.
    """
<DERIVE>    arrays, parts = by_name(x, INPUTS), []
    rows = len(next(iter(arrays.values())))
    for start in range(0, max(rows, 1), BATCH):
        batch = {label: array[start : start + BATCH] for label, array in arrays.items()}
        count = len(next(iter(batch.values())))
        if count < LEAST:
            batch = {label: numpy.resize(array, (BATCH, *array.shape[1:])) for label, array in batch.items()}
        parts.append([output[:count].copy() for output in run_batch(bind_predict, batch).values()])
    outputs = [numpy.concatenate(pieces) for pieces in zip(*parts)]
    return outputs[0] if len(outputs) == 1 else outputs
'''

TRAIN_CODE = '''
def train_step(x, y=None):
    """Train on one batch of at most BATCH rows and return its loss before the update; STATES change in place.

    Args:
        x: array of inputs, or a list or dictionary of several; see INPUTS.
        y: array of targets, or a list or dictionary of several; see TARGETS.
    """
    arrays = by_name(x, INPUTS)
    if TARGETS:
        arrays |= by_name(y, TARGETS)
    counts = {len(array) for array in arrays.values()}
    if len(counts) != 1 or not LEAST <= min(counts) <= BATCH:
        raise ValueError(f"expected {LEAST} to {BATCH} rows, as many in each array, got {sorted(counts)}")
    loss = float(run_batch(bind_train, arrays)["loss"])
<COUNT><STALE>    return loss


def save(path=FILE):
    """Write weights and all else that training changes to a file that can take the place of the one beside this.

    The numbers to check with are left out, for they belong to the weights as they were.
    """
    arrays = {f"state/{label}": array for label, array in STATES.items() if label not in DERIVED}
    arrays |= {f"constant/{name}": array for name, array in CONSTANTS.items()}
    arrays["export"] = numpy.array(EXPORT)
    temporary = Path(f"{path}.new")
    with temporary.open("wb") as stream:
        numpy.savez(stream, **arrays)
    os.replace(temporary, path)
'''

WEIGHTS_CODE = '''
WEIGHTS = <WEIGHTS>
"""Where each weight lies: a state, its first element there, its shape."""


def weights():
    """Return the weights by name, as windows on STATES."""
    found = {}
    for path, (label, start, shape) in WEIGHTS.items():
        flat = STATES[label].reshape(-1)
        found[path] = flat[start : start + int(numpy.prod(shape, dtype=int))].reshape(shape)
    return found
'''

CHECK = '''
def agrees(name, found, expected):
    """Print how far two arrays are apart, as a share of the largest number, and return whether they agree."""
    found, expected = numpy.asarray(found, "float64"), numpy.asarray(expected, "float64")
    scale = max(float(numpy.abs(expected[numpy.isfinite(expected)]).max(initial=0.0)), 1e-30)
    others = ~((found == expected) | (numpy.isnan(found) & numpy.isnan(expected)))
    apart = float(numpy.abs(found[others] - expected[others]).max(initial=0.0)) / scale
    good = apart <= TOLERANCE
    print(f"{name}: {'agrees' if good else 'DIFFERS'}, largest difference {apart:.1e}")
    return good


def compare_outputs(when, found, recorded):
    """Return whether all predictions agree with those that were recorded."""
    outputs = found if len(recorded) > 1 else [found]
    pairs = zip(outputs, recorded.items())
    return all([agrees(f"{when}prediction {label}", array, expected) for array, (label, expected) in pairs])


def check():
    """Compare what this file computes with recorded numbers; return whether all agree. States are left as they were."""
    with numpy.load(FILE) as archive:
        recorded = arrays_of(archive, "check/")
    if not recorded:
        print("nothing to compare with: the weights were saved after training")
        return True

    def arrays(kind):
        return {name.removeprefix(kind): array for name, array in recorded.items() if name.startswith(kind)}

    x, y = arrays("inputs/"), arrays("targets/")
    good = compare_outputs("", predict(x), arrays("outputs/"))
    if "losses" in recorded:
        before = {label: array.copy() for label, array in STATES.items()}
        good &= agrees("losses", [train_step(x, y) for _ in recorded["losses"]], recorded["losses"])
        for label, array in sorted(arrays("state/").items()):
            good &= agrees(f"after training, {label}", STATES[label], array)
        good &= compare_outputs("after training, ", predict(x), arrays("outputs_after/"))
        for label, array in before.items():
            STATES[label][...] = array
<STALE>    return good


if __name__ == "__main__":
    sys.exit(0 if check() else 1)
'''
