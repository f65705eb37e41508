"""What Keras lets a user set for a whole process: default element type, place of channels, and what is shown."""

from __future__ import annotations

from dataclasses import dataclass

FLOATS = ("float32", "float64")
"""Element types that nnc computes in."""


@dataclass
class Settings:
    """The settings of this process.

    Attributes:
        floatx: element type of floating-point numbers where none is given.
        layer_dtype: element type of layers where none is given; as in Keras it is `floatx` as that is when the first
            layer is made, until somebody sets it.
        image_data_format: where the channels of images are, where that is not given.
        is_interactive: whether lines in a terminal are drawn again, as progress goes on.
        flash_attention: what `is_flash_attention_enabled` says.
        epsilon: Keras's small number that keeps divisors from being 0; graphs have it as it is when they are made.
        max_epochs: number of epochs after which any training ends; None for no limit.
        max_steps_per_epoch: number of batches after which any epoch, evaluation or prediction ends, likewise.
    """

    floatx: str = "float32"
    layer_dtype: str | None = None
    image_data_format: str = "channels_last"
    is_interactive: bool = True
    flash_attention: bool | None = None
    epsilon: float = 1e-7
    max_epochs: int | None = None
    max_steps_per_epoch: int | None = None


SETTINGS = Settings()


def default_dtype() -> str:
    """Return the element type of a new layer for which none is given."""
    if SETTINGS.layer_dtype is None:
        SETTINGS.layer_dtype = SETTINGS.floatx
    return SETTINGS.layer_dtype


def enable_interactive_logging() -> None:
    """Draw lines of progress again while they change, in terminals and notebooks; so it is from the start."""
    SETTINGS.is_interactive = True


def disable_interactive_logging() -> None:
    """Print what is shown of progress as plain lines, none of which is drawn again."""
    SETTINGS.is_interactive = False


def is_interactive_logging_enabled() -> bool:
    """Return whether lines of progress are drawn again while they change."""
    return SETTINGS.is_interactive
