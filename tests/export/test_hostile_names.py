"""Names that would be code where they are pasted: what is exported with them is what is exported with plain ones."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy
import pytest

from nnc.backends.c.text import comment as c_comment
from nnc.backends.c.text import string_text as c_string_text
from nnc.backends.c.toolchain import find_compiler
from nnc.backends.numpy.text import comment, string_text, words
from nnc.errors import GraphError
from nnc.export import export
from nnc.export.c_state import paragraph
from tests.compilers import WARNINGS
from tests.export.hostile import FEW, MARKER, NAMES, SYMBOLS, UNPRINTABLE, program
from tests.export.networks import RUN, python
from tests.export.test_c import COMPILERS, run

SPECIAL = tuple(name for name in (*NAMES, *UNPRINTABLE) if not re.fullmatch(r"\w+", name, re.ASCII))
PRINTABLE = {*map(chr, range(32, 127)), "\n"}
_PLAIN = re.compile(r"plain|\bv\d|\w_v\d", re.IGNORECASE)
"""A plain name, or the number of a value that has none."""
needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")


def _short(name: str) -> str:
    return ascii(name)[:30]


def exported(
    target: str,
    folder: Path,
    names: tuple[str, ...],
    model: str = '*/ "',
    weights: str = "source",
    dimensions: tuple[str, ...] = SYMBOLS,
) -> dict[str, str]:
    """Export a program for training and return the texts."""
    made = program(names, model, dimensions)
    symbols = [symbol for symbol in made.graph("train").symbols if symbol != "batch"]
    lengths = {symbol: 1 + number % 5 for number, symbol in enumerate(symbols)}
    options = {"weights": weights} if target == "c" else {}
    output = folder / "model.py" if target == "python" else folder
    written = export(made, target, output, batch=2, train=True, lengths=lengths, **options)
    texts = written[:1] if target == "python" else written[:3]
    return {("header", "source", "test")[number]: path.read_text("ascii") for number, path in enumerate(texts)}


def plain(count: int) -> tuple[str, ...]:
    """Return names of which none means anything."""
    return tuple(f"plain{number}q" for number in range(count))


@cache
def exported_plain(target: str, count: int) -> dict[str, str]:
    """Return what is exported with plain names."""
    with TemporaryDirectory() as folder:
        return exported(target, Path(folder), plain(count), "plain")


def is_same(found: Iterable[object], expected: Iterable[object]) -> None:
    """Check that things are the same but for words that have a plain name in them, which may be any identifier."""
    for one, other in zip_longest(found, expected):
        if one != other:
            assert isinstance(one, str), (one, other)
            assert isinstance(other, str), (one, other)
            assert _PLAIN.search(other), (one, other)
            assert re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", one), (one, other)


# ---------------------------------------------------------------------- Python


def python_parts(text: str) -> Iterator[object]:
    """Return all of a module but what stands in strings."""
    for node in ast.walk(ast.parse(text)):
        yield type(node)
        for field, value in ast.iter_fields(node):
            if not isinstance(value, ast.AST | list) and not (field == "value" and isinstance(value, str)):
                yield value


def check_python(folder: Path, names: tuple[str, ...], model: str = '*/ "') -> None:
    """Check that a module is the same as with plain names."""
    (text,) = exported("python", folder, names, model).values()
    (expected,) = exported_plain("python", len(names)).values()
    is_same(python_parts(text), python_parts(expected))
    assert set(text) <= PRINTABLE


def run_python(folder: Path, names: tuple[str, ...]) -> None:
    """Let a module check itself."""
    done = python(folder, RUN, "model.py")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-500:]
    assert all(f"prediction {name}: agrees" in done.stdout for name in names)
    done = python(folder, "import model; print(ascii(list(model.INPUTS)))")
    assert ast.literal_eval(done.stdout) == list(names)
    assert not list(folder.rglob(MARKER))


@pytest.mark.parametrize("names", [FEW, pytest.param(NAMES, marks=pytest.mark.slow)], ids=["few", "all"])
def test_python(names: tuple[str, ...], tmp_path: Path) -> None:
    check_python(tmp_path, names)
    run_python(tmp_path, names)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECIAL, ids=_short)
def test_python_of_a_model_with_any_name(name: str, tmp_path: Path) -> None:
    check_python(tmp_path, plain(1), name)


@pytest.mark.parametrize("name", SPECIAL, ids=_short)
def test_texts_in_python(name: str) -> None:
    text = f'"""x {words(name)}"""\n{comment(name)}\nx = {string_text(name)}\n'
    docstring, assignment = ast.parse(text).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(assignment, ast.Assign)
    assert ast.literal_eval(assignment.value) == name
    assert set(text) <= PRINTABLE


# ---------------------------------------------------------------------- C

_TRIGRAPHS = dict(zip("=/'()!<>-", "#\\^[]|{}~", strict=True))
_TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\w+|\S""", re.DOTALL)


def c_tokens(text: str) -> Iterator[str]:
    """Return the tokens of a C99 text, in the order of the standard: trigraphs, continued lines, comments, strings."""
    for trigraph, sign in _TRIGRAPHS.items():
        text = text.replace(f"??{trigraph}", sign)
    for token in _TOKEN.findall(text.replace("\\\n", "")):
        yield '""' if token.startswith('"') else "/**/" if token.startswith(("/*", "//")) else token


def check_c(folder: Path, names: tuple[str, ...], model: str = '*/ "') -> None:
    """Check that texts are the same as with plain names."""
    expected = unnumbered(exported_plain("c", len(names)))
    for end, text in unnumbered(exported("c", folder, names, model)).items():
        is_same(c_tokens(text), c_tokens(expected[end]))
        assert set(text) <= PRINTABLE


def unnumbered(texts: dict[str, str]) -> dict[str, str]:
    """Return texts without the number of their export, a checksum."""
    number = re.search("_EXPORT (0x[0-9A-F]{8}u) ", texts["header"])
    assert number is not None
    return {end: text.replace(number[1], "0") for end, text in texts.items()}


def run_c(folder: Path, names: tuple[str, ...], compiler: str, *flags: str, name: str = "v") -> None:
    """Compile what was exported and let it check itself."""
    made = run(compiler, *flags, *WARNINGS, f"test_{name}.c", f"{name}.c", "-lm", "-o", "check", cwd=folder)
    assert (made.returncode, made.stderr) == (0, "")
    ran = run("./check", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout[-500:]
    assert all(f"same   output {name}: " in ran.stdout for name in names)
    assert not list(folder.rglob(MARKER))


@needs_compiler
def test_c(tmp_path: Path) -> None:
    check_c(tmp_path, FEW)
    run_c(tmp_path, FEW, "cc", "-std=c99", "-O0")


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("weights", ["source", "file"])
def test_c_with_all_names(weights: str, tmp_path: Path) -> None:
    exported("c", tmp_path, NAMES, weights=weights)
    flags = ("-std=c99", "-O0") if weights == "source" else ("-std=gnu17", "-O1", "-fopenmp-simd", "-DNNC_OPENMP_SIMD")
    for compiler in COMPILERS:
        run_c(tmp_path, NAMES, compiler, *flags)


OTHERS = ("M", "flt", "int", "compare", "expected_output", "math")


@needs_compiler
@pytest.mark.parametrize("model", ["INT64", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)])
def test_c_of_a_model_called_like_something_in_c(model: str, tmp_path: Path) -> None:
    names = ("train", "predict", "errhandling", "losses", "state", "x_at", "x", "y", "y_after")
    exported("c", tmp_path, names, model, dimensions=("max", "MAX", "Max", "pi", "arena_bytes", "metrics", "int_size"))
    run_c(tmp_path, names, "cc", "-std=gnu99", "-O0", name=model)
    if shutil.which("c++"):
        made = run("c++", "-fsyntax-only", *WARNINGS, "-x", "c++", f"{model}.h", cwd=tmp_path)
        assert (made.returncode, made.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECIAL, ids=_short)
def test_c_of_a_model_with_any_name(name: str, tmp_path: Path) -> None:
    check_c(tmp_path, plain(1), name)


@pytest.mark.parametrize("name", SPECIAL, ids=_short)
def test_texts_in_c(name: str) -> None:
    for text in (c_comment(name), paragraph(f"{name} " * 20)):
        assert list(c_tokens(f"before {text} behind")) == ["before", "/**/", "behind"]
        assert set(text) <= PRINTABLE
    text = c_string_text(name)
    assert list(c_tokens(text)) == ['""']
    assert set(text) <= PRINTABLE
    assert "??" not in text


# ---------------------------------------------------------------------- others


@needs_compiler
def test_backends_with_any_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNC_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NNC_C_LEVEL", "0")
    monkeypatch.chdir(tmp_path)
    made = program(FEW, "model")
    rows = numpy.random.default_rng(0).normal(size=(2, 2)).astype("float32")
    inputs = dict.fromkeys(FEW, rows)
    found = {}
    for backend in ("numpy", "c"):
        made.use_backend(backend)
        found[backend] = made.predict(inputs)
    for one, other in zip(*found.values(), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-5)
    assert not list(tmp_path.rglob(MARKER))


@pytest.mark.parametrize("name", UNPRINTABLE, ids=_short)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(GraphError, match="must be printable text on one line"):
        program((name,), "model").graph("predict")
