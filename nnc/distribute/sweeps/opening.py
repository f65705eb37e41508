"""Opens the models of trials, and the rows that they are trained on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnc.distribute.sweeps.document import Settings
from nnc.errors import DataError, ModelError, ModelFileError, NncError
from nnc.utils import set_random_seed

if TYPE_CHECKING:
    from nnc.models import Model
    from nnc.tables import TableSchema

Build = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, eq=False)
class Arrays:
    """Rows that were given as arrays.

    Args:
        x: inputs, as `fit` takes them.
        y: targets.
        validation: inputs and targets to validate on; None where there are none of their own.
    """

    x: Any
    y: Any
    validation: tuple[Any, ...] | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """The start of a trial's training.

    Args:
        model: the model.
        x: inputs to train on.
        y: their targets.
        validation: inputs and targets to validate on, None for none.
        schema: what the columns of a table mean to the model.
    """

    model: Model
    x: Any
    y: Any
    validation: tuple[Any, ...] | None
    schema: TableSchema | None = None


@contextmanager
def model_file(values: Mapping[str, Any], name: str) -> Iterator[Path]:
    """Let a model file with some values be there inside the block.

    Args:
        values: what stands in it.
        name: its name without suffix, which errors have.
    """
    with tempfile.TemporaryDirectory(prefix="nnc-sweep-") as folder:
        path = Path(folder) / f"{name}.json"
        path.write_text(json.dumps(values, default=_plain), "utf-8")
        try:
            yield path
        except ModelFileError as error:
            raise ModelFileError(name, [problem.partition(": ")[2] for problem in error.problems]) from None
        except NncError as error:  # of a file that nobody has seen
            error.args = tuple(str(item).replace(str(path), name) for item in error.args)
            raise


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy's
        return value.tolist()
    raise ModelError(f"a model file has no values of the type {type(value).__name__}")


def built(build: Build, parameters: Mapping[str, Any], seed: int) -> Model:
    """Return the model that a user's function builds.

    Raises:
        ModelError: it returns something else, or a model that is not compiled.
    """
    from nnc.models import Model

    set_random_seed(seed)
    model = build(dict(parameters))
    if not isinstance(model, Model):
        raise ModelError(f"build must return an nnc model, got {type(model).__name__}")
    if not model.is_compiled:
        raise ModelError("build must return a compiled model: call model.compile(optimizer, loss, …) in it")
    return model


def open_source(
    model: Mapping[str, Any] | Callable[[], Model], name: str, settings: Settings, arrays: Arrays | None
) -> Source:
    """Return the model of a trial with its rows.

    What is drawn at random is the same for all trials: the rows to validate on, and the order of the others.

    Args:
        model: the values of a model file, or what makes the model.
        name: of the trial, for messages.
        settings: the sweep's.
        arrays: the rows, where there is no file.

    Raises:
        NncError: the model or the rows are not what they should be.
    """
    from nnc.data.rows import Rows
    from nnc.preparing import divided, prepare, rows_of
    from nnc.readers import read_model

    set_random_seed(settings.seed)
    keep = [settings.validation_split] if settings.validation_split else []
    schema = None
    if settings.data is not None and not callable(model):
        with model_file(model, name) as path:
            ready = prepare(
                path,
                settings.data,
                target=settings.target,
                encoding=settings.encoding,
                keep=keep,
                seed=settings.seed,
            )
        found, schema, rows, kept = ready.model, ready.schema, ready.training, list(ready.kept)
        if not found.is_compiled:
            raise ModelError("the model has no loss: say under compile: what it is trained with")
    else:
        if callable(model):
            found = model()
        else:
            with model_file(model, name) as path:
                found = read_model(path)
        if arrays is None:
            assert settings.data is not None
            rows, kept = rows_of(found.program, settings.data, settings.target, settings.encoding), []
        else:
            rows, kept = Rows(arrays.x, arrays.y), []
        if keep:
            if arrays is not None and (not hasattr(arrays.x, "shape") or not hasattr(arrays.y, "shape")):
                raise DataError("validation_split is for one input and one target; give validation_data instead")
            rows, *kept = divided(rows, keep, settings.seed)
    validation = (kept[0].x, kept[0].y) if kept else None if arrays is None else arrays.validation
    return Source(found, rows.x, rows.y, validation, schema)
