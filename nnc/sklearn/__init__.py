"""Models as scikit-learn estimators: in pipelines, searches over parameters, and cross-validation."""

try:
    from sklearn.base import BaseEstimator as _  # noqa: F401  (what is missing is said here, once)
except ImportError as error:
    from nnc.installation import install_command

    raise ImportError(f"nnc.sklearn needs scikit-learn 1.6 or later ({error}); {install_command('sklearn')}") from error

from nnc.sklearn.classifier import Classifier
from nnc.sklearn.regressor import Regressor

__all__ = ["Classifier", "Regressor"]
