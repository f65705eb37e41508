"""Sessions and symbolic tensors, beside Keras's."""

from __future__ import annotations

import gc
import weakref

import numpy
import pytest

import nnc


def layer_names(module):
    model = module.Sequential(
        [module.Input((2,)), module.layers.Dense(2), module.layers.Dense(1), module.layers.ReLU()]
    )
    return [layer.name for layer in model.layers]


def test_names_of_layers_are_those_of_keras_after_it():
    keras = pytest.importorskip("keras")
    for module in (nnc, keras):
        layer_names(module)
        module.utils.clear_session()
    assert layer_names(nnc) == layer_names(keras) == ["dense", "dense_1", "re_lu"]


def test_layers_have_the_element_type_of_floatx_after_it():
    keras = pytest.importorskip("keras")
    found = []
    for module in (nnc, keras):
        module.config.set_dtype_policy("float64")
        found.append(module.layers.Dense(1).dtype)
        module.utils.clear_session()
        found.append(module.layers.Dense(1).dtype)
    assert found == ["float64", "float32"] * 2


@pytest.mark.parametrize("free_memory", [True, False])
def test_memory_is_freed_where_wanted(free_memory):
    class Circle:
        def __init__(self):
            self.itself = self

    gc.disable()
    try:
        gone = weakref.ref(Circle())
        nnc.utils.clear_session(free_memory=free_memory)
        assert (gone() is None) == free_memory
    finally:
        gc.enable()


def test_symbolic_tensors_are_known():
    keras = pytest.importorskip("keras")
    for module in (nnc, keras):
        given = module.Input((2,))
        found = [given, module.layers.Dense(1)(given), given + 1, numpy.ones(2), 3.0, None, module.layers.Dense(1)]
        assert [module.utils.is_keras_tensor(item) for item in found] == [True] * 3 + [False] * 4


def test_sources_of_tensors():
    keras = pytest.importorskip("keras")
    found = []
    for module in (nnc, keras):
        first, second, unused = (module.Input((2,), name=name) for name in ("first", "second", "unused"))
        middle = module.layers.Dense(2)(second)
        joined = module.layers.Add()([middle, first, module.layers.Dense(2)(middle)])
        outputs = module.layers.Dense(1)(joined)
        sources = module.utils.get_source_inputs(outputs)
        found.append([[first, second, unused].index(tensor) for tensor in sources])
        assert module.utils.get_source_inputs(unused) == [unused]
        assert module.utils.get_source_inputs(5) == 5
    assert found[0] == found[1] == [1, 0]
