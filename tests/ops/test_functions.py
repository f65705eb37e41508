"""The functions of `nnc.ops` beside those of `keras.ops`: names, arguments, numbers of arrays, layers and graphs."""

from __future__ import annotations

import inspect
import types
import warnings

import numpy
import pytest

import nnc
from nnc.absent_names import reason_of
from tests.operations.cases import FAMILIES, REFERENCES

X = numpy.random.default_rng(0).uniform(0.5, 1.5, (3, 4, 6)).astype("float32")
NOT_OF_ARRAYS = {"CDist of whole numbers", "Ndim"}
"""What Keras on TensorFlow cannot compute of arrays, and what is a number there."""


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def functions(module):
    return {name: item for name, item in vars(module).items() if inspect.isfunction(item) and name[0] != "_"}


def parameters(function):
    return [(item.name, item.kind, item.default) for item in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("space", ["", "image", "linalg", "nn", "numpy"])
def test_names_and_arguments_are_those_of_keras(keras, space):
    theirs, ours = ((getattr(ops, space) if space else ops) for ops in (keras.ops, nnc.ops))
    known = functions(theirs)
    public = {name: getattr(ours, name) for name in known if hasattr(ours, name)}
    prefix = f"ops.{space}." if space else "ops."
    assert set(known) - set(public) == {name for name in known if reason_of(prefix + name)}
    assert {name: parameters(item) for name, item in public.items()} == {
        name: parameters(known[name]) for name in public
    }
    if not space:
        modules = {name for name, item in vars(keras.ops).items() if isinstance(item, types.ModuleType)}
        assert set(nnc.ops.__all__) == set(public) | {name for name in modules if name[0] != "_"}
        assert len(public) >= 300


def test_what_is_absent_says_why():
    with pytest.raises(AttributeError, match=r"^nnc\.ops has no rearrange: use reshape and transpose$"):
        _ = nnc.ops.rearrange
    with pytest.raises(AttributeError, match=r"module 'nnc\.ops' has no attribute 'nothing'"):
        _ = nnc.ops.nothing


def flat(found):
    return [part for item in found for part in flat(item)] if isinstance(found, list | tuple) else [found]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.sampled(1 / 2)
def test_numbers_of_arrays_are_those_of_keras(keras, family):
    for name, call in FAMILIES[family].items():
        if name in NOT_OF_ARRAYS:
            continue
        reference = REFERENCES.get(name, call)
        with numpy.errstate(all="ignore"):
            found, expected = flat(call(nnc.ops, X)), flat(reference(keras.ops, keras.ops.convert_to_tensor(X)))
        for one, other in zip(found, expected, strict=True):
            other = numpy.asarray(other)
            assert isinstance(one, numpy.ndarray | numpy.generic | int), name
            assert numpy.asarray(one).dtype == other.dtype, name
            numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=name)


SQUARE = X[:, :, :4] @ X[:, :, :4].transpose(0, 2, 1) + numpy.eye(4, dtype="float32")
COUNTS = numpy.array([[0, 2, 2], [1, 0, 3]], "int32")
OF_ARRAYS = {
    "abs": lambda ops: ops.abs(-X),
    "add numbers": lambda ops: ops.add(2, 3),
    "add a list": lambda ops: ops.add(X, [[1, 2, 3, 4, 5, 6]]),
    "add a float": lambda ops: ops.add(COUNTS, 0.5),
    "arange": lambda ops: [ops.arange(5), ops.arange(1, 7, 2), ops.arange(3.0), ops.arange(4, dtype="float64")],
    "argpartition": lambda ops: ops.sort(ops.take(COUNTS[1], ops.argpartition(COUNTS[1], 1)[:2])),
    "bincount": lambda ops: [ops.bincount(COUNTS[0]), ops.bincount(COUNTS, minlength=6)],
    "bincount by weights": lambda ops: ops.bincount(COUNTS, weights=X[:2, 0, :3]),
    "cast": lambda ops: ops.cast(X, "int32"),
    "cond": lambda ops: ops.cond(X[0, 0, 0] > 0, lambda: X, lambda: -X),
    "conj": lambda ops: ops.conj(X),
    "convert": lambda ops: [ops.convert_to_tensor(given) for given in (1, 2.5, True, [1, 2], [[0.5]], X)],
    "convert to": lambda ops: ops.convert_to_tensor([1, 2], dtype="float32"),
    "diff": lambda ops: ops.diff(X, n=2, axis=1),
    "eigh": lambda ops: ops.eigh(SQUARE)[0],
    "empty": lambda ops: ops.empty((2, 3)) * 0,
    "eye": lambda ops: [ops.eye(3), ops.eye(2, 4, dtype="int32"), ops.identity(3), ops.tri(3, 4, k=-1)],
    "extract_patches_3d": lambda ops: [ops.image.extract_patches_3d(X[..., None], 2, strides=s) for s in (None, 1)],
    "Fourier transforms of vectors": lambda ops: [
        *ops.fft((X[0, 0], X[0, 1])),
        *ops.rfft(X[0, 0]),
        *ops.rfft(X[0, 0], fft_length=4),
        ops.irfft((X[0, 0], X[0, 1])),
        ops.irfft((X[0, 0], X[0, 1]), fft_length=7),
    ],
    "fori_loop": lambda ops: ops.fori_loop(2, 5, lambda i, x: x * i, X),
    "full": lambda ops: [ops.full((2, 3), 1.5), ops.full((2,), 3, dtype="int32")],
    "layer_normalization": lambda ops: ops.layer_normalization(X, X[0, 0], X[0, 1], epsilon=0.01),
    "linspace": lambda ops: [ops.linspace(0, 1, 5), ops.linspace(X[0], X[1], 3, endpoint=False, axis=1)],
    "logspace": lambda ops: [ops.logspace(0, 2, 4), ops.geomspace(1.0, 16.0, 5)],
    "lstsq": lambda ops: ops.lstsq(SQUARE[0], X[0]),
    "map": lambda ops: ops.map(lambda row: row * row[0], X),
    "matrix_rank": lambda ops: numpy.asarray(ops.matrix_rank(SQUARE)),
    "multi_hot": lambda ops: ops.multi_hot(COUNTS, 4),
    "nonzero": lambda ops: list(ops.nonzero(COUNTS)),
    "ones": lambda ops: [ops.ones((2, 3)), ops.zeros(4, dtype="bool"), ops.zeros((0, 2), "int32")],
    "pad": lambda ops: [ops.pad(X, ((1, 1),) * 3), ops.pad(X, ((0, 0), (1, 2), (0, 0)), mode="reflect")],
    "pinv": lambda ops: ops.pinv(SQUARE),
    "saturate_cast": lambda ops: ops.saturate_cast(X * 1000, "uint8"),
    "scan": lambda ops: list(ops.scan(lambda carry, row: (carry + row, carry * row), X[0], X)),
    "scan backwards": lambda ops: list(ops.scan(lambda carry, row: (carry * row, carry), X[0], X, reverse=True)),
    "associative_scan": lambda ops: ops.associative_scan(lambda x, y: x * y, X, axis=1),
    "associative_scan backwards": lambda ops: ops.associative_scan(lambda x, y: x + y, X, reverse=True),
    "segments without their number": lambda ops: [
        call(X, ids, sorted=is_sorted)
        for call in (ops.segment_sum, ops.segment_max)
        for ids, is_sorted in ((numpy.array([1, 0, 1]), False), (numpy.array([0, 2, 2]), True))
        if not is_sorted or call is ops.segment_sum  # an empty segment has Keras's 0 there, the lowest number here
    ],
    "shape": lambda ops: [ops.shape(X)[1], ops.dtype(X) == "float32", ops.is_tensor([1.0])],
    "svd": lambda ops: [ops.svd(SQUARE, compute_uv=False), ops.svd(SQUARE)[1]],
    "switch": lambda ops: [ops.switch(index, [lambda x: x, lambda x: -x], X) for index in (0, 1)],
    "unique": lambda ops: ops.unique(COUNTS[0]),
    "vectorized_map": lambda ops: ops.vectorized_map(lambda row: ops.sum(row) + row, X),
    "while_loop": lambda ops: ops.while_loop(lambda x, n: n < 4, lambda x, n: (x * 1.5, n + 1), (X, 0))[0],
    "while_loop at most": lambda ops: ops.while_loop(lambda x: True, lambda x: x + 1, X, maximum_iterations=2),
    "windows": lambda ops: [ops.bartlett(5), ops.blackman(5), ops.hamming(5), ops.hanning(5), ops.kaiser(5, 3.0)],
}


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_what_keras_has_for_arrays(keras, name):
    for one, other in zip(flat(OF_ARRAYS[name](nnc.ops)), flat(OF_ARRAYS[name](keras.ops)), strict=True):
        other = numpy.asarray(other)
        assert numpy.asarray(one).dtype == other.dtype
        numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


IN_GRAPHS = {
    "cond": lambda ops, x, w: ops.cond(ops.sum(x) > 100, lambda: x * w, lambda: x - w),
    "switch": lambda ops, x, w: ops.switch(ops.cast(ops.sum(x) * 0, "int32") + 1, [lambda x: x, lambda x: -x], x * w),
    "while_loop": lambda ops, x, w: ops.while_loop(
        lambda x, n: ops.max(x) < 9.0, lambda x, n: (x * w * 2.0, n + 1), (x, 0), maximum_iterations=5
    )[0],
    "scan": lambda ops, x, w: ops.scan(lambda c, row: (c + row * w, c), x[:, 0], ops.transpose(x, (1, 0, 2)))[0],
    "map": lambda ops, x, w: ops.map(lambda row: row * w, ops.transpose(x, (1, 0, 2)))[0],
    "fori_loop": lambda ops, x, w: ops.fori_loop(0, 3, lambda i, x: ops.tanh(x * w) + i, x),
    "creation": lambda ops, x, w: ops.matmul(x, ops.eye(6)) + ops.arange(6, dtype="float32") * w + ops.ones((6,)),
    "operators": lambda ops, x, w: (
        ops.cast((x > 0.7) & ~(x > 1.2) | (x % 1.0 > 0.9) ^ (x > 1.4), "float32") * w
        + abs(-x) // 0.3
        + 2.0**x
        + abs(w) % 0.5
        + w // 0.2
        + 2.0**w
    ),
    "parts": lambda ops, x, w: x[:, 1:3, ::2] * w[..., :3] + x[:, -1, None, :3] + x[0, 0, 0],
    "rows": lambda ops, x, w: ops.concatenate([x, ops.zeros((ops.shape(x)[0], 2, 6))], axis=1) * w,
    "numbers": lambda ops, x, w: ops.where(x > 1.0, ops.maximum(w, 0.2), ops.softmax(x)) + ops.convert_to_tensor(0.5),
}


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_functions_in_a_layer_are_part_of_its_graph(keras, backend):
    for name, function in IN_GRAPHS.items():

        def layer(nn, function=function):
            class Own(nn.layers.Layer):
                def build(self, input_shape):
                    self.w = self.add_weight(shape=(6,), initializer=nn.initializers.Constant(0.75), name="w")

                def call(self, x):
                    return function(nn.ops, x, self.w)

            return Own()

        model = nnc.Sequential([nnc.Input((4, 6)), layer(nnc)])
        expected = numpy.asarray(layer(keras)(X))
        found = nnc.compile(model, backend=backend)(X)
        numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("operator", [lambda x, y: x & y, lambda x, y: x | y, lambda x, y: x ^ y])
def test_bits_and_truth_are_not_mixed_up(operator):
    """In Keras these are about truth between layers, and on TensorFlow's arrays about bits."""

    class Own(nnc.layers.Layer):
        def call(self, x):
            return operator(nnc.ops.cast(x, "int32"), 3)

    with pytest.raises(nnc.errors.NncError, match=r"take truth values here, got int32; nnc\.ops\.bitwise"):
        nnc.Sequential([nnc.Input((4, 6)), Own()])


def test_weights_have_parts_outside_of_a_graph():
    layer = nnc.layers.Dense(2)
    layer(X[0])
    part = layer.kernel[1:3, 0]
    numpy.testing.assert_array_equal(part, layer.kernel.numpy()[1:3, 0])
    part[:] = 9.0
    assert layer.kernel.numpy().max() < 9.0


def test_functions_between_layers_are_layers():
    x = nnc.Input((4, 6))
    y = nnc.ops.softmax(nnc.ops.sum(nnc.ops.concatenate([x, nnc.ops.tanh(x)], axis=-1), axis=1))
    model = nnc.Model(x, y)
    assert [type(layer).__name__ for layer in model.operations][1:] == ["Operation"] * 4
    both = numpy.concatenate([X, numpy.tanh(X)], -1).sum(1)
    expected = numpy.exp(both) / numpy.exp(both).sum(-1, keepdims=True)
    numpy.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5)


def graph_refused(function, message):
    class Own(nnc.layers.Layer):
        def call(self, x):
            return function(x)

    with pytest.raises(nnc.errors.NncError, match=message):
        nnc.Sequential([nnc.Input((4, 6)), Own()]).predict(X, verbose=0)
    with pytest.raises(nnc.errors.NncError, match=message):
        function(nnc.Input((4, 6)))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (nnc.ops.nonzero, "ops.nonzero cannot be part of a static graph: the shape of its result depends on numbers"),
        (nnc.ops.svd, "ops.svd cannot be part of a static graph: its algorithm has no fixed number of steps"),
        (nnc.ops.convert_to_numpy, "ops.convert_to_numpy needs numbers, and there are none before the graph runs"),
        (nnc.ops.arange, "ops.arange needs numbers: the shape of a static graph cannot depend on what it computes"),
        (
            lambda x: nnc.ops.while_loop(lambda x: nnc.ops.max(x) < 9, lambda x: x * 2, x),
            "ops.while_loop: a static graph has a fixed number of steps; give maximum_iterations",
        ),
        (lambda x: nnc.ops.fori_loop(0, x, lambda i, y: y, x), "lower and upper must be numbers"),
        (lambda x: nnc.ops.cond(x > 1.0, lambda: x, lambda: -x), "ops.cond: pred must be one truth value, got"),
        (lambda x: nnc.ops.cond(nnc.ops.sum(x) > 1.0, lambda: [x], lambda: x), "results of the same structure"),
        (lambda x: nnc.ops.map(lambda row: row, x), "a static graph has a fixed number of steps, and the length"),
    ],
)
def test_what_a_static_graph_cannot_do_is_refused_by_name(function, message):
    graph_refused(function, message)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nnc.ops.convert_to_tensor(X, sparse=True), "sparse=True is not supported"),
        (lambda: nnc.ops.bincount(COUNTS, sparse=True), "sparse=True is not supported"),
        (lambda: nnc.ops.einsum("ij->i", X[0], precision="high"), "ops.einsum has no argument 'precision'"),
        (lambda: nnc.ops.where(X > 1), "ops.where needs x1 and x2; ops.nonzero"),
        (lambda: nnc.ops.convert_to_tensor("text"), "ops.convert_to_tensor needs numbers, got 'text'"),
        (lambda: nnc.ops.cond(X > 1, dict, dict), "ops.cond: pred must be one truth value, got"),
        (lambda: nnc.ops.unique(COUNTS, sorted=False), "ops.unique: elements are in ascending order"),
        (lambda: nnc.ops.unique(COUNTS, fill_value=7), "fill_value goes with size"),
        (lambda: nnc.ops.map(lambda row: row, X[:0]), "ops.map: there is nothing to go through"),
        (lambda: nnc.ops.scan(lambda c, x: (c, x), X), "give xs, or the number of steps as length"),
    ],
)
def test_arguments_that_nothing_is_done_with_are_refused(call, message):
    with pytest.raises(nnc.errors.NncError, match=message):
        call()
