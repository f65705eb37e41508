"""`nnc.utils.Config` and `nnc.losses.Reduction`, beside Keras's."""

from __future__ import annotations

import copy
import pickle

import numpy
import pytest

import nnc


def steps(cls):
    """Return what happens to a config, step by step."""
    config = cls(rate=0.1, momentum=0.9)
    config.seed = 3
    config["name"] = "adam"
    config.update({"a": 1}, b=2)
    yield list(config), len(config), dict(config.items()), config.as_dict(), repr(config), config.to_json()
    yield config.pop("a"), config.get("a"), config.get("a", 5), "a" in config, "b" in config, config.frozen
    del config["b"]
    config.freeze()
    for change in (
        lambda: setattr(config, "seed", 4),
        lambda: config.update(seed=4),
        lambda: config.pop("seed"),
        lambda: config.__setitem__("seed", 4),
        lambda: config.__delitem__("seed"),
    ):
        with pytest.raises(ValueError, match="the config is frozen"):
            change()
    yield config.seed, config.frozen, sorted(config.keys()), list(config.values())
    with pytest.raises(AttributeError, match=r"Unknown attribute: 'sede'\. Did you mean 'seed'\?"):
        _ = config.sede
    config.unfreeze()
    config.seed = 4
    yield config.seed


def test_a_config_does_what_keras_does():
    keras = pytest.importorskip("keras")
    assert list(steps(nnc.utils.Config)) == list(steps(keras.utils.Config))


def test_a_config_is_copied():
    config = nnc.utils.Config(rate=0.1)
    for again in (copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        again.rate = 0.2
        assert (config.rate, again.rate) == (0.1, 0.2)


def test_reductions():
    legacy = pytest.importorskip("keras.src.legacy.losses")
    ours, theirs = nnc.losses.Reduction, legacy.Reduction
    assert ours.all() == theirs.all()
    assert {name: getattr(ours, name) for name in ("AUTO", "NONE", "SUM", "SUM_OVER_BATCH_SIZE")} == {
        name: getattr(theirs, name) for name in ("AUTO", "NONE", "SUM", "SUM_OVER_BATCH_SIZE")
    }
    ours.validate("sum")
    with pytest.raises(ValueError, match="Invalid Reduction Key: product"):
        ours.validate("product")
    loss = nnc.losses.MeanSquaredError(reduction=ours.NONE)
    assert numpy.asarray(loss([[1.0], [2.0]], [[0.0], [0.0]])).tolist() == [1.0, 4.0]
    with pytest.raises(ValueError, match="auto"):
        nnc.losses.MeanSquaredError(reduction=ours.AUTO)
