"""Tables, as a program that was trained on one meets them: rows become inputs, outputs numbers or classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnc.errors import DataError, ProgramFileError

if TYPE_CHECKING:
    from nnc.execution.spec import ProgramSpec
    from nnc.tables import TableSchema

Array = Any


def inputs_of(name: str, schema: TableSchema | None, table: Any) -> Array:
    """Return the inputs of a program for the rows of a table.

    Args:
        name: name of the program.
        schema: what the columns mean to it, None where it does not know.
        table: see `Program.predict_table`.

    Raises:
        DataError: the program was not trained on a table, a column is missing, or a cell is not what it should be.
    """
    from nnc.data.frames import as_columns

    if schema is None:
        raise DataError(
            f"program '{name}' does not know what the columns of a table mean: it was not trained on one by 'nnc train'"
            " or 'nnc run'; give arrays to predict"
        )
    if not schema.columns:
        raise DataError(f"program '{name}' was trained on arrays; give inputs to predict")
    return schema.encode(as_columns(table, schema.names))


def answers_of(name: str, schema: TableSchema | None, outputs: Array, probabilities: bool) -> Array:
    """Return the outputs of a program as classes or probabilities, or as they are.

    Args:
        name: name of the program.
        schema: what the columns mean to it, None where it does not know.
        outputs: its outputs, shape (rows, outputs).
        probabilities: whether to return the probability of each class instead of the most probable one.

    Raises:
        DataError: there are no probabilities.
    """
    from nnc.tables import ClassTarget

    target = None if schema is None else schema.target
    if isinstance(target, ClassTarget):
        return target.probabilities(outputs) if probabilities else target.predicted(outputs)
    if probabilities:
        raise DataError(f"program '{name}' was not trained on classes, so there are no probabilities")
    return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs


def read_schema(spec: ProgramSpec, data: Any) -> TableSchema:
    """Return what a program's file says of tables.

    Args:
        spec: the program's description, which it must fit.
        data: the manifest's entry.

    Raises:
        ProgramFileError: it is damaged, or does not fit the program.
    """
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
