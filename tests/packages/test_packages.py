"""Models that published packages build predict as in Keras, and train as closely as Keras with other roundings."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import pytest

from tests.hub.comparison import compared
from tests.packages import MODELS

MODULES = {
    "csbdeep": "csbdeep",
    "keras-cv-attention-models": "keras_cv_attention_models",
    "keras-mdn-layer": "keras_mdn_layer",
    "keras-rs": "keras_rs",
    "keras-tcn": "tcn",
    "keras-tuner": "keras_tuner",
    "keras-unet-collection": "keras_unet_collection",
    "kimm": "kimm",
    "ncps": "ncps",
}


def test_every_package_has_a_module():
    assert MODULES.keys() == {model.kind for model in MODELS.values()}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_published_models(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("tensorflow")
    if find_spec(MODULES[MODELS[name].kind]) is None:  # not imported here: some ask first for what Keras they run on
        pytest.skip(f"{MODELS[name].kind} is not installed")
    found = compared(MODELS[name], shakes=True)
    assert found.shaken is not None
    assert found.predicted < 1e-5
    assert found.loss < max(1e-4, 10 * found.shaken)
