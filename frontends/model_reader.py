"""Nodes in, model out: the part of reading that files and live models share."""

from __future__ import annotations

from frontends.authored_models import authored_class, compile_itself, compiles_itself, make_authored
from frontends.compile_options import apply_compile
from frontends.keras_form import is_keras_form, read_keras_form
from frontends.legacy.compile_options import compile_options
from frontends.legacy.values import decoded_mapping
from frontends.nodes import Mapping, ValueNode, describe
from frontends.origin import origin_of
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.short_form import read_short_form
from frontends.wiring import Definition, wire
from nnc.models import Model


def build_model(root: ValueNode, problems: Problems, compile: bool, options: Options | None = None) -> Model:
    """Return the model of a definition in either form.

    Args:
        root: the definition.
        problems: what has been noted so far.
        compile: whether to take optimizer, loss and metrics from it.
        options: how it is read; by default as the definition says where it comes from.

    Raises:
        ModelFileError: there are problems; all of them are listed.
    """
    if not isinstance(root, Mapping):
        if root.is_refused:
            raise problems.error()
        problems.stop(f"expected a model, with 'input:' and 'layers:', got {describe(root)}", root.line)
    is_short = not is_keras_form(root)
    definition: Definition | None
    training = root.entries.get("compile" if is_short else "compile_config") if compile else None
    if is_short:
        definition = read_short_form(root, problems, options)
    else:
        options = options or Options(origin_of(root))
        definition = None if authored_class(root) else read_keras_form(decoded_mapping(root), problems, options)
    model = make_authored(root, problems) if definition is None else wire(definition, problems)
    if model is not None and isinstance(training, Mapping) and compiles_itself(model):
        compile_itself(model, training, problems)
    else:
        if not is_short and options is not None and isinstance(training, Mapping):
            training = compile_options(training, options.origin)
        outputs = () if definition is None else definition.outputs or ()
        names = [reference.name for reference in outputs] if model is None else model.output_labels
        apply_compile(training, model, names, problems, is_short)
    if problems or model is None:
        raise problems.error()
    return model
