"""Every layer that takes regularizers and constraints gives them to its weights."""

from __future__ import annotations

import inspect

import pytest

import nnc
from tests.layers.cases import CASES

ENDS = ("_regularizer", "_constraint")


def arguments(layer: str) -> list[str]:
    """The names of a layer's arguments that are about weights."""
    cls = getattr(nnc.layers, layer)
    names = [name for base in cls.__mro__ for name in inspect.signature(base.__init__).parameters]
    return sorted({name for name in names if name.endswith(ENDS) and not name.startswith("activity")})


FIRST = {case.layer: case for case in reversed(CASES) if arguments(case.layer) and not callable(case.config)}


@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
def test_weights_have_what_the_arguments_say(case):
    given = {
        name: getattr(nnc, "regularizers" if name.endswith("regularizer") else "constraints").get(
            "l2" if name.endswith("regularizer") else "non_neg"
        )
        for name in arguments(case.layer)
    }
    layer = getattr(nnc.layers, case.layer)(**{**case.arguments(nnc), **given})
    case.call(layer, case.inputs())
    found = {id(item) for weight in layer.weights for item in (weight.regularizer, weight.constraint)}
    used = {name for name, item in given.items() if id(item) in found}
    has = {name for name in given for weight in layer.weights if weight.name.startswith(name.split("_")[0])}
    assert used >= has
    assert used
    config = layer.get_config()
    assert all(config[name] is not None for name in given)
