"""Operations that move, take, part and scatter elements: unknown lengths, edge cases, and what is refused."""

from __future__ import annotations

import warnings
from importlib import import_module

import numpy
import pytest

import nnc
from frontends.keras_model import FRONTEND
from nnc.errors import DataError, ModelError, NncError
from nnc.layers.operation import Operation
from nnc.operations import OPERATIONS
from tests.operations.cases import FAMILIES
from tests.operations.cases.rows import in_each_row

BACKENDS = ("numpy", "c")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def flat(outputs):
    """Return the outputs of a call as a list."""
    return [part for item in outputs for part in flat(item)] if isinstance(outputs, list | tuple) else [outputs]


def compare(theirs, x, names):
    """Compare the numbers of a model's outputs with Keras's, bit for bit but for which NaN it is."""
    expected = [numpy.asarray(item) for item in flat(theirs(x))]
    for backend in BACKENDS:
        for name, one, other in zip(names, flat(nnc.compile(theirs, backend=backend)(x)), expected, strict=True):
            assert one.dtype == other.dtype, (name, backend)
            numpy.testing.assert_array_equal(one, other, f"{name} on {backend}")
            if other.dtype.kind == "f":
                numpy.testing.assert_array_equal(numpy.signbit(one), numpy.signbit(other), f"{name} on {backend}")


def test_classes_are_where_keras_has_them(keras):
    modules = {name: import_module(f"keras.src.ops.{definition.module}") for name, definition in OPERATIONS.items()}
    assert not [name for name, module in modules.items() if not hasattr(module, name)]


@pytest.mark.parametrize("family", ["joining", "patterns"])
def test_keras_reads_what_is_written(family, keras):
    """Also operands that Keras's classes take as a list."""
    x = keras.Input((4, 6))
    theirs = keras.Model(x, [part for call in FAMILIES[family].values() for part in flat(call(keras.ops, x))])
    again = keras.models.model_from_json(FRONTEND.read(theirs).to_json())
    rows = numpy.random.default_rng(0).uniform(0.5, 1.5, (3, 4, 6)).astype("float32")
    for one, other in zip(again(rows), theirs(rows), strict=True):
        numpy.testing.assert_array_equal(one, other)


UNKNOWN = {
    "cut": lambda ops, x: x[:, 1:-1],
    "cut backwards": lambda ops, x: x[:, -2::-2],
    "cut backwards to": lambda ops, x: x[:, :1:-1],
    "cut from the end": lambda ops, x: x[:, -3:],
    "element": lambda ops, x: x[:, -2],
    "every other": lambda ops, x: x[:, 1::2],
    "expand": lambda ops, x: ops.expand_dims(x, (1, -1)),
    "flip": lambda ops, x: ops.flip(x, 1),
    "full": lambda ops, x: ops.full_like(x, 3.0),
    "moveaxis": lambda ops, x: ops.moveaxis(x, -1, 1),
    "one hot": lambda ops, x: ops.one_hot(ops.cast(x * 3.0, "int32"), 4, axis=1),
    "pad": lambda ops, x: ops.pad(x, ((0, 0), (2, 1), (0, 0)), constant_values=numpy.inf),
    "pad mirrored": lambda ops, x: ops.pad(x, ((0, 0), (2, 1), (3, 0)), mode="reflect"),
    "repeat": lambda ops, x: ops.repeat(x, 2, axis=1),
    "roll": lambda ops, x: ops.roll(x, (2, -1), axis=(1, 2)),
    "rot90": lambda ops, x: ops.rot90(x, axes=(1, 2)),
    "select": lambda ops, x: ops.select([x > 1.0], [x]),
    "slice": lambda ops, x: ops.slice(x, (0, 1, 2), (-1, -1, 3)),
    "slice update": lambda ops, x: ops.slice_update(x, (0, 1, 2), x[:, 2:, :3]),
    "split": lambda ops, x: ops.split(x, 2, axis=1),
    "split at": lambda ops, x: ops.split(x, [1, 3], axis=1),
    "stack": lambda ops, x: ops.stack([x, x], axis=-1),
    "take": lambda ops, x: ops.take(x, [0, -1], axis=1),
    "tile": lambda ops, x: ops.tile(x, (1, 3, 2)),
    "unstack": lambda ops, x: ops.unstack(x, axis=2),
}
"""Calls on floats whose second axis has a length that is not known when a model is made."""


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_lengths(name, keras):
    x = keras.Input((None, 6))
    theirs = keras.Model(x, flat(UNKNOWN[name](keras.ops, x)))
    program = nnc.compile(theirs)
    for length in (4, 8):
        rows = numpy.random.default_rng(length).uniform(0.5, 1.5, (3, length, 6)).astype("float32")
        for one, other in zip(flat(program(rows)), flat(theirs(rows)), strict=True):
            numpy.testing.assert_array_equal(one, numpy.asarray(other))


def test_uneven_lengths_are_not_split(keras):
    x = keras.Input((None, 6))
    program = nnc.compile(keras.Model(x, keras.ops.split(x, 2, axis=1)))
    with pytest.raises(NncError):
        program(numpy.zeros((3, 5, 6), "float32"))


SPECIAL = {
    "diag": lambda ops, x: in_each_row(ops, x, ops.diag(x[0, 0])),
    "diagonal": lambda ops, x: ops.diagonal(x, axis1=1, axis2=2),
    "flip": lambda ops, x: ops.flip(x, -1),
    "pad": lambda ops, x: ops.pad(x, ((0, 0), (1, 0), (0, 1)), constant_values=-0.0),
    "pad with nothing known": lambda ops, x: ops.pad(x, ((0, 0), (1, 0), (0, 1)), constant_values=numpy.nan),
    "saturate": lambda ops, x: ops.saturate_cast(x, "float32"),
    "saturate to whole numbers": lambda ops, x: ops.saturate_cast(ops.where(x == x, x, 0.0), "uint8"),
    "scatter": lambda ops, x: ops.scatter_update(x, [[0, 1], [0, 0]], x[0, :, ::-1]),
    "slice update": lambda ops, x: ops.slice_update(x, (0, 1, 0), x[:, :1]),
    "take": lambda ops, x: ops.take(x, [1, -2, 1], axis=-1),
    "tile": lambda ops, x: ops.tile(x, (1, 2, 1)),
    "trace": lambda ops, x: ops.trace(x, axis1=1, axis2=2),
    "tril": lambda ops, x: ops.tril(x),
}
"""Calls on one row of NaN, infinities and zeros of both signs, which stay what they are."""


@pytest.mark.parametrize("name", SPECIAL)
def test_special_numbers(name, keras):
    rows = numpy.float32([[[numpy.nan, numpy.inf, -0.0], [0.0, -numpy.inf, 3e38]]])
    x = keras.Input((2, 3))
    compare(keras.Model(x, SPECIAL[name](keras.ops, x)), rows, [name])


WHOLE = {
    "append": lambda ops, n: ops.append(n, n, axis=1),
    "diagonal": lambda ops, n: ops.diagonal(n, axis1=1, axis2=2),
    "full": lambda ops, n: ops.full_like(n, 1),
    "pad": lambda ops, n: ops.pad(n, ((0, 0), (1, 0), (0, 0))),
    "pad with 1": lambda ops, n: ops.pad(n, ((0, 0), (1, 0), (0, 0)), constant_values=1),
    "repeat": lambda ops, n: ops.repeat(n, [2, 0, 1], axis=2),
    "roll": lambda ops, n: ops.roll(n, 2, axis=2),
    "scatter": lambda ops, n: ops.scatter_update(n, [[0, 1], [0, 0], [0, 1]], n[0, :1] * numpy.ones((3, 1), n.dtype)),
    "slice update": lambda ops, n: ops.slice_update(n, (0, 1, 0), n[:, :1]),
    "split": lambda ops, n: ops.split(n, [1], axis=2),
    "take": lambda ops, n: ops.take(n, [[2, 0]], axis=2),
    "tile": lambda ops, n: ops.tile(n, 2),
    "trace": lambda ops, n: ops.trace(n, axis1=1, axis2=2),
}


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64"])
def test_element_types(dtype, keras):
    n = keras.Input((2, 3), dtype=dtype)
    calls = {name: call for name, call in WHOLE.items() if dtype != "bool" or name not in ("scatter", "pad with 1")}
    outputs = {name: flat(call(keras.ops, n)) for name, call in calls.items()}
    theirs = keras.Model(n, [part for parts in outputs.values() for part in parts])
    rows = numpy.array([[[0, 1, 7], [200, 3, 255]]]).astype(dtype)
    compare(theirs, rows, [name for name, parts in outputs.items() for _ in parts])


def test_indices_that_a_run_computes(keras):
    """Of several updates for one place the last counts; an index that no axis has ends the run, as `gather` does."""
    x, n = keras.Input((4, 6)), keras.Input((3,), dtype="int32")
    updated = keras.ops.scatter_update(x, keras.ops.stack([n[0], n[0] + 1], 1), x[0, :3])
    known = in_each_row(keras.ops, x, keras.ops.scatter_update(x[0], [[1], [3], [1]], x[1, :3]))
    theirs = keras.Model([x, n], [updated, known])
    rows = numpy.random.default_rng(0).uniform(size=(3, 4, 6)).astype("float32")
    for backend in BACKENDS:
        program = nnc.compile(theirs, backend=backend)
        numbers = numpy.int32([[0, 2, 0]] * 3)
        for one, other in zip(program(rows, numbers), theirs([rows, numbers]), strict=True):
            numpy.testing.assert_array_equal(one, numpy.asarray(other))
        for wrong in (3, -1):
            with pytest.raises(DataError, match="out of range"):
                program(rows, numpy.int32([[0, wrong, 0]] * 3))


def test_bytes_name_places_beyond_255():
    x, n = nnc.Input((400,)), nnc.Input((2,), dtype="uint8")
    taken = Operation("Slice", {"shape": [1, 300]})(x, n[0])
    put = Operation("ScatterUpdate")(x[0], n[:1, :1], numpy.float32([7.0]))
    model = nnc.Model([x, n], [taken - 0.0 * x[:, :1], put[None] - 0.0 * x[:, :1]])
    rows = numpy.arange(800, dtype="float32").reshape(2, 400)
    part, changed = nnc.compile(model)(rows, numpy.uint8([[0, 90]] * 2))
    numpy.testing.assert_array_equal(part, rows[:1, 90:390].repeat(2, 0))
    numpy.testing.assert_array_equal(changed[0], numpy.float32([7.0, *range(1, 400)]))


def test_a_part_that_a_run_computes_lies_inside(keras):
    x, n = keras.Input((4, 6)), keras.Input((3,), dtype="int32")
    theirs = keras.Model([x, n], in_each_row(keras.ops, x, keras.ops.slice(x, n[0], (1, 2, 3))))
    rows = numpy.random.default_rng(0).uniform(size=(3, 4, 6)).astype("float32")
    for backend in BACKENDS:
        program = nnc.compile(theirs, backend=backend)
        inside = numpy.int32([[1, 2, 3]] * 3)
        numpy.testing.assert_array_equal(program(rows, inside), numpy.asarray(theirs([rows, inside])))
        for wrong in ([1, 3, 3], [1, -1, 3], [3, 0, 0]):
            with pytest.raises(DataError, match="out of range"):
                program(rows, numpy.int32([wrong] * 3))


def test_the_gradient_of_updates_of_a_part():
    x, y = nnc.Input((4, 6)), nnc.Input((2, 3))
    model = nnc.Model([x, y], Operation("SliceUpdate")(x, [0, 9, 1], y))
    rows = numpy.random.default_rng(0).uniform(size=(3, 4, 6)).astype("float32")
    model.forward([rows, rows[:, :2, :3]])
    first, second = model.backward(rows)
    expected = rows.copy()
    expected[:, 2:, 1:4] = 0.0
    numpy.testing.assert_array_equal(first, expected)
    numpy.testing.assert_array_equal(second, rows[:, 2:, 1:4])


def test_whole_numbers_as_an_index():
    rows = numpy.random.default_rng(0).uniform(size=(3, 4, 6)).astype("float32")
    x, n = nnc.Input((4, 6)), nnc.Input((2,), dtype="int32")
    model = nnc.Model(
        [x, n], [x[:, numpy.array([[0, -1]]), ::2], x[..., n[0]], x[:, numpy.int64(-1), numpy.int64(1) :]]
    )
    taken, computed, one = nnc.compile(model)(rows, numpy.int32([[5, -6]] * 3))
    numpy.testing.assert_array_equal(taken, rows[:, [[0, -1]], ::2])
    numpy.testing.assert_array_equal(computed, rows[..., [5, -6]])
    numpy.testing.assert_array_equal(one, rows[:, -1, 1:])


REFUSED = (
    (
        "ArraySplit",
        {"indices_or_sections": 0, "axis": 1},
        (),
        "ArraySplit: indices_or_sections must be a number from",
    ),
    (
        "ArraySplit",
        {"indices_or_sections": 2},
        (),
        "ArraySplit: the length of axis 0 must be known",
    ),
    ("BroadcastTo", {"shape": [None, 1, 4, 6]}, (), "BroadcastTo: shape must say how long new axes are"),
    ("ConvertToTensor", {"sparse": True}, (), "ConvertToTensor: sparse and ragged must be False"),
    ("Diag", {}, (), "Diag: x must be a vector or a matrix, got f32"),
    ("Diagonal", {}, (), "Diagonal: the lengths of both axes must be known, got batch and 4"),
    ("Diagonal", {"axis1": 1, "axis2": -2}, (), "Diagonal: axis1 and axis2 must be two axes"),
    ("Diagonal", {"axis1": 1, "axis2": 2, "offset": 6}, (), "Diagonal: matrices of 4 x 6 have no diagonal 6"),
    ("ExpandDims", {"axis": [1, -4]}, (), "ExpandDims: axis must be different axes from -5 to 4"),
    ("Geomspace", {"num": 0}, (2.0,), "Geomspace: num must be at least 1"),
    (
        "GetItem",
        {},
        ([{"class_name": "__slice__", "config": {"step": 0}}],),
        "GetItem: the step of a slice must not",
    ),
    ("GetItem", {}, ([0, 4],), "GetItem: index 4 is out of range for axis 0 of f32.4,6."),
    ("GetItem", {}, ([0, 1.5],), "GetItem: an index must be whole numbers, slices, None and ..., got 1.5"),
    ("GetItem", {}, ([0, 0, 0, 0],), "GetItem: an index of f32.* must have at most 3 axes and one ellipsis"),
    ("Linspace", {"retstep": True}, (2.0,), "Linspace: retstep must be False"),
    ("Linspace", {"axis": 4}, (2.0,), "axis must be from -4 to 3"),
    ("Logspace", {"base": -2}, (2.0,), "Logspace: base must be a number above 0, got -2"),
    (
        "Logspace",
        {"dtype": "int32"},
        (2.0,),
        "Logspace: num must be at least 1 and dtype one of",
    ),
    ("Meshgrid", {"indexing": "yx"}, (), "Meshgrid: indexing must be xy or ij, got 'yx'"),
    ("Moveaxis", {"source": [0, 1], "destination": [1, 1]}, (), "Moveaxis: each axis of .* must have one place"),
    ("MultiHot", {"num_classes": 3, "sparse": True}, (), "MultiHot: sparse must be False"),
    ("OneHot", {"num_classes": 3, "axis": 4}, (), "OneHot: axis must be from -1 to 3, got 4"),
    ("OneHot", {"num_classes": 3, "sparse": True}, (), "OneHot: sparse must be False"),
    (
        "Pad",
        {"pad_width": 1, "mode": "reflect", "constant_values": 1.0},
        (),
        "Pad: constant_values must be None",
    ),
    ("Pad", {"pad_width": [[0, 1], [1, 1]]}, (), "Pad: pad_width must be one pair, or one for each of 3 axes"),
    ("Pad", {"pad_width": [[0, -1]]}, (), "Pad: pad_width must be whole numbers from 0"),
    ("Repeat", {"repeats": [-1]}, (), "Repeat: repeats must be whole numbers from 0, got"),
    ("Repeat", {"repeats": [1, 2, 3], "axis": 1}, (), "Repeat: repeats must be one number, or one for each of 4"),
    ("Roll", {"shift": [1, 2]}, (), "Roll: shift must be one number where no axis is given"),
    ("Roll", {"shift": [1, 2], "axis": 1}, (), "Roll: shift and axis must be equally many"),
    ("Rot90", {"axes": [0, -3]}, (), "Rot90: axes must be two different axes"),
    (
        "ScatterUpdate",
        {"reduction": "mean"},
        ([[0]], 1.0),
        "ScatterUpdate: reduction must be add, max, min, mul",
    ),
    ("ScatterUpdate", {}, ([[0.5]], 1.0), "ScatterUpdate: indices must be whole numbers, got"),
    (
        "ScatterUpdate",
        {},
        ([[0, 1]], [1.0, 2.0]),
        "ScatterUpdate: one value for each index must make",
    ),
    ("ScatterUpdate", {}, ([[0, 1, 2, 3]], [1.0]), "ScatterUpdate: indices must have 1 to 3 numbers along their last"),
    (
        "ScatterUpdate",
        {"reduction": "max"},
        ([[0]], numpy.ones((1, 4, 6), "float32")),
        "ScatterUpdate: indices must be",
    ),
    ("Slice", {"shape": [1, 2]}, ([0, 0, 0],), "Slice: shape must have 3 lengths, one for each axis"),
    ("Slice", {"shape": [-1, 2, 3]}, ([0, 0],), "Slice: start_indices must be 3 whole numbers, one for each axis"),
    ("Slice", {"shape": [-1, 2, 3]}, ([0, -1, 0],), "Slice: -1:1 is no part of axis 1"),
    ("SliceUpdate", {}, ([0, 0, 0], numpy.ones((1, 5, 1), "float32")), "SliceUpdate: updates must fit into f32"),
    ("Split", {"indices_or_sections": 0}, (), "Split: indices_or_sections must be a number from 1, or indices, got 0"),
    ("Split", {"indices_or_sections": 4, "axis": 2}, (), "Split: axis 2 of f32.* cannot be split into 4 parts"),
    (
        "Split",
        {"indices_or_sections": [3, 2], "axis": 2},
        (),
        "Split: indices_or_sections must not descend between 0 and 6",
    ),
    ("Squeeze", {"axis": 1}, (), "Squeeze: axis 1 must have length 1, got 4"),
    ("Take", {"axis": 1}, ([4],), "index 4 is out of range for axis 1"),
    ("Take", {"axis": 1}, ([0.5],), "Take: indices must be whole numbers"),
    ("TakeAlongAxis", {}, ([[0]],), "TakeAlongAxis: indices must be a vector where no axis is given"),
    ("TakeAlongAxis", {"axis": 1}, ([[[0.5]]],), "TakeAlongAxis: indices must be whole numbers"),
    ("Tile", {"repeats": [1, -1]}, (), "Tile: repeats must be whole numbers from 0"),
    ("UnravelIndex", {"shape": [2, 3]}, (), "UnravelIndex: indices must be whole numbers of at most 32 bits"),
    ("UnravelIndex", {"shape": [0]}, (), "UnravelIndex: shape must be whole numbers from 1"),
    ("Unstack", {"axis": 0}, (), "Unstack: num must be given where the length of an axis is not known"),
    ("Unstack", {"axis": 1, "num": 3}, (), "Unstack: num must be the length of axis 1"),
    ("Vander", {}, (), "Vander: x must be a vector"),
    ("View", {"dtype": "int32"}, (), "View: dtype must be the element type of x, float32, got int32"),
)


@pytest.mark.parametrize("name, settings, operands, message", REFUSED)
def test_what_is_refused(name, settings, operands, message):
    with pytest.raises(ModelError, match=message):
        Operation(name, settings)(nnc.Input((4, 6)), *operands)


def test_what_is_refused_where_indices_are_computed():
    x, n = nnc.Input((4, 6)), nnc.Input((3,), dtype="int32")
    with pytest.raises(ModelError, match="Slice: shape must be numbers from 1 where start_indices are computed"):
        Operation("Slice", {"shape": [1, -1, 3]})(x, n[0])
    with pytest.raises(ModelError, match="Select: each condition must have a choice, got 2 and 1"):
        Operation("Select")([x, x], [x])
    with pytest.raises(ModelError, match="GetItem: one item of an index may be a tensor, got several"):
        x[n, n]
    with pytest.raises(ModelError, match="indices must be whole numbers, got f32"):
        x[x[:, 0]]
    with pytest.raises(ModelError, match="Meshgrid: all tensors must have one element type"):
        Operation("Meshgrid")(x, n)
