"""Every public name of Keras is there, or raises an error that says why not, and docs/keras-names.md says which."""

from __future__ import annotations

import inspect
import warnings
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest

from nnc.absent_names import REASONS, reason_of
from nnc.keras_answers import Answer, room_of
from tests.docs.keras_names import TARGET, is_there, page, public_names

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")


def test_a_name_is_there_or_has_a_reason() -> None:
    names = public_names()
    assert len(names) > 1600
    assert [name for name in names if not is_there(name) and reason_of(name) is None] == [], "say why in absent_names"
    assert [name for name in names if is_there(name) and reason_of(name)] == [], "a reason for what is there"


def test_reasons_are_for_names_of_keras() -> None:
    names = public_names()
    unused = [pattern for pattern in REASONS if not any(fnmatchcase(name, pattern) for name in names)]
    assert unused == []


def test_an_absent_name_raises_its_reason() -> None:
    absent = [name for name in public_names() if not is_there(name)]
    assert absent
    for name in absent:
        space, _, last = f"keras.{name}".rpartition(".")
        room = room_of(space)
        if room is None:  # the whole room is absent, whose own name raises
            assert reason_of(space.removeprefix("keras.")) is not None, name
        elif name != "export":  # nnc has a room of that name, which writes C and Python
            reason = reason_of(name)
            with pytest.raises(AttributeError) as caught:
                getattr(import_module(room), last)
            assert str(caught.value) == f"{room} has no {last}: {reason}"


OF_ANOTHER_KIND = {
    **dict.fromkeys(("losses.KLD", "losses.MAE", "losses.MAPE", "losses.MSE", "losses.MSLE"), "nnc's are classes"),
    **dict.fromkeys(("metrics.MAE", "metrics.MAPE", "metrics.MSE", "metrics.MSLE"), "nnc's are classes"),
    "name_scope": "a block is made by a function",
}
"""Names that are functions on one side and classes on the other."""


def kind(item: Any) -> str:
    return "class" if inspect.isclass(item) else "function" if callable(item) else type(item).__name__


def test_a_name_is_of_the_kind_of_keras() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("keras._tf_keras.keras")
    other = []
    for name in public_names():
        space, _, last = f"keras.{name}".rpartition(".")
        room = room_of(space)
        if room is None or not is_there(name):
            continue
        for place in (space, f"keras._tf_keras.{space}"):
            if find_spec(place) is None:
                continue
            theirs = getattr(import_module(place), last, None)
            if theirs is not None and not isinstance(theirs, ModuleType):
                if kind(getattr(Answer(space, room), last)) != kind(theirs):
                    other.append(name)
                break
    assert sorted(other) == sorted(OF_ANOTHER_KIND)


def test_the_page_is_up_to_date() -> None:
    assert TARGET.read_text() == page(), "run python -m tests.docs.keras_names --write"
