"""scikit-learn's own checks of estimators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import nnc

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from nnc.sklearn import Classifier, Regressor


@parametrize_with_checks([Classifier(), Regressor()])
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # hints: some of their data are far from scaled
@pytest.mark.filterwarnings("default")  # what checks provoke, such as a column of targets, is theirs
@pytest.mark.sampled(10)
def test_checks(estimator, check):
    check(estimator)


@dataclass(frozen=True)
class SinglePrecision:
    """Makes a network that computes as models do unless they say otherwise; unlike a function it is printed alike."""

    units: int = 32

    def __call__(self, meta: Any) -> nnc.Sequential:
        width = meta["n_classes_"] if meta["target_type_"] == "multiclass" else meta["n_outputs_"]
        hidden = nnc.layers.Dense(self.units, activation="relu", input_dim=meta["n_features_in_"])
        return nnc.Sequential([hidden, nnc.layers.Dense(width)])


ROUNDING = "in single precision rounding depends on how many rows a product has, by more than the 1e-7 asked for"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": ROUNDING,
    "check_methods_subset_invariance": ROUNDING,
}


@pytest.mark.slow
@parametrize_with_checks(
    [Classifier(SinglePrecision()), Regressor(SinglePrecision(), optimizer=nnc.optimizers.Adam(0.01))],
    expected_failed_checks=lambda _: EXPECTED,
)
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")
@pytest.mark.filterwarnings("default")
def test_checks_of_functions(estimator, check):
    check(estimator)
