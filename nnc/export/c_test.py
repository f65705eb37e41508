"""The program that checks an exported program against what the NumPy backend computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.backends.c.text import C_TYPES, identifier, string_text
from nnc.export.c_function import CFunction
from nnc.export.c_state import FUNCTIONS, array_text
from nnc.export.c_unit import MARK, Exported, include_text
from nnc.export.c_weights import HEAD
from nnc.export.samples import Recording
from nnc.texts import printable

Array = Any
TOLERANCES = {"float32": (1e-5, 1e-4), "float64": (1e-12, 1e-10)}
"""Largest accepted difference as a part of the largest magnitude, before training and after, by element type."""
ROUNDINGS = 16
"""The multiple of a rounding's effect that a number may be off by, where that is more."""
_LONGEST = 500
"""Characters of a name that are printed: C99 promises no strings of more than 4095 bytes."""
MOST = 4096
"""Elements of a state that are compared; of a larger one, as many at equal distances."""

_COMPARE = """\
/* Compares every step-th number with what was recorded, and says what it found; returns 1 where they differ. */
static int compare_{suffix}(const char *what, const {type} *found, const {type} *expected, size_t count, size_t step,
                   double allowed)
{{
    double difference = 0, largest = 0;
    int is_equal = 1;
    for (size_t i = 0; i < count; i++) {{
        const double x = (double)found[i * step], y = (double)expected[i];
        if (x != y && !(x != x && y != y)) {{
            const double distance = fabs(x - y);
            is_equal = is_equal && distance < INFINITY;
            difference = distance > difference ? distance : difference;
        }}
        if (fabs(y) < INFINITY && fabs(y) > largest) {{
            largest = fabs(y);
        }}
    }}
    is_equal = is_equal && difference <= allowed;
    printf("%-6s %s: %lu numbers up to %g, largest difference %g, allowed %g\\n", is_equal ? "same" : "DIFFER", what,
           (unsigned long)count, largest, difference, allowed);
    return !is_equal;
}}
"""

_READ_FILE = """\
    static int64_t file[({upper}_FILE_BYTES + 15) / 8];
    FILE *const stream = fopen(argc > 1 ? argv[1] : "{name}.weights", "rb");
    if (stream == NULL) {{
        printf("the file of weights cannot be opened: give its path\\n");
        return EXIT_FAILURE;
    }}
    const size_t bytes = fread(file, 1, sizeof file, stream);
    fclose(stream);
    ((unsigned char *)file)[{head}] ^= 1;
    if ({name}_init(state, file, bytes) == 0 || {name}_init(state, file, 8) == 0) {{
        printf("DIFFER a damaged file of weights was accepted\\n");
        failures++;
    }}
    ((unsigned char *)file)[{head}] ^= 1;
    if ({name}_init(state, file, bytes) != 0) {{
        printf("DIFFER the file of weights was refused: error %d\\n", {name}_init(state, file, bytes));
        return EXIT_FAILURE;
    }}"""


def check_text(unit: Exported, recording: Recording, moved: Recording) -> str:
    """Return the source of the program: it prints what it compared, and exits with 0 where all is the same.

    Args:
        unit: what is exported.
        recording: what it shall compute.
        moved: the results of weights that have moved as much as rounding moves them.
    """
    writer = _Writer(unit, recording, moved)
    return writer.text()


class _Writer:
    """Collects arrays and statements."""

    def __init__(self, unit: Exported, recording: Recording, moved: Recording) -> None:
        self.unit, self.recording, self.moved = unit, recording, moved
        self.taken = {"arena", "state", "losses", "metrics", *(f"{unit.name}_{word}" for word in FUNCTIONS)}
        self.given: dict[str, str] = {}
        self.found: dict[str, str] = {}
        self.arrays: dict[str, Array] = {}
        self.types: dict[str, str] = {}
        self.memory: dict[str, str] = {}
        self.lines: list[str] = []

    def text(self) -> str:
        """Return the program."""
        unit, recording = self.unit, self.recording
        self._predict("output", "", recording.outputs, self.moved.outputs, 0)
        if unit.train is not None:
            self._train(unit.train)
            self._predict("output after training", "_after", recording.outputs_after, self.moved.outputs_after, 1)
        upper = unit.name.upper()
        head = [f"static int64_t arena[({upper}_ARENA_BYTES + 7) / 8];"]
        start: list[str] = []
        if unit.has_state:
            head.append(f"static int64_t state[({upper}_STATE_BYTES + 7) / 8];")
            start = [f"    {unit.name}_init(state);"]
        if unit.from_file:
            start = [_READ_FILE.format(name=unit.name, upper=upper, head=HEAD.size)]
        arguments = "int argc, char **argv" if unit.from_file else "void"
        return "\n".join(
            [
                f"/* test_{unit.name}.c: {MARK} */",
                include_text(unit, f"test_{unit.name}.c"),
                "#include <math.h>",
                "#include <stdio.h>",
                "#include <stdlib.h>",
                "#include <string.h>",
                "",
                *(array_text(name, array) for name, array in self.arrays.items()),
                *head,
                *(f"static {type} {name};" for name, type in self.memory.items()),
                "",
                *(_COMPARE.format(suffix=C_TYPES[dtype], type=C_TYPES[dtype]) for dtype in self.types),
                f"int main({arguments})",
                "{",
                "    int failures = 0;",
                *start,
                *(f"    {line}" for line in self.lines),
                '    printf(failures == 0 ? "all is as recorded\\n" : "%d of the comparisons failed\\n", failures);',
                "    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;",
                "}",
                "",
            ]
        )

    def _name(self, text: str) -> str:
        """Take a name that nothing else in the file has."""
        name = identifier(text, self.taken)
        self.taken.add(name)
        return name

    def _given(self, label: str) -> str:
        if label not in self.given:
            self.given[label] = name = self._name(f"given_{label}")
            self.arrays[name] = self.recording.inputs[label]
        return self.given[label]

    def _predict(
        self, what: str, suffix: str, outputs: Mapping[str, Array], moved: Mapping[str, Array], after: int
    ) -> None:
        function = self.unit.predict
        arguments, checks = [], []
        for parameter in function.parameters:
            if parameter.is_input:
                arguments.append(self._given(parameter.label))
                continue
            label, expected = parameter.label, f"expected_{parameter.name}{suffix}"
            if label not in self.found:
                self.found[label] = found = self._name(f"found_{parameter.name}")
                self.memory[f"{found}[{max(parameter.size, 1)}]"] = parameter.c_type
            found = self.found[label]
            arguments.append(found)
            where = f"{what} {label}"
            checks.append(self._compare(where, found, expected, outputs[label], moved[label], after))
        call = f"{function.name}({', '.join([*arguments, 'arena', *(['state'] if function.state else [])])})"
        if function.may_fail:
            self.lines += [
                f"if ({call} != 0) {{",
                '    printf("DIFFER a row was not found\\n");',
                "    failures++;",
                "}",
            ]
        else:
            self.lines.append(f"{call};")
        self.lines += checks

    def _compare(
        self, what: str, found: str, expected: str, array: Array, moved: Array, after: int, step: int = 1
    ) -> str:
        dtype, expected = str(array.dtype), self._name(expected)
        self.arrays[expected] = array
        self.types[dtype] = C_TYPES[dtype]
        allowed = allowed_difference(array, moved, after)
        numbers = f"{found}, {expected}, {array.size}, {step}, {allowed:g}"
        call = f"compare_{C_TYPES[dtype]}({string_text(printable(what)[:_LONGEST])}, {numbers})"
        return f"failures += {call};"

    def _train(self, function: CFunction) -> None:
        unit, recording = self.unit, self.recording
        dtype = "float32" if function.returns == "float" else "float64"
        arguments = ", ".join(self._given(parameter.label) for parameter in function.parameters)
        count = len(recording.losses)
        self.memory[f"losses[{count}]"] = function.returns
        self.lines += [
            f"for (int i = 0; i < {count}; i++) {{",
            f"    losses[i] = {function.name}({arguments}, arena, state);",
            "}",
            self._compare("losses", "losses", "expected_losses", *self._both("losses", dtype), 1),
        ]
        if unit.metrics:
            self.memory[f"metrics[{unit.name.upper()}_METRICS]"] = unit.real
            values, moved = self._both("metrics", dtype)
            self.lines.append(f"{unit.name}_metrics(state, metrics);")
            for number, name in enumerate(unit.metrics):
                expected = f"expected_metric_{number}"
                one = slice(number, number + 1)
                found = f"metrics + {number}"
                self.lines.append(self._compare(f"metric {name}", found, expected, values[one], moved[one], 1))
        for entry in unit.layout.in_memory:
            array = recording.trained.get(entry.label)
            if array is None or entry.label.startswith("metrics/") or not array.size:
                continue
            step = -(-array.size // MOST)
            name = f"expected_{entry.name}_trained"
            found = f"({entry.c_type} *)((char *)state + {entry.offset})"
            chosen, moved = array.reshape(-1)[::step], self.moved.trained[entry.label].reshape(-1)[::step]
            self.lines.append(self._compare(f"@{entry.label}", found, name, chosen, moved, 1, step))

    def _both(self, what: str, dtype: str) -> tuple[Array, Array]:
        """Return the recorded losses or metrics, and those of weights that have moved."""
        found = [getattr(recording, what) for recording in (self.recording, self.moved)]
        first, second = ([item[name] for name in self.unit.metrics] if what == "metrics" else item for item in found)
        return numpy.array(first, dtype), numpy.array(second, dtype)


def allowed_difference(array: Array, moved: Array, after: int) -> float:
    """Return the largest difference that is accepted, before training (0) or after it (1)."""
    if (dtype := str(array.dtype)) not in TOLERANCES:
        return 0.0
    tolerance = TOLERANCES[dtype][after]
    finite = numpy.isfinite(array) & numpy.isfinite(moved)
    if not finite.any():
        return 0.0
    largest = float(numpy.abs(array[finite]).max())
    return max(tolerance * largest, ROUNDINGS * float(numpy.abs(array[finite] - moved[finite]).max()))
