"""Applies a program that was trained on a table to others: rows become inputs, outputs numbers or classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from nnc.errors import DataError, ProgramFileError

if TYPE_CHECKING:
    from nnc.program.spec import ProgramSpec
    from nnc.tables import ClassTarget, TableSchema

Array = Any


class TablePredictions(ABC):
    """The part of `Program` that is about tables."""

    spec: ProgramSpec
    table: TableSchema | None

    @abstractmethod
    def predict(self, x: Any, batch_size: int | None = None) -> Any:
        """Return the outputs for any number of rows."""

    def predict_table(self, table: Any, *, probabilities: bool = False, batch_size: int | None = None) -> Array:
        """Return the program's answer to each row of a table.

        Args:
            table: a data frame (pandas, polars, pyarrow, …), a mapping with a column for each name, a list of rows
                that are mappings, rows without names in the order of the columns that were learnt from, or the path
                of a file.
            probabilities: whether to return the probability of each class instead of the most probable one.
            batch_size: rows of a batch.

        Returns:
            Numbers, shape (rows), or (rows, outputs) where the model has several; where the target was a class, its
            name for each row, or with `probabilities` shape (rows, classes) in the order of `classes`.

        Raises:
            DataError: the program was not trained on a table, a column is missing, a cell is not what it should be,
                or there are no probabilities.
        """
        from nnc.data.frames import as_columns

        schema = self._schema()
        if not schema.columns:
            raise DataError(f"program '{self.spec.name}' was trained on arrays; give inputs to predict")
        outputs = self.predict(schema.encode(as_columns(table, schema.names)), batch_size)
        return self.read_outputs(outputs, probabilities)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of a target, in the order of the outputs; empty where there are none."""
        return () if self.table is None else self.table.classes

    def read_outputs(self, outputs: Array, probabilities: bool = False) -> Array:
        """Return outputs as classes or probabilities, or as they are; see `predict_table`.

        Raises:
            DataError: there are no probabilities.
        """
        target = self._class_target()
        if target is not None:
            return target.probabilities(outputs) if probabilities else target.predicted(outputs)
        if probabilities:
            raise DataError(f"program '{self.spec.name}' was not trained on classes, so there are no probabilities")
        return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    def _schema(self) -> TableSchema:
        if self.table is None:
            raise DataError(
                f"program '{self.spec.name}' does not know what the columns of a table mean: it was not trained on one"
                " by 'nnc train' or 'nnc run'; give arrays to predict"
            )
        return self.table

    def _class_target(self) -> ClassTarget | None:
        from nnc.tables import ClassTarget

        target = None if self.table is None else self.table.target
        return target if isinstance(target, ClassTarget) else None


def read_schema(spec: ProgramSpec, data: Any) -> TableSchema | None:
    """Return what a program's file says of tables.

    Args:
        spec: the program's description, which it must fit.
        data: the manifest's entry, None where there is none.

    Raises:
        ProgramFileError: it is damaged, or does not fit the program.
    """
    if data is None:
        return None
    from nnc.tables import ClassTarget, TableSchema

    schema = TableSchema.from_json(data)
    if schema.columns and [array.shape for array in spec.inputs] != [(schema.width,)]:
        raise ProgramFileError(f"manifest: a table gives {schema.width} inputs, which the program does not take")
    units = schema.target.units if isinstance(schema.target, ClassTarget) else None
    if units is not None and [array.shape for array in spec.outputs] != [(units,)]:
        raise ProgramFileError(
            f"manifest: the classes of a table need {units} outputs, which the program does not have"
        )
    return schema
