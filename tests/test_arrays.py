"""Numbers in the form of other libraries: tensors, tables, buffers; what is taken, without a copy where it can be."""

from __future__ import annotations

import array
import math
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy
import pytest

from nnc.arrays import check_whole, is_array_like, shape_of, to_array
from nnc.errors import DataError

X = numpy.array([[1.5, -2.0, 0.25], [0.0, 4.0, -8.0]], "float32")


class Only:
    """An array that can do one thing and nothing else.

    Args:
        name: the method or attribute it has.
        value: what that is.
        more: further attributes.
    """

    def __new__(cls, name: str, value: Any, **more: Any) -> Any:
        return type("Tensor", (), {name: value} | more)()


def raising(error: Exception) -> Any:
    def method(*_: Any, **__: Any) -> Any:
        raise error

    return method


def from_dlpack() -> Any:
    return Only("__dlpack__", lambda _, **options: X.__dlpack__(**options), __dlpack_device__=lambda _: (1, 0))


PROTOCOLS = {
    "array": lambda: Only("__array__", lambda _, dtype=None, copy=None: X),
    "array interface": lambda: Only("__array_interface__", X.__array_interface__, base=X),
    "dlpack": from_dlpack,
    "buffer": lambda: memoryview(X),
    "subclass": lambda: X.view(numpy.matrix),
    "unmasked": lambda: numpy.ma.masked_array(X, numpy.zeros_like(X, bool)),
    "masked nowhere": lambda: numpy.ma.masked_array(X),
}


@pytest.mark.parametrize("make", PROTOCOLS.values(), ids=PROTOCOLS)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_protocols_share_memory(make):
    given = make()
    found = to_array(given, "x")
    assert type(found) is numpy.ndarray
    assert numpy.shares_memory(found, X)
    numpy.testing.assert_array_equal(found, X)
    assert is_array_like(given)


def test_buffers_of_python():
    numbers = array.array("d", [1.0, 2.5])
    found = to_array(numbers, "x")
    numbers[0] = 7.0
    assert found.tolist() == [7.0, 2.5]
    assert to_array(bytearray(b"ab"), "x").tolist() == [97, 98]
    assert all(map(is_array_like, (numbers, bytearray(b"ab"), memoryview(b"ab"))))
    assert not any(map(is_array_like, ([1.0], (1.0,), None, iter([1.0]), (number for number in [1.0]), "abc")))


def test_lists_of_arrays_of_others_are_rows():
    rows = [Only("__array__", lambda _, dtype=None, copy=None, row=row: row) for row in X]
    numpy.testing.assert_array_equal(to_array(rows, "x"), X)
    numpy.testing.assert_array_equal(to_array(tuple(rows), "x"), X)


def test_tensors_of_torch():
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(X.copy())
    assert numpy.shares_memory(to_array(tensor, "x"), tensor.numpy())
    watched = torch.nn.Parameter(tensor.clone())
    found = to_array(watched, "x")
    assert numpy.shares_memory(found, watched.detach().numpy())
    numpy.testing.assert_array_equal(found, X)
    assert watched.requires_grad
    numpy.testing.assert_array_equal(to_array([watched[0], watched[1] * 1.0], "x"), X)
    for dtype in (torch.bfloat16, torch.float16, torch.float64, torch.int64):
        numpy.testing.assert_array_equal(to_array(tensor.to(dtype), "x"), tensor.to(dtype).float().numpy())
    with pytest.raises(DataError, match=r"^x is not an array: .*Sparse layout tensor.*to_dense"):
        to_array(tensor.to_sparse(), "x")
    with pytest.raises(DataError, match=r"^x is on the device 'meta'; copy it to main memory first, with \.cpu\(\)$"):
        to_array(torch.empty(2, 3, device="meta"), "x")


def test_tensors_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    tensor = tf.constant(X)
    assert numpy.shares_memory(to_array(tensor, "x"), numpy.asarray(tensor))
    for given in (tensor, tf.Variable(X), tf.cast(X, tf.bfloat16), [tensor[0], tensor[1]]):
        numpy.testing.assert_array_equal(to_array(given, "x"), X)
    assert shape_of(tensor) == (2, 3)
    messages = {
        r"^x is of type SparseTensor, which is not dense; .*, with tf\.sparse\.to_dense$": tf.sparse.from_dense(X),
        r"^x is of type RaggedTensor, which is not dense; .*, with \.to_tensor\(\)$": tf.ragged.constant([[1, 2], [3]]),
        r"^x must hold numbers, got elements of type object; convert them first": tf.constant(["a"]),
    }
    for message, given in messages.items():
        with pytest.raises(DataError, match=message):
            to_array(given, "x")


JAX = """
import jax, numpy
from nnc.arrays import check_whole, to_array
x = numpy.array([[1.5, -2.0, 0.25], [0.0, 4.0, -8.0]], "float32")
given = jax.numpy.asarray(x)
assert numpy.shares_memory(to_array(given, "x"), numpy.asarray(given))
assert numpy.array_equal(to_array(given, "x"), x)
assert numpy.array_equal(to_array(given.astype("bfloat16"), "x"), x)
try:
    jax.jit(lambda traced: to_array(traced, "x"))(given)
except Exception as error:
    print(type(error).__name__, str(error).partition(" with shape")[0])
"""


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
def test_arrays_of_jax():
    """In a process of its own: where JAX was imported, later forks warn."""
    done = subprocess.run([sys.executable, "-c", JAX], capture_output=True, text=True, check=False, timeout=120)
    expected = (
        "DataError x is not an array: The numpy.ndarray conversion method __array__() was called on traced array\n"
    )
    assert done.stdout == expected, done.stderr


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c"])
    assert numpy.shares_memory(to_array(table, "x"), table.to_numpy())
    numpy.testing.assert_array_equal(to_array(table, "x"), X)
    numpy.testing.assert_array_equal(to_array(table["b"], "x"), X[:, 1])
    mixed = pandas.DataFrame(
        {
            "whole": [1, 2],
            "true": [True, False],
            "half": numpy.array([0.5, 1.5], "float32"),
            "missing": pandas.array([3, None], "Int64"),
            "maybe": pandas.array([None, True], "boolean"),
            "class": pandas.Categorical([10, 20]),
        }
    )
    expected = [[1, 1, 0.5, 3, numpy.nan, 10], [2, 0, 1.5, numpy.nan, 1, 20]]
    numpy.testing.assert_array_equal(to_array(mixed, "x"), numpy.array(expected))
    whole = pandas.DataFrame({"a": [True, False], "b": [2**60 + 1, 3]})
    assert to_array(whole, "x").tolist() == [[1, 2**60 + 1], [0, 3]]
    twice = pandas.DataFrame([[True, 1], [False, 2]], columns=["a", "a"])
    assert to_array(twice, "x").tolist() == [[1, 1], [0, 2]]


def arrow_column(numbers: Any, kind: str) -> Any:
    return Only("__array__", lambda _, dtype=None, copy=None: numpy.array(numbers), type=kind)


def test_tables_of_other_libraries_have_their_names_elsewhere():
    def table(**columns: Any) -> Any:
        whole = numpy.array([["a", "b"]])  # as strings, which no column need be
        names = list(columns)
        return Only(
            "__array__",
            lambda _, dtype=None, copy=None: whole,
            columns=list(columns.values()),
            column_names=names,
            __getitem__=lambda _, name: columns[name],
        )

    numbers, flags = arrow_column([1, 2], "int64"), arrow_column([True, False], "bool")
    assert to_array(table(a=numbers, b=flags), "x").tolist() == [[1, 1], [2, 0]]
    with pytest.raises(DataError, match=r"^x must hold numbers, the table has others in column 'c' \(string\); leave"):
        to_array(table(a=numbers, c=arrow_column(["x", "y"], "string")), "x")


def test_columns_that_hold_no_numbers_are_named():
    pandas = pytest.importorskip("pandas")
    rows = {"size": [1.0, 2.0], "city": ["Rome", "Oslo"], "day": pandas.to_datetime(["2024-01-01", "2024-01-02"])}
    table = pandas.DataFrame(rows)
    types = [str(dtype) for dtype in table.dtypes]
    with pytest.raises(DataError) as error:
        to_array(table, "input 'x'", "float32")
    assert str(error.value) == (
        f"input 'x' must hold numbers (float32), the table has others in columns 'city' ({types[1]}), 'day'"
        f" ({types[2]}); leave them out or encode them first, for example with pandas.get_dummies; a"
        " program that was trained on a table takes it with predict_table"
    )
    with pytest.raises(DataError, match=r"others in columns 'a' \(.*\), 'b' \(.*\), 'c' \(.*\) and 1 more; leave"):
        to_array(pandas.DataFrame({name: ["x"] for name in "abcd"}), "x")
    with pytest.raises(DataError, match=r"got elements of type .* in column 'city'; convert them first"):
        to_array(table["city"], "x")
    numpy.testing.assert_array_equal(to_array(pandas.get_dummies(table[["size", "city"]]), "x")[:, 0], [1.0, 2.0])


def test_sparse_matrices_of_scipy():
    sparse = pytest.importorskip("scipy.sparse")
    for given in (sparse.csr_matrix(X), sparse.coo_array(X)):
        name = type(given).__name__
        message = rf"^x is of type {name}, which is not dense; make it so first, with \.toarray\(\)$"
        with pytest.raises(DataError, match=message):
            to_array(given, "x")
        numpy.testing.assert_array_equal(to_array(given.toarray(), "x"), X)


CONVERT = "convert them first, for example with x.astype('float32')"
REFUSED = [
    (
        Only("__array__", raising(TypeError("no")), device="cuda:0", cpu=None, shape=(2, 3)),
        "x is on the device 'cuda:0'; copy it to main memory first, with .cpu()",
    ),
    (
        Only("__array__", raising(TypeError("no")), __cuda_array_interface__={}, get=None, shape=(2, 3)),
        "x is on another device; copy it to main memory first, with .get()",
    ),
    (Only("__dlpack__", raising(BufferError("not there")), __dlpack_device__=None), "x is not an array: not there"),
    (Only("__array__", raising(ValueError("broken"))), "x is not an array: broken"),
    (Only("__array__", raising(ZeroDivisionError("division by zero"))), "x is not an array: division by zero"),
    (Only("__array__", raising(KeyError())), "x is not an array: KeyError was raised"),
    (Only("__array__", property(raising(OSError("gone")))), "x is not an array: gone"),
    (Only("shape", property(raising(OSError("gone")))), "x is not an array: gone"),
    (Only("columns", property(raising(OSError("gone")))), "x is not an array: gone"),
    ([Only("__array__", raising(OSError("gone")))], "x is not an array: gone"),
    (
        numpy.ma.masked_array(X, [[0, 0, 0], [0, 1, 1]]),
        "x has 2 masked elements, first in row 1; fill them first, with .filled(0.0)",
    ),
    (
        numpy.zeros(3, [("left", "f4"), ("right", "f4")]),
        "x must hold numbers, got records with the fields left, right; make columns of them first, with"
        " numpy.lib.recfunctions.structured_to_unstructured(x)",
    ),
    ("abc", f"x must hold numbers, got elements of type <U3; {CONVERT}"),
    (b"abc", f"x must hold numbers, got elements of type |S3; {CONVERT}"),
    (X.astype(object), f"x must hold numbers, got elements of type object; {CONVERT}"),
    (numpy.array(["2024-01-01"], "M8[D]"), f"x must hold numbers, got elements of type datetime64[D]; {CONVERT}"),
    (
        [[1.0], [1.0, 2.0]],
        "x is not an array: setting an array element with a sequence. The requested array has an inhomogeneous shape"
        " after 1 dimensions. The detected shape was (2,) + inhomogeneous part.",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refused(given, message):
    with pytest.raises(DataError) as error:
        to_array(given, "x")
    assert str(error.value) == message


def test_shapes():
    assert shape_of(X) == shape_of(X.tolist()) == (2, 3)
    assert shape_of(array.array("f", [1.0])) == (1,)
    assert shape_of(3.0) == ()
    assert shape_of([[1.0], [1.0, 2.0]]) is None
    assert shape_of(Only("__array__", raising(OSError("gone")))) is None
    assert shape_of(Only("shape", property(raising(OSError("gone"))))) is None


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("given", ["float16", "float32", "float64", "longdouble", "int64", "uint64"])
def test_whole_numbers_that_an_element_type_has(dtype, given):
    """Compared in Python's numbers, at and beside the limits."""
    limits = numpy.iinfo(dtype)
    for wanted in (limits.min, limits.min - 1, limits.max, limits.max + 1, 2 * limits.max, 0, 7):
        with numpy.errstate(all="ignore"):
            if given.endswith("int64") and not numpy.iinfo(given).min <= wanted <= numpy.iinfo(given).max:
                continue
            array = numpy.array([[0], [wanted]], given)
        value = array[1].tolist()[0] if given != "longdouble" else array[1, 0]
        fits = abs(value) < math.inf and limits.min <= int(value) <= limits.max
        if fits:
            check_whole(array, dtype, "x")
            assert int(array.astype(dtype)[1, 0]) == int(value)
        else:
            with pytest.raises(DataError, match=rf"^x must hold whole numbers from .* \({dtype}\), row 1 has \["):
                check_whole(array, dtype, "x")
