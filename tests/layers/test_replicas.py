"""Every layer in replicas, in lanes where it has a form for it, is the layer in a network that is trained alone."""

from __future__ import annotations

import numpy
import pytest

import nnc
from tests.layers.cases import CASES, Case, with_others_slow

COUNT = 8
IN_LANES = frozenset(
    {
        *("Dense", "EinsumDense", "Embedding", "LayerNormalization", "BatchNormalization", "PReLU", "Dropout"),
        *("Add", "Concatenate", "Dot", "Flatten", "Permute", "RepeatVector", "ZeroPadding2D", "Softmax"),
    }
)
"""Some that must have a form in lanes."""


def model_of(case: Case) -> nnc.Model | None:
    """Return a model that trains on what a layer returns; None where that is no number."""
    inputs = case.symbolic()
    outputs = [item for item in case.outputs(case.make(), inputs) if item.dtype.startswith("float")]
    if not outputs or any(None in item.shape[1:] for item in outputs):
        return None
    flat = [nnc.layers.Flatten()(item) for item in outputs]
    joined = flat[0] if len(flat) == 1 else nnc.layers.Concatenate()(flat)
    return nnc.Model(inputs, nnc.layers.Dense(2)(joined))


@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning", "ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize("case", with_others_slow(CASES), ids=str)
@pytest.mark.sampled(20)
def test_a_replica_is_the_network_trained_alone(case):
    nnc.utils.set_random_seed(case.seed)
    model = model_of(case)
    if model is None:
        pytest.skip("it returns no floating-point numbers of known shape")
    model.compile(nnc.optimizers.SGD(1e-3), "mse")
    program = nnc.compile(model, dtype="float64", backend="numpy", replicas=COUNT, seeds=range(COUNT))
    if case.layer in IN_LANES:
        assert program.spec.replication.lanes > 1, program.spec.replication
    alone = program[3]
    x, y = case.inputs("float64"), numpy.random.default_rng(1).normal(size=(4, 2))
    x = x if len(x) > 1 else x[0]
    together, single = (item.fit(x, y, epochs=3, batch_size=2, verbose=0).history["loss"] for item in (program, alone))
    numpy.testing.assert_allclose(numpy.array(together)[:, 3], single, rtol=1e-9, atol=1e-12)
    for several, own in zip(program.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(several[3], own, rtol=1e-8, atol=1e-10)
    numpy.testing.assert_allclose(program.predict(x)[3], alone.predict(x), rtol=1e-8, atol=1e-10)
