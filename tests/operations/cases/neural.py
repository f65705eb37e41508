"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: activations."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Celu": lambda ops, x: ops.celu(x - 1.0, alpha=0.7),
    "Elu": lambda ops, x: ops.elu(x - 1.0),
    "Gelu": lambda ops, x: ops.gelu(x, approximate=False),
    "Glu": lambda ops, x: ops.glu(x, axis=1),
    "HardShrink": lambda ops, x: ops.hard_shrink(x - 1.0, threshold=0.2),
    "HardSigmoid": lambda ops, x: ops.hard_sigmoid(x),
    "HardSilu": lambda ops, x: ops.hard_silu(x),
    "HardTanh": lambda ops, x: ops.hard_tanh(3.0 * x - 3.0),
    "LeakyRelu": lambda ops, x: ops.leaky_relu(x - 1.0, negative_slope=0.3),
    "LogSigmoid": lambda ops, x: ops.log_sigmoid(x),
    "LogSoftmax": lambda ops, x: ops.log_softmax(x, axis=-1),
    "Relu": lambda ops, x: ops.relu(x - 1.0),
    "Relu6": lambda ops, x: ops.relu6(x * 6.0),
    "Selu": lambda ops, x: ops.selu(x),
    "Sigmoid": lambda ops, x: ops.sigmoid(x),
    "Silu": lambda ops, x: ops.silu(x),
    "SoftShrink": lambda ops, x: ops.soft_shrink(x - 1.0, threshold=0.2),
    "Softmax": lambda ops, x: ops.softmax(x, axis=1),
    "Softplus": lambda ops, x: ops.softplus(x),
    "Softsign": lambda ops, x: ops.softsign(x),
    "Sparsemax": lambda ops, x: ops.sparsemax(1000.0 * x),
    "SparsePlus": lambda ops, x: ops.sparse_plus(4.0 * x - 4.0),
    "SparseSigmoid": lambda ops, x: ops.sparse_sigmoid(4.0 * x - 4.0),
    "Squareplus": lambda ops, x: ops.squareplus(x, b=2),
    "TanhShrink": lambda ops, x: ops.tanh_shrink(x),
    "Threshold": lambda ops, x: ops.threshold(x, 1.0, -3.0),
}
