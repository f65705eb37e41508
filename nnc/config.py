"""Keras's settings of a whole process, ``keras.config``; those that cannot act in nnc are refused by name."""

from __future__ import annotations

from typing import Any

from nnc.checks import check_number, check_whole
from nnc.dtype_policies import DTypePolicy, computed_dtype, get
from nnc.errors import ModelError
from nnc.settings import (
    FLOATS,
    SETTINGS,
    default_dtype,
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)

__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_max_epochs",
    "set_max_steps_per_epoch",
]


def backend() -> str:
    """Return the name of the engine, ``nnc``; what a model runs on is its own `backend`, NumPy or C."""
    return "nnc"


def set_backend(backend: str) -> None:
    """Do nothing for ``nnc``, the only engine that there is.

    Args:
        backend: the name of the engine.

    Raises:
        ModelError: it is another one.
    """
    if backend != "nnc":
        raise ModelError(
            f"set_backend({backend!r}): nnc is the only engine; what a model runs on is model.backend, 'numpy' or 'c'"
        )


# ---------------------------------------------------------------------- numbers


def floatx() -> str:
    """Return the element type of floating-point numbers where none is given."""
    return SETTINGS.floatx


def set_floatx(value: str) -> None:
    """Set the element type of floating-point numbers where none is given, also of layers if none was made before.

    Args:
        value: ``float32`` or ``float64``. ``float16`` and ``bfloat16`` warn, and are float32.

    Raises:
        ModelError: it is another one.
    """
    SETTINGS.floatx = _float_name("floatx", value, "numbers")


def epsilon() -> float:
    """Return the small number that keeps divisors from being 0."""
    return SETTINGS.epsilon


def set_epsilon(value: float) -> None:
    """Set the small number that keeps divisors from being 0, for graphs that are made from now on.

    Args:
        value: the number.

    Raises:
        ModelError: it is no number of at least 0.
    """
    SETTINGS.epsilon = float(check_number("set_epsilon", "value", value, 0.0))


def image_data_format() -> str:
    """Return where the channels of images are, where that is not given."""
    return SETTINGS.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set where the channels of images are, where that is not given.

    Args:
        data_format: ``channels_last`` or ``channels_first``.

    Raises:
        ModelError: it is neither.
    """
    name = str(data_format).lower()
    if name not in ("channels_last", "channels_first"):
        raise ModelError(f"image_data_format must be channels_last or channels_first, got {data_format!r}")
    SETTINGS.image_data_format = name


def dtype_policy() -> DTypePolicy:
    """Return the element type of layers for which none is given, as a policy."""
    return DTypePolicy(default_dtype())


def set_dtype_policy(policy: Any) -> None:
    """Set the element type of layers for which none is given.

    Args:
        policy: ``float32``, ``float64`` or a `DTypePolicy` of one of them. Those of narrow numbers, such as
            ``mixed_float16``, warn, and are float32.

    Raises:
        ModelError: it is something else.
    """
    if not isinstance(policy, str | DTypePolicy):
        raise ModelError(
            f"Invalid `policy` argument: it must be a name such as 'float32' or a DTypePolicy, got {policy!r}"
        )
    SETTINGS.layer_dtype = _float_name("dtype policy", get(policy).name, "layers")


def _float_name(setting: str, given: Any, what: str) -> str:
    name = computed_dtype(given, what) if isinstance(given, str) else given
    if name not in FLOATS:
        raise ModelError(f"{setting} must be float32 or float64, got {given!r}")
    return str(name)


# ---------------------------------------------------------------------- what is shown


def is_traceback_filtering_enabled() -> bool:
    """Return False: tracebacks of nnc are whole, and their last line says what is wrong with which layer."""
    return False


def disable_traceback_filtering() -> None:
    """Do nothing: tracebacks of nnc are whole."""


def enable_traceback_filtering() -> None:
    """Refuse to shorten tracebacks.

    Raises:
        ModelError: always.
    """
    raise ModelError("enable_traceback_filtering: tracebacks of nnc are whole; their last line names layer and reason")


# ---------------------------------------------------------------------- what nnc does not have


def enable_flash_attention() -> None:
    """Take back that attention is computed step by step; on processors it is so anyway, as in Keras."""
    SETTINGS.flash_attention = None


def disable_flash_attention() -> None:
    """Say that attention is computed step by step, as nnc does anyway."""
    SETTINGS.flash_attention = False


def is_flash_attention_enabled() -> bool | None:
    """Return False where it was disabled, None where nobody said anything."""
    return SETTINGS.flash_attention


def is_nnx_enabled() -> bool:
    """Return False: this is about Keras's engine JAX."""
    return False


def enable_unsafe_deserialization() -> None:
    """Refuse to run what stands in files.

    Raises:
        ModelError: always.
    """
    raise ModelError(
        "enable_unsafe_deserialization: nnc never runs code of a file; give functions and classes in custom_objects, or"
        " register them"
    )


def max_epochs() -> int | None:
    """Return the number of epochs after which any training ends, None for no limit."""
    return SETTINGS.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Let any training end after so many epochs, whatever `fit` is told, to try a script.

    Args:
        max_epochs: the limit, None for none.

    Raises:
        ModelError: it is no whole number of at least 1.
    """
    SETTINGS.max_epochs = _limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """Return the number of batches after which any epoch, evaluation or prediction ends, None for no limit."""
    return SETTINGS.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Let any epoch, evaluation or prediction end after so many batches, to try a script.

    Args:
        max_steps_per_epoch: the limit, None for none.

    Raises:
        ModelError: it is no whole number of at least 1.
    """
    SETTINGS.max_steps_per_epoch = _limit("max_steps_per_epoch", max_steps_per_epoch)


def _limit(name: str, given: int | None) -> int | None:
    return None if given is None else check_whole(f"set_{name}", name, given, 1)
