"""Operations of `keras.ops` that are activations."""

from __future__ import annotations

from nnc import activations
from nnc.ir import ops
from nnc.operations.registry import operation

operation("Celu", module="nn")(activations.celu)
operation("Elu", module="nn")(activations.elu)
operation("Gelu", module="nn")(activations.gelu)
operation("Glu", module="nn")(activations.glu)
operation("HardShrink", module="nn")(activations.hard_shrink)
operation("HardSigmoid", module="nn")(activations.hard_sigmoid)
operation("HardSilu", module="nn")(activations.hard_silu)
operation("HardTanh", module="nn")(activations.hard_tanh)
operation("LeakyRelu", module="nn", floats=True)(activations.leaky_relu)
operation("LogSigmoid", module="nn")(activations.log_sigmoid)
operation("LogSoftmax", module="nn")(activations.log_softmax)
operation("Relu6", module="nn")(activations.relu6)
operation("Selu", module="nn")(activations.selu)
operation("Silu", module="nn")(activations.silu)
operation("SoftShrink", module="nn")(activations.soft_shrink)
operation("Softmax", module="nn")(activations.softmax)
operation("Softsign", module="nn")(activations.softsign)
operation("Sparsemax", module="nn")(activations.sparsemax)
operation("SparsePlus", module="nn")(activations.sparse_plus)
operation("SparseSigmoid", module="nn")(activations.sparse_sigmoid)
operation("Squareplus", module="nn")(activations.squareplus)
operation("TanhShrink", module="nn")(activations.tanh_shrink)
operation("Threshold", module="nn")(activations.threshold)
operation("Relu", module="nn")(ops.relu)
operation("Sigmoid", module="nn")(ops.sigmoid)
operation("Softplus", module="nn")(ops.softplus)
