"""Exported C on other processors and compilers: ``python -m tests.export.processors [TARGET ...]``.

Each target compiles the networks of `tests.export.kernels`, with training and with warnings as errors, runs what they
check themselves, and trains them further on other numbers, which the NumPy backend does here for comparison. Far
processors have Zig's compiler, with the C library that it brings, and QEMU's emulation of a process; AVX-512 has Bochs.

Prints a line for each target and exits with 1 if anything differed or cannot be tried.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy

from nnc.backends.c.text import C_TYPES
from nnc.export import export
from nnc.export.c_state import array_text
from nnc.export.c_test import allowed_difference
from nnc.export.samples import copy_program, draw_target, moved_by_rounding, predict
from nnc.ir import TensorType, bind_shape
from nnc.labels import PREDICT, TRAIN
from nnc.program import Program
from tests.compilers import STRICT
from tests.export.kernels import FEW, NETWORKS
from tests.ir.ops.cases import BINDINGS

BATCH = 3
STEPS = 4
"""Training steps on numbers of their own, after the three of the self-check."""
TIMEOUT = 1200.0


@dataclass(frozen=True)
class Target:
    """A compiler with its flags, and what runs what it makes.

    Args:
        compiler: a program on the path, or ``zig``, which may be that of the package `ziglang`.
        flags: for the compiler.
        emulator: a command that runs what is made; none where this processor does.
        needs: what to install where it cannot be tried.
    """

    compiler: str
    flags: tuple[str, ...]
    emulator: tuple[str, ...] = ()
    needs: str = ""

    @property
    def command(self) -> list[str]:
        """The compiler's, up to the names of files."""
        return [*(zig() if self.compiler == "zig" else [self.compiler]), *self.flags]

    def run(self, program: Path) -> list[str]:
        """Return the command that runs what was made."""
        return [*self.emulator, str(program)]

    def missing(self) -> str:
        """Return why it cannot be tried here, an empty text where it can."""
        for program in (self.command[0], *self.emulator[:1]):
            if shutil.which(program) is None:
                return f"there is no {program}: {self.needs or f'install {program}'}"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "probe.c")
            path.write_text('#include <stdio.h>\nint main(void) { return printf("here\\n") != 5; }\n')
            said = _output([*self.command, "-o", str(path.with_suffix("")), str(path)], path.parent)
            said = said or _output(self.run(path.with_suffix("")), path.parent)
        return "" if said == "here\n" else f"{' '.join(self.command)} makes nothing that runs: {self.needs or said}"


def _far(processor: str, triple: str) -> Target:
    needs = "pip install ziglang; apt-get install qemu-user"
    return Target("zig", ("-target", triple, *STRICT, "-O2"), (f"qemu-{processor}",), needs)


_MULTILIB = "apt-get install gcc-multilib"
TARGETS = {
    "gcc": Target("gcc", (*STRICT, "-O3")),
    "gcc-native": Target("gcc", (*STRICT, "-O3", "-march=native")),
    "avx512": Target(
        "gcc",
        (*STRICT, "-O3", "-static", "-march=skylake-avx512", "-mprefer-vector-width=512"),
        (sys.executable, str(Path(__file__).with_name("bochs.py"))),
    ),
    "gcc-default": Target("gcc", ()),  # neither optimised nor in the language of a standard
    "clang": Target("clang", (*STRICT, "-O3")),
    "zig": Target("zig", (*STRICT, "-O3"), needs="pip install ziglang"),
    "x86": Target("gcc", (*STRICT, "-O3", "-m32"), needs=_MULTILIB),
    "x86-gnu": Target("gcc", ("-O2", "-m32"), needs=_MULTILIB),
    "x86-sse": Target("gcc", (*STRICT, "-O2", "-m32", "-msse2", "-mfpmath=sse"), needs=_MULTILIB),
    "x86-clang": Target("clang", (*STRICT, "-O2", "-m32"), needs=_MULTILIB),
    "aarch64": _far("aarch64", "aarch64-linux-musl"),
    "arm": _far("arm", "arm-linux-musleabihf"),
    "riscv64": _far("riscv64", "riscv64-linux-musl"),
    "powerpc64": _far("ppc64", "powerpc64-linux-musl"),
    "s390x": _far("s390x", "s390x-linux-musl"),
    "powerpc": _far("ppc", "powerpc-linux-musleabihf"),
    "mips": _far("mips", "mips-linux-musleabihf"),
}
"""The last four have the highest byte of a number first, the last two of these and all x86 and arm have 32 bits."""


@cache
def zig() -> list[str]:
    """Return the command of Zig's C compiler."""
    specification = find_spec("ziglang")
    places = (specification and specification.submodule_search_locations) or ()
    return [next((f"{place}/zig" for place in places), "zig"), "cc"]


def _output(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT, check=False
    )
    return done.stdout if done.returncode == 0 else f"{done.stdout}exit code {done.returncode}"


# ---------------------------------------------------------------------- what is compiled


@dataclass(frozen=True)
class Expected:
    """Numbers that are printed, one a line.

    Args:
        what: they are.
        numbers: as NumPy has them.
        allowed: largest difference.
    """

    what: str
    numbers: Any
    allowed: float


@dataclass
class Part:
    """What goes on with a network behind its self-check.

    Args:
        name: of the network.
        program: what runs it here.
        moved: the same after its weights have moved as much as rounding moves them.
        batch: rows of a batch.
        has_state: whether there is memory that stays.
        lines: statements of C.
        arrays: definitions of arrays for them.
        expected: what they print.
    """

    name: str
    program: Program
    moved: Program
    batch: int
    has_state: bool
    lines: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)

    def train(self, step: int, drawn: Mapping[str, Any]) -> None:
        """Train once."""
        losses = [numpy.array([program.step(TRAIN, drawn)["loss"]]) for program in (self.program, self.moved)]
        dtype = self.program.graph(TRAIN).outputs["loss"].dtype
        self._expect(f"loss {step}", *(loss.astype(dtype) for loss in losses), after=1)
        arguments = self._given(self.program.graph(TRAIN).inputs, drawn, f"_{step}")
        self.lines.append(f'printf("%a\\n", (double){self.name}_train({arguments}, arena, state));')

    def predict(self, drawn: Mapping[str, Any]) -> None:
        """Predict."""
        graph, trains = self.program.graph(PREDICT), self.program.spec.trains
        first, second = (predict(program, {"batch": self.batch}, drawn) for program in (self.program, self.moved))
        arguments, shown = [self._given(graph.inputs, drawn, "")], []
        for number, (label, array) in enumerate(first.items()):
            self._expect(label, array, second[label], after=int(trains))
            name = f"{self.name}_found_{number}"
            self.arrays.append(f"static {C_TYPES[str(array.dtype)]} {name}[{max(array.size, 1)}];")
            arguments.append(name)
            shown.append(f'for (int i = 0; i < {array.size}; i++) printf("%a\\n", (double){name}[i]);')
        arguments += ["arena", *(["state"] if self.has_state else [])]
        self.lines += [f"{self.name}_predict({', '.join(arguments)});", *shown]

    def _given(self, inputs: Mapping[str, Any], drawn: Mapping[str, Any], end: str) -> str:
        names = [f"{self.name}_given_{number}{end}" for number in range(len(inputs))]
        self.arrays += [array_text(name, drawn[label]) for name, label in zip(names, inputs, strict=True)]
        return ", ".join(names)

    def _expect(self, what: str, array: Any, moved: Any, after: int) -> None:
        self.expected.append(Expected(f"{self.name}: {what}", array, allowed_difference(array, moved, after)))

    @property
    def text(self) -> str:
        """The function."""
        upper = self.name.upper()
        memory = ["arena", *(["state"] if self.has_state else [])]
        heads = [f"static int64_t {word}[({upper}_{word.upper()}_BYTES + 7) / 8];" for word in memory]
        body = [f"    {line}" for line in (*heads, *self.lines)]
        return "\n".join([*self.arrays, f"static void go_on_{self.name}(void) {{", *body, "}", ""])


_READ = """\
{{
        static int64_t file[({upper}_FILE_BYTES + 7) / 8];
        FILE *const stream = fopen("{name}.weights", "rb");
        const size_t bytes = fread(file, 1, sizeof file, stream);
        fclose(stream);
        if ({name}_init(state, file, {upper}_FILE_BYTES) != 0 || bytes < {upper}_FILE_BYTES) {{
            printf("no weights\\n");
        }}
    }}"""


def prepare(names: Iterable[str], folder: Path) -> list[Expected]:
    """Export networks to a folder, with ``main.c``, a program for all; return what that prints behind self-checks."""
    parts = [_part(name, folder, from_file=number % 2 == 0) for number, name in enumerate(names)]
    heads, calls = [], []
    for part in parts:
        path = folder / f"test_{part.name}.c"
        text = path.read_text().replace("int main(", f"int check_{part.name}(")
        path.write_text(text)
        types, arguments = ("int, char **", "1, NULL") if "argc" in text else ("void", "")
        heads += [f'#include "{part.name}.h"', f"int check_{part.name}({types});"]
        calls.append(f'printf("{part.name}\\n"); check_{part.name}({arguments});')
    going_on = ['printf("going on\\n");', *(f"go_on_{part.name}();" for part in parts), "return 0;"]
    main = ["int main(void) {", *(f"    {line}" for line in (*calls, *going_on)), "}", ""]
    text = "\n".join(["#include <math.h>", "#include <stdio.h>", *heads, *(part.text for part in parts), *main])
    (folder / "main.c").write_text(text)
    return [expected for part in parts for expected in part.expected]


def _part(name: str, folder: Path, from_file: bool) -> Part:
    program, drawn = NETWORKS[name]()
    trains, batch = program.spec.trains, BATCH if drawn is None else BINDINGS["batch"]
    weights = "file" if from_file else "source"
    export(program, "c", folder, batch=batch, train=trains, name=name, weights=weights)
    has_file = (folder / f"{name}.weights").exists()
    part = Part(name, copy_program(program), moved_by_rounding(program), batch, trains or has_file)
    if part.has_state:
        part.lines.append(_READ.format(name=name, upper=name.upper()) if has_file else f"{name}_init(state);")
    generator = numpy.random.default_rng(7)
    for step in range(STEPS if trains else 0):
        part.train(step, _draw(program, TRAIN, generator))
    part.predict(_draw(program, PREDICT, generator) if drawn is None else drawn)
    return part


def _draw(program: Program, graph: str, generator: numpy.random.Generator) -> dict[str, Any]:
    """Return inputs, and targets where there are any."""
    targets = {target.label: target for target in program.spec.targets}
    arrays = {}
    for label, value in program.graph(graph).inputs.items():
        shape = tuple(map(int, bind_shape(value.shape, {"batch": BATCH})))
        if label in targets:
            arrays[label] = draw_target(targets[label], shape, generator)
        elif TensorType(value.dtype).is_floating:
            arrays[label] = generator.normal(size=shape).astype(value.dtype)
        else:
            arrays[label] = generator.integers(0, 2, shape).astype(value.dtype)
    return arrays


# ---------------------------------------------------------------------- what comes of it


def differences(target: Target, names: Sequence[str], folder: Path, expected: Sequence[Expected]) -> list[str]:
    """Compile what lies in a folder, run it, and say what is not as expected."""
    sources = ["main.c", *(f"{begin}{name}.c" for name in names for begin in ("", "test_"))]
    program = folder / "program"
    if said := _output([*target.command, "-o", str(program), *sources, "-lm"], folder):
        return [f"the compiler says: {said}"]
    said = _output(target.run(program), folder)
    checks, _, printed = said.partition("going on\n")
    found = [f"self-check: {line}" for line in checks.splitlines() if not line.startswith("same ") and " " in line]
    found = [line for line in found if not line.endswith("all is as recorded")]
    if checks.count("all is as recorded") != len(names):
        found.append(f"{checks.count('all is as recorded')} of {len(names)} self-checks have passed")
    try:
        numbers = numpy.array([float.fromhex(line) for line in printed.split()])
    except ValueError:
        return [*found, f"it printed {printed[-500:]!r}"]
    if len(numbers) != sum(each.numbers.size for each in expected):
        return [*found, f"it printed {len(numbers)} numbers"]
    for each in expected:
        some, numbers = numbers[: each.numbers.size], numbers[each.numbers.size :]
        exact = each.numbers.reshape(-1).astype("float64")
        same = (some == exact) | (numpy.isnan(some) & numpy.isnan(exact))
        with numpy.errstate(invalid="ignore"):
            if not (same | (abs(some - exact) <= each.allowed)).all():
                found.append(f"{each.what} differs by {abs(some - exact)[~same].max():g}, allowed {each.allowed:g}")
    return found


def main() -> int:
    """Try targets and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.export.processors", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=NETWORKS, metavar="NAME")
    parser.add_argument("--few", action="store_true", help="few networks that stand for all")
    arguments = parser.parse_args()
    names, failures = list(FEW) if arguments.few else arguments.networks, 0
    with tempfile.TemporaryDirectory() as folder:
        expected = prepare(names, Path(folder))
        for label in arguments.targets or TARGETS:
            target = TARGETS[label]
            missing = target.missing()
            found = [missing] if missing else differences(target, names, Path(folder), expected)
            failures += bool(found)
            print(f"{label}: {'; '.join(found) or f'{len(names)} networks as on NumPy'}", flush=True)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
