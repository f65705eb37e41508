"""Methods of Keras's that a model's class overrides, and that a program never calls: they are refused by name."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError

FUNCTIONS = ("make_predict_function", "make_train_function", "make_test_function", "compute_loss_and_updates")
"""Methods by which Keras lets a model's class say what runs its steps, which a compiled program has no place for."""


def check_overrides(model: Any, call: Any) -> None:
    """Check that a model's class overrides nothing that Keras would call, and a program does not.

    Args:
        model: the model.
        call: `call` of models that are wired by layers.

    Raises:
        ModelError: it does.
    """
    subject = f"model '{model.name}'"
    whose = f"{subject}: its class {type(model).__name__} has"
    ignored = [name for name in FUNCTIONS if hasattr(model, name)]
    if ignored:
        raise ModelError(
            f"{whose} {', '.join(ignored)} of its own, which a program never calls: override train_step, test_step or"
            " compute_loss, which become graphs"
        )
    if model.is_wired_by_layers and type(model).call is not call:
        raise ModelError(
            f"{whose} call of its own, which a program never calls: it runs the layers between inputs and outputs. Make"
            " the model without these, or put what is computed into a layer of your own"
        )
    if "call" in vars(model):
        raise ModelError(
            f"{subject} has call of its own beside that of its class, which no program calls; make it a subclass"
        )
