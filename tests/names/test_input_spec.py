"""`InputSpec` beside Keras's: made alike, and accepting the same inputs."""

from __future__ import annotations

import itertools

import numpy
import pytest

import nnc
from nnc.errors import ModelError

SPECS = [
    {"ndim": 2},
    {"min_ndim": 3},
    {"max_ndim": 2},
    {"shape": (None, 3)},
    {"shape": (2, 3, 1), "allow_last_axis_squeeze": True},
    {"shape": (2, 3), "dtype": "float32"},
    {"dtype": "int32"},
    {"axes": {-1: 3}},
    {"axes": {"1": 3}, "min_ndim": 2},
    {"ndim": 2, "name": "left", "optional": True},
]
WRONG = [{"axes": {2: 3}, "ndim": 2}, {"axes": {"last": 3}}, {"axes": 3}, {"axes": {3: 1}, "max_ndim": 3}]
INPUTS = [
    numpy.zeros(shape, dtype)
    for shape in ((2,), (2, 3), (2, 4), (2, 3, 1), (2, 3, 4))
    for dtype in ("float32", "int32")
]


def refusal(function, *arguments):
    try:
        function(*arguments)
    except (ValueError, TypeError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("options", SPECS, ids=str)
def test_specifications(options):
    import keras
    from keras.src.layers.input_spec import assert_input_compatibility

    from nnc.layers.input_spec import check_inputs

    theirs, ours = keras.InputSpec(**options), nnc.InputSpec(**options)
    assert ours.get_config() == theirs.get_config()
    assert repr(ours) == repr(theirs)
    assert nnc.InputSpec.from_config(ours.get_config()).get_config() == ours.get_config()
    for x in [*INPUTS, None, [INPUTS[0], INPUTS[1]]]:
        assert refusal(check_inputs, ours, x, "a") == _in_short(refusal(assert_input_compatibility, theirs, x, "a")), x


def _in_short(text):
    """Return Keras's message without the numbers of the inputs."""
    return text if text is None else text.partition(" Inputs received:")[0]


@pytest.mark.parametrize("options", WRONG, ids=str)
def test_wrong_specifications(options):
    import keras

    for lib in (keras, nnc):
        with pytest.raises((ValueError, TypeError)):
            lib.InputSpec(**options)


def test_each_call_is_checked():
    class Twice(nnc.Layer):
        def __init__(self):
            super().__init__()
            self.input_spec = nnc.layers.InputSpec(ndim=3)

        def call(self, x):
            return x * 2.0

    message = "expected ndim=3, found ndim=2"
    with pytest.raises(ModelError, match=message):
        Twice()(nnc.Input((4,)))
    with pytest.raises(ModelError, match=message):
        Twice()(numpy.ones((2, 3), "float32"))
    assert Twice()(nnc.Input((4, 5))).shape == (None, 4, 5)
    assert Twice()([[[1.0]]]).tolist() == [[[2.0]]]


def test_several_inputs():
    import keras

    from nnc.layers.input_spec import check_inputs

    for count, given in itertools.product((1, 2, 3), (1, 2)):
        specs = [nnc.InputSpec(ndim=2, name=f"x{number}") for number in range(count)]
        inputs = {f"x{number}": INPUTS[2] for number in range(given)}
        theirs = [keras.InputSpec(ndim=2, name=f"x{number}") for number in range(count)]
        from keras.src.layers.input_spec import assert_input_compatibility

        assert (refusal(check_inputs, specs, inputs, "a") is None) == (
            refusal(assert_input_compatibility, theirs, inputs, "a") is None
        )
