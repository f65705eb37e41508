"""Names and arguments of `nnc.preprocessing`, beside those of Keras and of what it keeps of Keras 2."""

from __future__ import annotations

import inspect

import pytest

import nnc

LEFT_OUT = {"deserialize", "get", "serialize"}


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras._tf_keras.keras")


def public(module):
    return {name for name in dir(module) if not name.startswith("_")}


def arguments(function):
    return [(item.name, item.kind, item.default) for item in inspect.signature(function).parameters.values()]


def test_names_are_those_of_keras(keras):
    assert public(nnc.preprocessing) == public(keras.preprocessing) == set(nnc.preprocessing.__all__)
    for name in ("image", "sequence", "text"):
        assert set(getattr(nnc.preprocessing, name).__all__) == public(getattr(keras.preprocessing, name))


def functions():
    for name in ("image", "sequence", "text"):
        module = getattr(nnc.preprocessing, name)
        yield from ((name, found) for found in module.__all__)


@pytest.mark.parametrize(("module", "name"), list(functions()))
def test_arguments_are_those_of_keras(module, name, keras):
    ours = getattr(getattr(nnc.preprocessing, module), name)
    theirs = getattr(getattr(keras.preprocessing, module), name)
    assert plain(arguments(ours)) == plain(arguments(theirs))
    if inspect.isclass(theirs):
        for method, function in vars(theirs).items():
            if inspect.isfunction(function) and not method.startswith("_") and method not in NOT_THERE:
                assert plain(arguments(getattr(ours, method))) == plain(arguments(function)), method


NOT_THERE = {"set_processing_attrs"}


def plain(found):
    """Without what a name of an argument of Keras's own is."""
    return [item for item in found if item[0] not in ("self", "idx", "index")]


@pytest.mark.parametrize("name", sorted(set(nnc.preprocessing.__all__) - {"image", "sequence", "text"}))
def test_data_sets_are_those_of_utils(name):
    assert getattr(nnc.preprocessing, name) is getattr(nnc.utils, name)


def test_unknown_name():
    with pytest.raises(AttributeError, match=r"^module 'nnc\.preprocessing' has no attribute 'images'$"):
        nnc.preprocessing.images  # noqa: B018
