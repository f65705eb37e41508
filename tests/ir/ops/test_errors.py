"""What ops refuse, and how they say it."""

from __future__ import annotations

import pytest

from nnc.errors import ShapeError, SymbolError
from nnc.ir import Graph, TensorType, Value, make_op, op_class, op_names, ops, parse_graph, symbol
from nnc.ir.ops.elementwise import Binary, Unary
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.scan import Scan
from tests.ir.ops import cases


def types(text: str) -> list[TensorType]:
    """Read types such as ``f32[batch,2] bool[]``."""
    inputs = ", ".join(f"x{index}: {type}" for index, type in enumerate(text.split()))
    return [value.type for value in parse_graph(f"graph g({inputs}) {{}}").inputs.values()]


BATCH = symbol("batch")
FLOATING_ONLY = [
    "arcsinh", "arctan2", "cos", "divide", "erf", "erfc", "erfinv", "exp", "expm1", "log", "log1p", "log_softmax",
    "logaddexp", "power", "reciprocal", "sigmoid", "sigmoid_crossentropy", "sin", "sinh", "softmax",
    "softmax_crossentropy", "sparsemax", "sqrt", "tanh",
]  # fmt: skip
NUMBERS_ONLY = [
    "absolute", "add", "floor", "matmul", "maximum", "minimum", "multiply", "negative", "relu", "remainder",
    "sign", "square", "subtract", "sum",
]  # fmt: skip
WHOLE_ONLY = ["bitwise_and", "bitwise_or", "bitwise_xor", "floor_divide", "gcd", "left_shift", "right_shift"]


REFUSED = [
    ("add", {}, "f32[2]", "'add' takes 2 operands, got 1"),
    ("relu", {}, "f32[2] f32[2]", "'relu' takes 1 operands, got 2"),
    ("size", {"shape": (2,)}, "f32[2]", "'size' takes 0 operands, got 1"),
    ("add", {}, "f32[2] f64[2]", "'add' needs operands of one element type, got f32[2], f64[2]"),
    ("add", {}, "f32[2] f32[3]", "shapes (2) and (3) do not broadcast: axis -1 is 2 and 3"),
    ("add", {}, "f32[batch] f32[2]", "shapes (batch) and (2) do not broadcast: axis -1 is batch and 2"),
    ("equal", {}, "f32[2] i32[2]", "'equal' needs operands of one element type, got f32[2], i32[2]"),
    ("less", {"dtype": "float16"}, "f32[2] f32[2]", "unknown element type 'float16'"),
    ("where", {}, "f32[2] f32[2] f32[2]", "the condition of 'where' must be bool, got f32[2]"),
    ("where", {}, "bool[2] f32[2] i32[2]", "'where' needs operands of one element type, got f32[2], i32[2]"),
    ("where", {}, "bool[3] f32[2] f32[2]", "shapes (3) and (2) and (2) do not broadcast"),
    ("matmul", {}, "f32[2] f32[2,3]", "'matmul' needs matrices, got f32[2] and f32[2,3]"),
    ("matmul", {}, "f32[5,2] f32[3,4]", "'matmul' of f32[5,2] and f32[3,4]: inner dimensions 2 and 3 differ"),
    ("matmul", {}, "f32[2,batch] f32[2,3]", "inner dimensions batch and 2 differ"),
    ("matmul", {}, "f32[2,3,5] f32[4,5,6]", "shapes (2) and (4) do not broadcast"),
    ("matmul", {}, "f32[2,3] f64[3,5]", "'matmul' needs operands of one element type"),
    ("lane_matmul", {}, "f32[2,2] f32[2,3,5]", "'lane_matmul' needs matrices with lanes, got f32[2,2] and f32[2,3,5]"),
    ("lane_matmul", {}, "f32[5,2,9] f32[3,4,9]", "inner dimensions 2 and 3 differ"),
    ("lane_matmul", {}, "f32[2,3,4] f32[3,5,6]", "shapes (4) and (6) do not broadcast"),
    ("reshape", {"shape": (4,)}, "f32[2,3]", "f32[2,3] has 6 elements and cannot be reshaped to (4), which has 4"),
    ("reshape", {"shape": (BATCH,)}, "f32[batch,2]", "has 2*batch elements and cannot be reshaped to (batch)"),
    ("reshape", {"shape": (-2, -3)}, "f32[6]", "a dimension must be an int of at least 0 or a symbol, got -2"),
    ("transpose", {"axes": (0, 0)}, "f32[2,3]", "'transpose' to axes [0, 0] does not fit f32[2,3]"),
    ("transpose", {"axes": (0, 2)}, "f32[2,3]", "'transpose' to axes [0, 2] does not fit f32[2,3]"),
    ("flip", {"axes": (1, 0)}, "f32[2,3]", "'flip' over axes [1, 0] does not fit f32[2,3]"),
    ("flip", {"axes": (2,)}, "f32[2,3]", "'flip' over axes [2] does not fit f32[2,3]"),
    ("broadcast_to", {"shape": (3, 2)}, "f32[3]", "do not broadcast"),
    ("broadcast_to", {"shape": (3,)}, "f32[2,3]", "f32[2,3] cannot be broadcast to (3)"),
    ("slice", {"starts": (0,), "stops": (1,), "steps": (1,)}, "f32[2,3]", "'slice' has 1 axes and does not fit"),
    (
        "slice",
        {"starts": (2,), "stops": (1,), "steps": (1,)},
        "f32[2]",
        "'slice' 2:1:1 is outside axis 0 of f32[2]",
    ),
    (
        "slice",
        {"starts": (0,), "stops": (3,), "steps": (1,)},
        "f32[2]",
        "'slice' 0:3:1 is outside axis 0 of f32[2]",
    ),
    (
        "slice",
        {"starts": (0,), "stops": (2,), "steps": (0,)},
        "f32[2]",
        "'slice' 0:2:0 is outside axis 0 of f32[2]",
    ),
    ("slice", {"starts": (-1,), "stops": (2,), "steps": (1,)}, "f32[2]", "'slice' -1:2:1 is outside axis 0"),
    (
        "slice",
        {"starts": (0, 0), "stops": (BATCH + 1, -1), "steps": (1, 1)},
        "f32[batch,2]",
        "'slice' 0:batch+1:1 is outside axis 0 of f32[batch,2]",
    ),
    (
        "scatter",
        {"shape": (5,), "starts": (0,), "stops": (2,), "steps": (1,)},
        "f32[3]",
        "f32[3] does not fit into f32[5] at [0]",
    ),
    ("concatenate", {"axis": 0}, "", "'concatenate' needs at least one operand"),
    ("concatenate", {"axis": 1}, "f32[2]", "'concatenate' along axis 1 does not fit f32[2]"),
    ("concatenate", {"axis": 0}, "f32[2,3] f32[2,4]", "f32[2,3] and f32[2,4] cannot be concatenated along axis 0"),
    ("concatenate", {"axis": 0}, "f32[2] f32[2,1]", "f32[2] and f32[2,1] cannot be concatenated along axis 0"),
    ("concatenate", {"axis": 0}, "f32[2] i32[2]", "'concatenate' needs operands of one element type"),
    ("gather", {}, "f32[5,2] f32[3]", "'gather' needs whole numbers as indices, got f32[3]; cast them first"),
    ("gather", {}, "f32[5,2] bool[3]", "'gather' needs whole numbers as indices, got bool[3]"),
    ("gather", {}, "f32[] i32[3]", "'gather' needs a table with rows, got f32[]"),
    ("scatter_add", {"shape": (5, 2)}, "bool[3,2] i32[3]", "'scatter_add' needs numbers, got bool[3,2]"),
    ("scatter_add", {"shape": (5, 2)}, "f32[3,2] f32[3]", "'scatter_add' needs whole numbers as indices"),
    ("scatter_add", {"shape": (5, 2)}, "f32[3,4] i32[3]", "'scatter_add' of f32[3,4] at i32[3] does not fit f32[5,2]"),
    ("scatter_add", {"shape": ()}, "f32[3] i32[3]", "'scatter_add' of f32[3] at i32[3] does not fit f32[]"),
    ("pack", {}, "", "'pack' needs at least one operand"),
    ("pack", {}, "f32[2] f32[batch]", "'pack' needs operands of known size, got f32[2], f32[batch]"),
    ("pack", {}, "f32[2] f64[2]", "'pack' needs operands of one element type"),
    ("unpack", {"shapes": ()}, "f32[0]", "'unpack' needs at least one shape"),
    ("unpack", {"shapes": ((2,), (3,))}, "f32[6]", "'unpack' into 5 elements does not fit f32[6]"),
    ("unpack", {"shapes": ((2, 3),)}, "f32[2,3]", "'unpack' into 6 elements does not fit f32[2,3]"),
    ("random_uniform", {"shape": (2,), "stream": 0}, "u32[3]", "and may have a start of type u32[], got u32[3]"),
    ("random_uniform", {"shape": (2,), "stream": 0}, "i32[2]", "needs a key of type u32[2], and may have"),
    (
        "random_uniform",
        {"shape": (2,), "stream": 0, "dtype": "int32"},
        "u32[2]",
        "'random_uniform' gives floating-point numbers, not i32[2]",
    ),
    ("sum", {"axes": (1,)}, "f32[2]", "'sum' over axes [1] does not fit f32[2]"),
    ("sum", {"axes": (1, 0)}, "f32[2,3]", "'sum' over axes [1, 0] does not fit f32[2,3]"),
    ("max", {"axes": (-1,)}, "f32[2,3]", "'max' over axes [-1] does not fit f32[2,3]"),
    ("argmax", {"axis": 2}, "f32[2,3]", "'argmax' over axis 2 does not fit f32[2,3]"),
    ("max", {"axes": (0,)}, "f32[0,3]", "'max' over axes [0] of f32[0,3] has nothing to choose from"),
    ("argmax", {"axis": 1}, "f32[2,0]", "'argmax' over axes [1] of f32[2,0] has nothing to choose from"),
    ("softmax", {"axis": 0}, "f32[0]", "'softmax' over axes [0] of f32[0] has nothing to choose from"),
    ("sparsemax", {"axis": 0}, "f32[0]", "'sparsemax' over axes [0] of f32[0] has nothing to choose from"),
    ("softmax_crossentropy", {}, "f32[2,0] f32[2,0]", "over axes [1] of f32[2,0] has nothing to choose from"),
    ("size", {"shape": (-1,)}, "", "a dimension must be an int of at least 0 or a symbol, got -1"),
    ("iota", {"length": -1}, "", "a dimension must be an int of at least 0 or a symbol, got -1"),
    ("iota", {"length": 2, "dtype": "bool"}, "", "'iota' needs numbers, got bool[2]"),
    ("cast", {"dtype": "complex64"}, "f32[2]", "unknown element type 'complex64'"),
    ("softmax", {"axis": 1}, "f32[2]", "'softmax' along axis 1 does not fit f32[2]"),
    ("log_softmax", {"axis": -1}, "f32[2]", "'log_softmax' along axis -1 does not fit f32[2]"),
    ("sparsemax", {"axis": 0}, "f32[]", "'sparsemax' along axis 0 does not fit f32[]"),
    ("softmax_crossentropy", {}, "f32[2] f32[3]", "needs logits and labels of one type, got f32[2] and f32[3]"),
    ("softmax_crossentropy", {}, "f32[] f32[]", "needs logits and labels of one type, got f32[] and f32[]"),
    ("sigmoid_crossentropy", {}, "f32[2] f32[1]", "needs logits and labels of one shape, got f32[2] and f32[1]"),
    ("sigmoid_crossentropy", {}, "f32[2] f64[2]", "'sigmoid_crossentropy' needs operands of one element type"),
    *cases.REFUSED,
]


@pytest.mark.parametrize(("name", "attributes", "operands", "fragment"), REFUSED)
def test_operands_that_do_not_fit(name, attributes, operands, fragment):
    with pytest.raises(ShapeError) as caught:
        make_op(name, attributes).result_types(types(operands))
    assert fragment in str(caught.value)


def test_every_type_rule_is_tried():
    tried = {*(name for name, *_ in REFUSED), *FLOATING_ONLY, *NUMBERS_ONLY}
    takes_anything = {op_class(name).infer for name in ("copy", "input", "fusion", "scan")}  # the last two: see below
    assert {op_class(name).infer for name in op_names()} <= {op_class(name).infer for name in tried} | takes_anything


@pytest.mark.parametrize("name", [*FLOATING_ONLY, *NUMBERS_ONLY, *WHOLE_ONLY])
def test_element_types_that_do_not_fit(name):
    attributes = (
        {"axes": (0,)} if name == "sum" else {"axis": 1} if name in {"softmax", "log_softmax", "sparsemax"} else {}
    )
    op = make_op(name, attributes)
    count = op.arity or 1
    wanted, refused = "numbers", ("bool",)
    if name in FLOATING_ONLY:
        wanted, refused = "floating-point numbers", ("bool", "i32")
    elif name in WHOLE_ONLY:
        wanted, refused = "whole numbers", ("bool", "f32", "f64")
    for short in ("f32", "f64", "i32", "u8", "bool"):
        operands = types(f"{short}[3,3] " * count)
        if short in refused:
            with pytest.raises(ShapeError) as caught:
                op.result_types(operands)
            assert f"'{name}' needs {wanted}, got {short}[3,3]" in str(caught.value)
        elif short != "u8":
            assert op.result_types(operands)[0].dtype == operands[0].dtype


def test_arithmetic_ops_state_their_element_types():
    tested = {*FLOATING_ONLY, *NUMBERS_ONLY, *WHOLE_ONLY}
    flexible = {
        "cast",
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "logical_and",
        "logical_or",
    }
    assert {name for name in op_names() if issubclass(op_class(name), Unary | Binary)} <= tested | flexible


def _vector() -> Value:
    return Graph("test").input("x", TensorType("float32", (2, 3)))


def _mixed(x: Value) -> Value:
    return ops.where(x > 0.0, 1.0, 2.0)


@pytest.mark.parametrize(
    ("apply", "error", "fragment"),
    [
        (lambda x: ops.sum(x, 2), ShapeError, "axis 2 is out of range for f32[2,3]"),
        (lambda x: ops.sum(x, (0, -3)), ShapeError, "axis -3 is out of range for f32[2,3]"),
        (lambda x: ops.mean(x, (0, -2)), ShapeError, "axes [0, -2] of f32[2,3] name an axis twice"),
        (lambda x: ops.max(x, (1, 1)), ShapeError, "axes [1, 1] of f32[2,3] name an axis twice"),
        (lambda x: ops.argmax(ops.sum(x)), ShapeError, "axis -1 is out of range for f32[]"),
        (lambda x: ops.softmax(x, 5), ShapeError, "axis 5 is out of range for f32[2,3]"),
        (lambda x: ops.softmax(ops.sum(x)), ShapeError, "axis -1 is out of range for f32[]"),
        (lambda x: ops.log_softmax(x, -3), ShapeError, "axis -3 is out of range for f32[2,3]"),
        (lambda x: ops.take(x, 2, 0, 1), ShapeError, "axis 2 is out of range for f32[2,3]"),
        (lambda x: ops.concatenate([x, x], 2), ShapeError, "axis 2 is out of range for f32[2,3]"),
        (lambda x: ops.reshape(x, (4, -1)), ShapeError, "f32[2,3] has 6 elements and cannot be reshaped to (4, 1)"),
        (lambda x: ops.reshape(x, (-1, -1)), ShapeError, "f32[2,3] has 6 elements and cannot be reshaped to (-1, -1)"),
        (lambda x: ops.reshape(x, (0, -1)), ShapeError, "f32[2,3] cannot be reshaped to [0, -1]"),
        (
            lambda x: ops.reshape(x, (BATCH, -1)),
            ShapeError,
            "f32[2,3] cannot be reshaped to [batch, -1]: dimension 'batch'",
        ),
        (lambda x: ops.one_hot(x, 3), ShapeError, "'one_hot' needs whole numbers, got f32[2,3]"),
        (lambda x: ops.one_hot(x > 0.0, 3), ShapeError, "'one_hot' needs whole numbers, got bool[2,3]"),
        (lambda x: (x > 0.0) + (x > 1.0), ShapeError, "'add' needs numbers, got bool[2,3]; cast it first"),
        (_mixed, TypeError, "'where' needs a graph value to choose from, got two numbers"),
        (lambda x: ops.maximum(1.0, 2.0), TypeError, "'maximum' needs at least one graph value, got 1.0, 2.0"),
    ],
)
def test_functions_that_do_not_fit(apply, error, fragment):
    with pytest.raises(error) as caught:
        apply(_vector())
    assert fragment in str(caught.value)


def test_fusions_check_kind_and_body():
    body = Graph("body")
    x = body.input("x", TensorType("float32", (2,)))
    with pytest.raises(ShapeError, match=r"the body of 'fusion\.k' has no outputs"):
        Fusion("k", body)
    body.output("y", x)
    for kind in ("", "two words", "a(b)", "a\nb"):
        with pytest.raises(ShapeError, match="a fusion's kind must be letters, digits and _, got"):
            Fusion(kind, body)
    with pytest.raises(ShapeError, match=r"'fusion\.k' needs f32\[2\], got f32\[3\]"):
        Fusion("k", body).result_types(types("f32[3]"))


def test_unbound_sizes_name_the_symbol():
    with pytest.raises(SymbolError, match="dimension 'batch' is only known at run time"):
        make_op("size", {"shape": (BATCH,)}).evaluate()


def _step(carry: str = "f32[2]", **changes: int) -> Scan:
    body = Graph("body")
    _, x = body.input("h", types(carry)[0]), body.input("x", TensorType("float32", (2,)))
    body.output("next", x)
    body.output("stack", x)
    return Scan(body, **({"carries": 1, "sequences": 1} | changes))


@pytest.mark.parametrize(
    ("operands", "fragment"),
    [
        ("f32[2]", "takes f32[2], f32[2], its operands give f32[2]"),
        ("f32[3] f32[5,2]", "takes f32[2], f32[2], its operands give f32[3], f32[2]"),
        ("f32[2] f32[2]", "takes f32[2], f32[2], its operands give f32[2], f32[]"),
        ("f32[2] f32[]", "a sequence of a 'scan' needs a first axis, which is time"),
    ],
)
def test_scans_check_their_operands(operands, fragment):
    with pytest.raises(ShapeError) as caught:
        _step().result_types(types(operands))
    assert fragment in str(caught.value)


def test_scans_check_their_bodies():
    with pytest.raises(ShapeError, match="there must be at least one sequence"):
        _step(sequences=0)
    with pytest.raises(ShapeError, match="over 2 sequences with 1 carries does not fit its body, which has 2 inputs"):
        _step(sequences=2)
    with pytest.raises(ShapeError, match=r"the carries of a 'scan' are f32\[3\], its body makes them f32\[2\]"):
        _step("f32[3]").result_types(types("f32[3] f32[5,2]"))
    body = Graph("body")
    x, y = (body.input(label, TensorType("float32", ())) for label in "xy")
    body.output("sum", x + y)
    with pytest.raises(ShapeError, match="the sequences of a 'scan' have different lengths: 3, 4"):
        Scan(body, carries=0, sequences=2).result_types(types("f32[3] f32[4]"))
    body.input("z", TensorType("float32", ()))
    with pytest.raises(ShapeError, match="the body of a scan with 2 carries has 1 outputs"):
        Scan(body, carries=2, sequences=1)
