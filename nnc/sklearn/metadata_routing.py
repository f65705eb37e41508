"""Parameters named ``model__units`` or ``optimizer__learning_rate``, which go on to what the first word names."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator

from nnc.errors import ModelError, nearest

ROUTES = ("model", "optimizer", "loss")
"""The words before the two underscores."""


class Routed(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator whose constructor takes parameters beside those of its signature.

    As is the custom in scikit-learn, the constructor checks nothing; `check_parameters` does, when `fit` is called.
    """

    def _keep(self, given: dict[str, Any]) -> None:
        """Keep further keyword arguments of the constructor, as they are."""
        for name, value in given.items():
            setattr(self, name, value)

    def check_parameters(self) -> None:
        """Check that there are no other parameters than those of the signature and routed ones.

        Raises:
            ModelError: there is another one.
        """
        for name in self._further:
            if not _is_routed(name):
                known = [*self._get_param_names(), *(f"{route}__" for route in ROUTES)]
                raise ModelError(f"{type(self).__name__} has no parameter '{name}'.{nearest(name, known)}")

    def routed(self, route: str) -> dict[str, Any]:
        """Return what goes on to the function of a model, to an optimizer or to a loss, by name."""
        prefix = f"{route}__"
        return {name.removeprefix(prefix): value for name, value in vars(self).items() if name.startswith(prefix)}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, routed ones included."""
        found: dict[str, Any] = super().get_params(deep)
        return found | self._further

    def set_params(self, **params: Any) -> Self:
        """Set parameters; those named ``model__…``, ``optimizer__…`` and ``loss__…`` may be new.

        Raises:
            ValueError: another one is unknown.
        """
        routed = {name: value for name, value in params.items() if _is_routed(name)}
        self._keep(routed)
        super().set_params(**{name: value for name, value in params.items() if name not in routed})
        return self

    @property
    def _further(self) -> dict[str, Any]:
        """Parameters beside those of the signature; what `fit` learns begins or ends with an underscore."""
        known = self._get_param_names()
        return {
            name: value
            for name, value in vars(self).items()
            if _is_routed(name) or not (name in known or name.startswith("_") or name.endswith("_"))
        }


def _is_routed(name: str) -> bool:
    route, _, rest = name.partition("__")
    return bool(rest) and route in ROUTES
