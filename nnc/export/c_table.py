"""The header beside exported C that says how the rows of a table become inputs, and what classes outputs are of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from nnc.backends.c.text import string_text
from nnc.export.c_state import array_text, paragraph
from nnc.export.c_unit import MARK, Exported, include_text
from nnc.tables import TableSchema


def table_text(unit: Exported, schema: TableSchema) -> str:
    """Return the header ``NAME_table.h``; names of columns and classes are strings in it.

    Args:
        unit: what is exported.
        schema: what the columns of a table mean to it.
    """
    name, upper = unit.name, unit.name.upper()
    guard = f"NNC_EXPORTED_{upper}_TABLE_H"
    lines = [
        f"/* {name}_table.h: {MARK} */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#include <math.h>",
        include_text(unit, f"{name}_table.h"),
    ]
    elements = schema.elements
    if elements:
        rule = (
            f"Element i of a row of inputs is (value - {name}_means[i]) / {name}_spreads[i]. The value is the number in"
            f" the column {name}_columns[i]; of a label COLUMN=CATEGORY it is 1 where the column has the category, and"
            f" 0 elsewhere. Where the cell is missing, the value is {name}_missing[i]; NAN there means that it must not"
            " be missing."
        )
        numbers = {
            "means": [element.mean for element in elements],
            "spreads": [element.spread for element in elements],
            "missing": [numpy.nan if element.missing is None else element.missing for element in elements],
        }
        lines += [paragraph(rule), f"#define {upper}_COLUMNS {len(elements)}"]
        lines.append(_strings(f"{name}_columns", [element.label for element in elements]))
        lines += [array_text(f"{name}_{what}", numpy.array(values, "float64")) for what, values in numbers.items()]
        lines.append("")
    if schema.classes:
        which = "The classes, in the order of the outputs; of two classes a single output is about the second."
        lines += [paragraph(which), f"#define {upper}_CLASSES {len(schema.classes)}"]
        lines += [_strings(f"{name}_classes", schema.classes), ""]
    return "\n".join([*lines, f"#endif /* {guard} */", ""])


def _strings(name: str, texts: Sequence[str]) -> str:
    items = "".join(f"    {string_text(text)},\n" for text in texts).removesuffix(",\n")
    return f"static const char *const {name}[{len(texts)}] = {{\n{items}\n}};"
