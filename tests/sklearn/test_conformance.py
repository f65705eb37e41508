"""scikit-learn's own checks of estimators."""

from __future__ import annotations

from typing import Any

import pytest

import nnc

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from nnc.sklearn import Classifier, Regressor


@parametrize_with_checks([Classifier(), Regressor()])
@pytest.mark.filterwarnings("default")  # what checks provoke, such as a column of targets, is theirs
def test_checks(estimator, check):
    check(estimator)


def in_single_precision(meta: Any, units: int = 32) -> nnc.Sequential:
    """Return a network that computes as models do unless they say otherwise."""
    several = meta["target_type_"] == "multiclass"
    width = meta["n_classes_"] if several else meta["n_outputs_"]
    hidden = nnc.layers.Dense(units, activation="relu", input_dim=meta["n_features_in_"])
    return nnc.Sequential([hidden, nnc.layers.Dense(width)])


ROUNDING = "in single precision rounding depends on how many rows a product has, by more than the 1e-7 asked for"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": ROUNDING,
    "check_methods_subset_invariance": ROUNDING,
}


@pytest.mark.slow
@parametrize_with_checks(
    [Classifier(in_single_precision), Regressor(in_single_precision, optimizer=nnc.optimizers.Adam(0.01))],
    expected_failed_checks=lambda _: EXPECTED,
)
@pytest.mark.filterwarnings("default")
def test_checks_of_functions(estimator, check):
    check(estimator)
