"""Names of what losses make of the values of a batch, as Keras 2 has them."""

from __future__ import annotations

from nnc.errors import ModelError


class Reduction:
    """The words that a loss takes as its `reduction`; ``auto``, which Keras 2 had, none takes any more."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return all of them."""
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key: str) -> None:
        """Check that a word is one of them.

        Args:
            key: the word.

        Raises:
            ModelError: it is another one.
        """
        if key not in cls.all():
            raise ModelError(f"Invalid Reduction Key: {key}. Expected keys are {', '.join(cls.all())}")
