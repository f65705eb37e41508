"""A registry of a kind that no package has: what every kind gets from the table alone."""

import pytest

from nnc.objects import Registry, build, function_config
from tests.registry_battery import check_mistake


class Penalty:
    def __init__(self, factor=0.01):
        self.factor = factor

    def get_config(self):
        return {"factor": self.factor}

    @classmethod
    def from_config(cls, config):
        return build(cls, config, f"penalty {cls.__name__}")


class Own(Penalty):
    pass


REGISTRY = Registry("penalty", Penalty, {"Penalty": Penalty, "l2": Penalty}, "keras.penalties", "a Penalty")


@pytest.mark.parametrize(
    "identifier", ["l2", "Penalty", Penalty, {"class_name": "l2"}, {"class_name": "l2", "config": None}]
)
def test_names_classes_and_configs_give_new_objects(identifier):
    assert type(REGISTRY.get(identifier)) is Penalty
    assert REGISTRY.get(identifier).factor == 0.01


def test_own_objects():
    own = Own(0.5)
    assert REGISTRY.get(own) is own
    assert REGISTRY.get("mine", {"mine": own}) is own
    assert type(REGISTRY.get("l2", {"l2": Own})) is Own
    config = REGISTRY.serialize(own)
    assert (config["module"], config["registered_name"]) == (__name__, "Own")
    assert REGISTRY.deserialize(config, {"Own": Own}).factor == 0.5


def test_known_classes_have_keras_module():
    assert REGISTRY.serialize(Penalty(2.0)) == {
        "module": "keras.penalties",
        "class_name": "Penalty",
        "config": {"factor": 2.0},
        "registered_name": None,
    }


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: REGISTRY.get("penalti"), "unknown penalty 'penalti'. Did you mean 'Penalty'?"),
        (lambda: REGISTRY.get("min", {"mine": Own}), "unknown penalty 'min'. Did you mean 'mine'?"),
        (lambda: REGISTRY.get("mine", {"mine": None}), "unknown penalty 'mine'."),
        (lambda: REGISTRY.get(None), "a penalty must be a name, a config or a Penalty, got None"),
        (lambda: REGISTRY.get(dict), "a penalty must be a name, a config or a Penalty, got <class 'dict'>"),
        (lambda: REGISTRY.get("mine", {"mine": 3}), "penalty 'mine' must be a Penalty, got 3"),
        (
            lambda: REGISTRY.get({"class_name": "l2", "config": []}),
            "a penalty's config needs 'class_name' and 'config'",
        ),
        (
            lambda: REGISTRY.get({"class_name": "l2", "config": {"facto": 1}}),
            "penalty Penalty has no argument 'facto'.",
        ),
        (lambda: REGISTRY.get({"class_name": "o", "config": {"a": 1}}, {"o": Own()}), "penalty 'o' takes no config"),
        (lambda: build(complex, {"real": "1", "imag": "2"}, "number complex"), "number complex cannot be built from"),
        (lambda: function_config(lambda: 0, "penalty 'mine'"), "penalty 'mine' has no name and cannot be saved"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)
