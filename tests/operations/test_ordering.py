"""What operations that order, accumulate, reduce and search do with NaN, infinities, equals and ends of ranges."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError, ShapeError
from nnc.ir import Graph, TensorType, ops, symbol
from nnc.layers.operation import Operation

BACKENDS = ("numpy", "c")
NAN, INF = numpy.nan, numpy.inf
SPECIAL = numpy.array([[1.0, NAN, -0.0, 0.0, INF], [-INF, 2.0, 2.0, -3.0, -INF], [NAN] * 5], "float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def found(backend: str, name: str, settings: dict[str, Any], x: Any, *others: Any, **keywords: Any) -> Any:
    """Return what an operation makes of rows; other operands are constants."""
    given = nnc.Input(x.shape[1:], dtype=x.dtype.name)
    model = nnc.Model(given, Operation(name, settings)(given, *others, **keywords))
    return nnc.compile(model, backend=backend)(x)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("length", [1, 2, 16, 17, 64, 100])
@pytest.mark.sampled(2, each="dtype")
def test_order_is_that_of_numpy(backend, dtype, length):
    """Equal elements stay in order, also where the largest come first; the ends of ranges are in their places."""
    x = numpy.random.default_rng(length).integers(0, 7, (4, length)).astype(dtype)
    if dtype.startswith("float"):
        x[0, ::3], x[1, ::2], x[1, ::5], x[2, ::4] = NAN, -0.0, -INF, INF
        x[3] = -x[3]
        descending = numpy.argsort(-x, axis=-1, kind="stable")
    else:
        if dtype != "bool":
            x[0, ::3], x[0, 1::3] = numpy.iinfo(dtype).max, numpy.iinfo(dtype).min
        descending = numpy.argsort(~x, axis=-1, kind="stable")
    ascending = numpy.argsort(x, axis=-1, kind="stable")
    graph = Graph("test")
    given = graph.input("x", TensorType(dtype, (symbol("batch"), length)))
    assert numpy.array_equal(found(backend, "Argsort", {"axis": -1}, x), ascending)
    assert numpy.array_equal(found(backend, "Sort", {"axis": -1}, x), numpy.sort(x), equal_nan=dtype[0] == "f")
    values, places = found(backend, "TopK", {"k": length, "sorted": False}, x)
    assert numpy.array_equal(places, descending)
    assert numpy.array_equal(values, numpy.take_along_axis(x, descending, -1), equal_nan=dtype[0] == "f")
    assert ops.sort(given).type == given.type


def calls(ops: Any, x: Any) -> dict[str, Any]:
    """Return calls of operations on numbers that are NaN or infinite."""
    return {
        "count_nonzero": ops.count_nonzero(x, axis=1),
        "cumsum": ops.cumsum(x, axis=1),
        "cumprod": ops.cumprod(x, axis=1),
        "digitize": ops.digitize(x, numpy.array([-3.0, 0.0, 2.0, 2.0])),
        "logsumexp": ops.logsumexp(x, axis=1),
        "median": ops.median(x, axis=1),
        "nanargmax": ops.nanargmax(x, axis=1),
        "nanargmin": ops.nanargmin(x, axis=1),
        "nancumprod": ops.nancumprod(x[:, :3], axis=1),
        "nancumsum": ops.nancumsum(x[:, 1:4], axis=1),
        "nanmax": ops.nanmax(x, axis=1),
        "nanmean": ops.nanmean(x, axis=1),
        "nanmedian": ops.nanmedian(x, axis=1),
        "nanmin": ops.nanmin(x, axis=1),
        "nanprod": ops.nanprod(x[:, 1:4], axis=1),
        "nanstd": ops.nanstd(x[:, 1:4], axis=1),
        "nansum": ops.nansum(x, axis=1),
        "normalize": ops.normalize(x * 0.0),
        "ptp": ops.ptp(x[:, 2:4], axis=1),
        "quantile": ops.quantile(x[:, 1:4], 0.75, axis=1),
        "quantile of one": ops.quantile(x[:, 2:3], 0.75, axis=1),
        "searchsorted": ops.searchsorted(numpy.array([-3.0, 0.0, 2.0, 2.0], "float32"), x[:, 1]),
        "searchsorted right": ops.searchsorted(numpy.array([-3.0, 0.0, 2.0, 2.0], "float32"), x[:, 1], side="right"),
        "max": ops.max(x, axis=1, initial=0.5),
        "no axes": ops.nanmean(x, axis=()),
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_special_numbers_are_those_of_keras(backend, keras):
    x = keras.Input((5,))
    expected = calls(keras.ops, x)
    program = nnc.compile(keras.Model(x, list(expected.values())), backend=backend)
    theirs = calls(keras.ops, keras.ops.convert_to_tensor(SPECIAL))
    for (name, array), one in zip(theirs.items(), program(SPECIAL), strict=True):
        numpy.testing.assert_allclose(one, numpy.asarray(array), rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows_that_cannot_say_what_is_best_are_not_among_the_best(backend, keras):
    """Where a prediction is infinite or NaN, or a target no class."""
    predictions = numpy.array([[1, 2, 3], [1, NAN, 3], [1, INF, 3], [2, 2, 2], [1, 2, 3], [1, 2, 3]], "float32")
    targets = numpy.array([2, 2, 2, 0, 3, -1], "int32")
    given = [nnc.Input((3,)), nnc.Input((), dtype="int32")]
    model = nnc.Model(given, Operation("InTopK", {"k": 1})(given[1], given[0]))
    expected = numpy.asarray(keras.ops.in_top_k(targets, predictions, k=1))
    assert expected.tolist() == [True, False, False, True, False, False]
    assert numpy.array_equal(nnc.compile(model, backend=backend)([predictions, targets]), expected)


def test_an_element_that_is_zero_gets_no_gradient_of_a_product(keras):
    tensorflow = pytest.importorskip("tensorflow")
    x = numpy.array([[2.0, 0.0, 3.0, -1.0]], "float32")
    with tensorflow.GradientTape() as tape:
        given = tensorflow.constant(x)
        tape.watch(given)
        result = keras.ops.cumprod(given, axis=1)
    layer = Operation("Cumprod", {"axis": 1})
    layer(x)
    ones = numpy.ones_like(x)
    assert numpy.array_equal(layer.backward(ones), numpy.asarray(tape.gradient(result, given)))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "call"), [("SegmentSum", "segment_sum"), ("SegmentMax", "segment_max")])
def test_rows_below_0_belong_to_no_segment(backend, name, call, keras):
    """A segment without rows is 0, or the lowest number."""
    x = numpy.array([[1, 2, 3, 4], [5, 6, 7, 8]], "float32").T.copy()
    ids = numpy.array([1, -1, 3, 1], "int32")
    given = [nnc.Input((2,)), nnc.Input((), dtype="int32")]
    found = Operation(name, {"num_segments": 5})(*given)
    model = nnc.Model(given, ops_beside(given[0], found))
    expected = numpy.asarray(getattr(keras.ops, call)(x, ids, num_segments=5))
    assert numpy.array_equal(nnc.compile(model, backend=backend)([x, ids])[0], expected)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("settings", [{"bins": 4}, {"bins": 3, "range": (0.6, 1.2)}, {"bins": 1}])
def test_numbers_are_counted_in_bins(backend, settings, keras):
    """In a layer of its author's: Keras's functional models cannot run this operation."""
    x = numpy.array([[0.5, 0.9], [1.2, 0.6], [1.5, 1.0], [0.7, 0.8]], "float32")

    class Counting(keras.layers.Layer):
        def call(self, x):
            counts, edges = keras.ops.histogram(x[:, 0], **settings)
            return x[:, 1:] + counts, x[:, 1:] + edges

        def compute_output_spec(self, x):
            bins = settings["bins"]
            return keras.KerasTensor((None, bins), x.dtype), keras.KerasTensor((None, bins + 1), x.dtype)

    given = keras.Input((2,))
    theirs = keras.Model(given, list(Counting()(given)))
    for one, other in zip(nnc.compile(theirs, backend=backend)(x), theirs(x), strict=True):
        numpy.testing.assert_allclose(one, numpy.asarray(other), rtol=1e-6)


def ops_beside(x: Any, table: Any) -> Any:
    """Return a table for each row, as outputs have rows in front."""
    zeros = Operation("ExpandDims", {"axis": 1})(x * 0.0)
    return Operation("Add")(zeros, table)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_out_of_range_is_an_error(backend):
    given = [nnc.Input((2,)), nnc.Input((), dtype="int32")]
    model = nnc.Model(given, ops_beside(given[0], Operation("SegmentSum", {"num_segments": 2})(*given)))
    with pytest.raises(DataError, match="index 2 is out of range for a table of 2 rows"):
        nnc.compile(model, backend=backend)([numpy.ones((2, 2), "float32"), numpy.array([0, 2], "int32")])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("initial", "dtype"), [(3, "int32"), (-1, "bool"), (1, "bool"), (0.5, "float64")])
def test_a_first_value_counts(backend, initial, dtype, keras):
    x = numpy.array([[0, 1, 5], [0, 0, 0]]).astype(dtype)
    for name, call in (("Max", keras.ops.max), ("Min", keras.ops.min)):
        expected = numpy.asarray(call(x, axis=1, initial=initial))
        result = found(backend, name, {"axis": 1, "initial": initial}, x)
        assert result.dtype == expected.dtype
        assert numpy.array_equal(result, expected)


def test_lengths_may_be_unknown(keras):
    x = keras.Input((None, 3))
    results = [
        keras.ops.sort(x, axis=1),
        keras.ops.cumsum(x, axis=1),
        keras.ops.quantile(x, 0.3, axis=1),
        keras.ops.top_k(keras.ops.transpose(x, (0, 2, 1)), 2)[0],
        keras.ops.average(x, axis=1),
    ]
    model = keras.Model(x, results)
    data = numpy.random.default_rng(0).normal(size=(2, 7, 3)).astype("float32")
    for backend in BACKENDS:
        for one, other in zip(nnc.compile(model, backend=backend)(data), model(data), strict=True):
            numpy.testing.assert_allclose(one, numpy.asarray(other), rtol=1e-5, atol=1e-6)


def test_indices_along_an_axis_are_broadcast():
    graph = Graph("test")
    x, places = graph.input("x", TensorType("float32", (2, 5, 3))), graph.input("i", TensorType("int32", (1, 4, 1)))
    assert ops.take_along_axis(x, places, 1).shape == (2, 4, 3)
    with pytest.raises(ShapeError, match="needs as many axes in both operands, got"):
        ops.take_along_axis(x, graph.input("j", TensorType("int32", (4,))), 1)


X, WHOLE = nnc.Input((4, 6)), nnc.Input((4,), dtype="int32")
SUMS = Operation("Sum", {"axis": [0, 1]})(X)


@pytest.mark.parametrize(
    ("name", "settings", "operands", "expected"),
    [
        (
            "Average",
            {"axis": 1},
            (X, numpy.ones(5, "float32")),
            "Average: weights must be of the shape of x or of axis",
        ),
        ("Corrcoef", {}, (X,), "Corrcoef: x must be a matrix, got"),
        ("Correlate", {"mode": "half"}, (X, X), "Correlate: mode must be valid, same or full, got 'half'"),
        ("Correlate", {}, (X, X), "Correlate: x1 and x2 must be vectors of known length, got"),
        ("Correlate", {}, (numpy.ones(5, "float32"), SUMS), "x2 must not be longer than x1 where mode is"),
        ("Diff", {"n": -1}, (X,), "Diff: n must be at least 0, got -1"),
        ("Histogram", {}, (X,), "Histogram: x must be a vector of floats, got"),
        ("Max", {"axis": 1, "initial": 0.5}, (WHOLE,), "Max: initial must be a whole number for"),
        ("Min", {"axis": 1, "initial": 0.5}, (WHOLE,), "Min: initial must be a whole number for"),
        ("Moments", {"axes": [1]}, (WHOLE,), "Moments: x must hold floating-point numbers, got i32"),
        ("Moments", {"axes": [1], "synchronized": True}, (X,), "Moments: synchronized must be False"),
        ("Normalize", {"order": 0}, (X,), "Normalize: order must be a whole number of at least 1, got 0"),
        ("Normalize", {"order": 1, "axis": [1, 2]}, (X,), "Normalize: axis must be one axis where order is not 2"),
        (
            "Percentile",
            {"method": "best"},
            (X, 3.0),
            "Percentile: method must be one of linear, lower, higher, nearest, midpoint",
        ),
        ("Quantile", {"method": "lower"}, (X, 0.3), "Quantile: method must be linear, got 'lower'"),
        ("Quantile", {}, (X, numpy.ones((2, 2), "float32")), "Quantile: q must be a number or a vector, got"),
        ("SearchSorted", {"side": "top"}, (numpy.ones(2, "float32"), X), "side must be left or right, got 'top'"),
        ("SearchSorted", {}, (numpy.ones((2, 2), "float32"), X), "sorted_sequence must be a vector, got"),
        ("SegmentSum", {}, (X, WHOLE[0]), "SegmentSum: num_segments must be given, since segment_ids are not known"),
        ("SegmentMax", {"num_segments": 3}, (X, WHOLE), "segment_ids must be a whole number per row, got i32"),
        ("TopK", {"k": 7}, (X,), "TopK: k must be from 0 to the length of the last axis, got 7"),
        ("TopK", {"k": -1}, (X,), "TopK: k must be from 0 to the length of the last axis, got -1"),
        ("Unique", {}, (X,), "Unique: size must be given, sorted True and axis None, got None"),
        ("Unique", {"size": 3, "axis": 1}, (X,), "Unique: size must be given, sorted True and axis None, got 3"),
        ("Trapezoid", {"axis": 1}, (X, numpy.ones(4, "float32")), "x must be a vector along the last axis"),
    ],
)
def test_what_is_refused(name, settings, operands, expected):
    with pytest.raises(ModelError) as raised:
        Operation(name, settings)(*operands)
    assert expected in str(raised.value)
