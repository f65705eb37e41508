"""Names and signatures of `nnc.utils`, beside those of `keras.utils`."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import nnc

OWN = {"random_generator"}
"""What Keras has not."""


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def arguments(function: object) -> list[tuple[str, object, object]]:
    return [(item.name, item.kind, item.default) for item in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("name", sorted(set(nnc.utils.__all__) - OWN - {"bounding_boxes"}))
def test_arguments_are_those_of_keras(name, keras):
    assert arguments(getattr(nnc.utils, name)) == arguments(getattr(keras.utils, name))


@pytest.mark.parametrize("name", nnc.utils.bounding_boxes.__all__)
def test_arguments_of_functions_of_boxes(name, keras):
    assert arguments(getattr(nnc.utils.bounding_boxes, name)) == arguments(getattr(keras.utils.bounding_boxes, name))


def test_names_are_listed():
    shown = {name for name in dir(nnc.utils) if not name.startswith("_")}
    assert shown == set(nnc.utils.__all__)
    assert nnc.utils.__all__ == sorted(nnc.utils.__all__)
    with pytest.raises(AttributeError, match=r"^module 'nnc\.utils' has no attribute 'normalise'$"):
        nnc.utils.normalise  # noqa: B018


def test_seeds_alone_are_imported_at_once():
    code = "import sys, nnc.utils; print(*sorted(name for name in sys.modules if name.startswith('nnc.utils')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["nnc.utils", "nnc.utils.seeds"]
