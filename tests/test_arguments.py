"""Declared arguments: signatures, checks, configs and errors that are made of them."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import numpy
import pytest

import nnc
from nnc.arguments import (
    Declared,
    argument,
    choice,
    flag,
    number,
    passed_on,
    positive,
    random_seed,
    unsupported,
    whole,
)
from nnc.errors import ArgumentError, ModelError


class Kind:
    """What a user's own class would derive from: it keeps a name."""

    registered: ClassVar[dict[str, type[Any]]] = {}
    noun = "thing"

    def __init__(self, name: str = "thing") -> None:
        self.name = name

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class Base(Declared, Kind):
    size: int = positive()
    shape: Any = argument(default=(1, 2))
    given_name: str = passed_on(default="base", kw_only=True, alias="name")


class Concrete(Base, names=("Concrete", "concrete")):
    shape: Any = argument(default=(3,))
    rate: float = number(low=0, high=1, default=0.5)
    is_fast: bool = flag(default=False)
    mode: str = choice("slow", "fast", default="slow", written="unless default")
    levels: int | None = whole(2, default=None)
    seed: int | None = random_seed(default=None, kw_only=True)
    old: Any = unsupported(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.double = 2 * self.size


class Users(Concrete):
    def __init__(self, size: int, gain: float = 1.0, **options: Any) -> None:
        super().__init__(size, **options)
        self.gain = gain


def test_a_signature_has_the_arguments_of_the_bases_first_and_those_by_name_last():
    assert str(inspect.signature(Concrete)) == (
        "(size: 'int', shape: 'Any' = (3,), rate: 'float' = 0.5, is_fast: 'bool' = False, mode: 'str' = 'slow',"
        " levels: 'int | None' = None, *, name: 'str' = 'base', seed: 'int | None' = None, old: 'Any' = None) -> None"
    )
    assert list(inspect.signature(Users).parameters) == ["size", "gain", "options"]
    assert not hasattr(Concrete, "size")


def test_an_object_has_its_arguments_and_what_is_made_of_them():
    made = Concrete(numpy.int64(2), (4, (5, 6)), numpy.float32(0.25), 1, name="mine")
    assert (made.size, made.shape, made.rate, made.is_fast, made.mode, made.double) == (
        2,
        (4, (5, 6)),
        0.25,
        True,
        "slow",
        4,
    )
    assert [type(item) for item in (made.size, made.rate, made.is_fast)] == [int, float, bool]
    assert made.name == "mine"
    assert not hasattr(made, "given_name")


def test_a_config_makes_an_equal_object():
    made = Concrete(2, (4, (5, 6)), seed=3, mode="fast")
    config = made.get_config()
    assert config == {
        "name": "base",
        "size": 2,
        "shape": [4, [5, 6]],
        "rate": 0.5,
        "is_fast": False,
        "mode": "fast",
        "levels": None,
        "seed": 3,
    }
    assert Concrete.from_config(config).get_config() == config
    assert "mode" not in Concrete(2).get_config()


def test_an_own_constructor_goes_on_with_that_of_the_class():
    made = Users(2, 3.0, rate=1, name="mine")
    assert (made.gain, made.rate, made.double, made.name) == (3.0, 1, 4, "mine")
    assert Users.from_config({"size": 2}).gain == 1.0


def test_names_on_the_class_line_are_those_of_the_kind():
    assert Kind.registered == {"Concrete": Concrete, "concrete": Concrete}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Concrete(), "thing Concrete: size is missing"),
        (lambda: Concrete(2, raet=1), "thing Concrete has no argument 'raet'. Did you mean 'rate'?"),
        (lambda: Concrete(2, size=1), "thing Concrete: size is given by position and by name"),
        (lambda: Concrete(2, 1, 1, 1, "slow", 2, "x"), "thing Concrete takes 6 arguments by position, got 7"),
        (lambda: Concrete.from_config({3: 1}), "thing Concrete has no argument 3"),
        (lambda: Users.from_config({"size": 2, "siez": 1}), "thing Users has no argument 'siez'. Did you mean 'size'?"),
    ],
)
def test_arguments_that_do_not_fit_the_signature(make, message):
    with pytest.raises(ModelError) as error:
        make()
    assert str(error.value) == message
    assert isinstance(error.value, ArgumentError)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"size": 0}, "size must be a positive integer, got 0"),
        ({"size": True}, "size must be a positive integer, got True"),
        ({"size": 2.0}, "size must be a positive integer, got 2.0"),
        ({"rate": 1.5}, "rate must be a number from 0 to 1, got 1.5"),
        ({"rate": float("nan")}, "rate must be a number from 0 to 1, got nan"),
        ({"rate": None}, "rate must be a number from 0 to 1, got None"),
        ({"rate": False}, "rate must be a number from 0 to 1, got False"),
        ({"is_fast": "no"}, "is_fast must be True or False, got 'no'"),
        ({"mode": "fats"}, "mode must be one of slow, fast, got 'fats'. Did you mean 'fast'?"),
        ({"levels": 1}, "levels must be an integer of at least 2, got 1"),
        ({"seed": 0.5}, "seed must be an integer or None, got 0.5"),
        ({"old": 3}, "old is not supported; leave it out"),
    ],
)
def test_values_that_are_wrong(given, message):
    with pytest.raises(ModelError) as error:
        Concrete(**{"size": 2, **given})
    assert str(error.value) == f"thing Concrete: {message}"


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "a finite number"),
        ({"low": 0}, "a finite number of at least 0"),
        ({"above": 0}, "a finite number above 0"),
        ({"low": 0, "below": 1}, "a number from 0 to below 1"),
        ({"high": 3}, "a finite number of at most 3"),
    ],
)
def test_limits_of_numbers(limits, message):
    class Limited(Declared):
        x: float = number(**limits)

    with pytest.raises(ModelError, match=f"^Limited: x must be {message}, got inf$"):
        Limited(float("inf"))


def test_infinity_is_no_limit():
    assert nnc.layers.ReLU(float("inf")).max_value is None
    assert nnc.layers.ReLU(6).get_config()["max_value"] == 6
    with pytest.raises(ModelError, match="max_value must be a finite number of at least 0, got nan"):
        nnc.layers.ReLU(float("nan"))
