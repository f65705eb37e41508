"""Backbones of KerasHub with random weights predict and train as in Keras; those that are refused say why."""

from __future__ import annotations

import warnings

import pytest

from nnc.errors import NncError
from tests.hub import BACKBONES
from tests.hub.comparison import compared
from tests.hub.refused import REFUSED, UNTRIED

EXAMPLES = [name for name, backbone in BACKBONES.items() if backbone.is_example and name not in REFUSED]
OTHERS = [name for name in BACKBONES if name not in (*EXAMPLES, *REFUSED, *UNTRIED)]
BASES = {"Backbone", "FeaturePyramidBackbone"}


@pytest.fixture(scope="module", autouse=True)
def keras_hub():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("tensorflow")
        return pytest.importorskip("keras_hub")


def check(name: str, backend: str) -> None:
    found = compared(BACKBONES[name], backend)
    assert found.predicted < 1e-5
    assert found.loss < 1e-4
    assert found.trained < 5e-4


def test_every_backbone_is_listed(keras_hub):
    exported = {name for name in dir(keras_hub.models) if name.endswith("Backbone")}
    assert exported - BASES == set(BACKBONES)
    assert REFUSED.keys() <= BACKBONES.keys()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.sampled(3)
def test_one_of_each_kind(name):
    check(name, "c")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OTHERS)
def test_all_others(name):
    check(name, "numpy")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REFUSED)
def test_the_rest_is_refused(name):
    with pytest.raises(NncError) as caught:
        compared(BACKBONES[name])
    assert REFUSED[name].error in str(caught.value)
