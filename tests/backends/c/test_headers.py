"""The headers' functions: how exact they are, that they are vectorised, and how they are taken out by name."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path

import numpy
import pytest

import nnc
from nnc.backends.c import cpu, headers, toolchain
from nnc.backends.c.cpu import LEVELS
from nnc.backends.c.headers import sections
from nnc.backends.c.toolchain import find_compiler
from tests.backends.c.elementary import (
    BINARY,
    C_TYPES,
    DTYPES,
    GATES,
    PARTIAL,
    REDUCED,
    UNARY,
    Library,
    compile_unit,
    errors,
    functions,
    reference,
    samples,
    unit,
)
from tests.compilers import WARNINGS

BOUND = 2.0
"""Units in the last place."""
COUNT = {"f32": 100_000, "f64": 20_000}
WIDE = numpy.finfo(numpy.longdouble).nmant >= 63
SCALAR = {"sin_f64", "cos_f64", "power_f64"}
"""What calls libm, and so is not vectorised."""

pytestmark = pytest.mark.usefixtures("compiler")


@pytest.fixture(scope="module", params=["fast", "off"])
def library(request, tmp_path_factory):
    if find_compiler() is None:
        pytest.skip("needs a C compiler")
    return Library(tmp_path_factory.mktemp("library"), [f"-ffp-contract={request.param}"])


def check(kind, arguments, found, exact, scale=None, bound=BOUND):
    error = errors(kind, found, exact, scale)
    worst = numpy.argmax(error)
    where = [float(array[worst]) for array in arguments]
    assert error[worst] <= bound, f"{error[worst]} ulp at {where}: got {found[worst]!r}, expected {exact[worst]!r}"


def kinds(names):
    return [
        pytest.param(name, kind, marks=() if kind == "f32" or WIDE else pytest.mark.skip(reason="no wider type"))
        for name, kind in functions()
        if name in names
    ]


@pytest.mark.parametrize("name, kind", kinds(UNARY))
@pytest.mark.sampled(8)
def test_functions_of_one_argument(library, name, kind):
    x = samples(kind, COUNT[kind])
    if name in {"sin", "cos"} and kind == "f64":
        x = x[~(numpy.abs(x) > 1e15)]  # where the next wider type has digits left
    check(kind, [x], library(name, kind, x), reference(name, kind, x))


@pytest.mark.parametrize("name, kind", kinds(PARTIAL))
def test_functions_for_an_interval(library, name, kind):
    least, most = PARTIAL[name]
    x = samples(kind, COUNT[kind])
    x = x[~(x < least) & ~(x > most)]
    assert numpy.isnan(x).any()
    check(kind, [x], library(name, kind, x), reference(name, kind, x))


@pytest.mark.parametrize("name, kind", kinds(GATES))
def test_gates(library, name, kind):
    x = samples(kind, COUNT[kind])
    found, exact = library(name, kind, x), reference(name, kind, x)
    check(kind, [x], found, exact, numpy.ones_like(exact), bound=1.0)
    assert numpy.nanmax(found) == 1.0


@pytest.mark.parametrize("name, kind", kinds(REDUCED))
def test_reduced_functions(library, name, kind):
    x = samples(kind, COUNT[kind])
    far = numpy.abs(x) > 1e6
    found = library(name, kind, x)
    check(kind, [x[~far]], found[~far], reference(name, kind, x[~far]))
    assert numpy.abs(found[far]).max() <= 1.0


@pytest.mark.sampled(10)
@pytest.mark.parametrize("name, kind", kinds(BINARY))
def test_functions_of_two_arguments(library, name, kind):
    x = samples(kind, COUNT[kind], seed=1)
    y = numpy.random.default_rng(2).permutation(samples(kind, COUNT[kind], seed=3))
    exact = reference(name, kind, x, y)
    scale = None
    if name == "logaddexp":  # where the result is near 0, it is a difference of larger numbers
        scale = numpy.maximum(numpy.maximum(numpy.abs(exact), 0.5), numpy.maximum(numpy.abs(x), numpy.abs(y)))
        scale = numpy.where(numpy.isfinite(scale), scale, numpy.abs(exact))
    if name in {"maximum", "minimum"}:
        exact = numpy.where((x == 0) & (y == 0), library(name, kind, x, y), exact)  # either zero, as in NumPy
    check(kind, [x, y], library(name, kind, x, y), exact, scale)


@pytest.mark.parametrize("kind", C_TYPES)
def test_powers_of_moderate_numbers(library, kind):
    random = numpy.random.default_rng(4)
    x = random.uniform(0, 10, COUNT[kind]).astype(DTYPES[kind])
    y = random.uniform(-40, 40, COUNT[kind]).astype(DTYPES[kind])
    x[::3], y[::3] = -x[::3], numpy.rint(y[::3])
    with numpy.errstate(all="ignore"):
        exact = numpy.power(x.astype(numpy.longdouble), y.astype(numpy.longdouble))
    check(kind, [x, y], library("power", kind, x, y), exact)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("kind", C_TYPES)
def test_special_operands(library, name, kind):
    limits = numpy.finfo(DTYPES[kind])
    numbers = [0.0, 0.5, 1.0, 2.0, 3.0, 1e7, 2.0**60, numpy.inf, limits.max, limits.tiny, limits.smallest_subnormal]
    numbers = numpy.array([*numbers, *(-number for number in numbers), numpy.nan], DTYPES[kind])
    x, y = (axis.ravel() for axis in numpy.meshgrid(numbers, numbers))
    with numpy.errstate(all="ignore"):
        expected = getattr(numpy, name)(x, y)
    found = library(name, kind, x, y)
    numpy.testing.assert_allclose(found, expected, rtol=8 * limits.eps)
    if name == "power":
        known = ~numpy.isnan(expected)
        numpy.testing.assert_array_equal(numpy.signbit(found)[known], numpy.signbit(expected)[known])


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names processors of one family")
@pytest.mark.parametrize("target", ["haswell", "skylake-avx512"])
def test_every_loop_is_vectorised(tmp_path, target):
    text = unit()
    loops = {
        number: match[1]
        for number, line in enumerate(text.splitlines(), 1)
        if (match := re.search(r"for \(.*= nnc_(\w+)\(", line))
    }
    assert len(loops) == len(functions())
    lines = vectorised_lines(tmp_path, text, f"-march={target}")
    assert {name for number, name in loops.items() if number not in lines} <= SCALAR


def test_every_loop_of_a_long_function_is_vectorised(tmp_path):
    loop = "#pragma omp simd\n    for (int64_t i = 0; i < n; i++) x[{0} * n + i] = nnc_logaddexp_f32(y[i], {0}.0f);"
    includes = [f"#include <{name}.h>" for name in ("float", "math", "stdint", "string")]
    start = "void run(int64_t n, float *restrict x, const float *y) {"
    called = sections(["nnc_logaddexp_f32"]).text
    text = "\n".join([*includes, called, start, *map(loop.format, range(50)), "}"])
    lines = vectorised_lines(tmp_path, text)
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("    for (")]
    assert all({start - 1, start} & lines for start in starts), "of Clang, the line is that of the directive"


def test_loops_that_read_truth_values_are_vectorised(tmp_path):
    x, kept = nnc.Input((8, 16)), nnc.Input((8,), dtype="bool")
    hidden = nnc.layers.LSTM(16)(x, mask=kept)
    chosen = nnc.ops.where(nnc.ops.expand_dims(kept, -1), nnc.ops.tanh(x), -x)
    text = nnc.compile(nnc.Model([x, kept], [hidden, chosen]), backend="c").source("predict")
    own = text[: text.index("void nnc_predict_once(")].count("\n")
    lines = vectorised_lines(tmp_path, text)
    rest = text.splitlines()[own:]
    choosing = [
        number
        for number, line in enumerate(rest, own + 1)
        if "omp simd" in line and " ? " in "".join(rest[number - own : number - own + 30]).partition("}")[0]
    ]
    assert len(choosing) == 2
    assert all({number, number + 1, number + 2} & lines for number in choosing)


def vectorised_lines(folder: Path, text: str, *options: str) -> set[int]:
    """Return the lines whose loops the compiler says to have vectorised."""
    done = compile_unit(folder, text, "unit.so", [*options, "-fopt-info-vec-optimized"])
    if done.returncode != 0:
        done = compile_unit(folder, text, "unit.so", [*options, "-Rpass=loop-vectorize"])
    if done.returncode != 0 or "vectorized" not in done.stderr:
        pytest.skip("the compiler does not tell")
    found = re.findall(r"unit\.c:(\d+):\d+: .*(?:loop vectorized|vectorized loop)", done.stderr)
    return {int(line) for line in found}


PRODUCT = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SECTIONS
void product(const TYPE *a, const TYPE *b, TYPE *c) {
    nnc_lane_product_KIND(8, 64, 6, 16, a, A_PLACE, b, B_PLACE, c, 96, 16);
}
"""
SHARED, OWN = "{columns}, 1, true", "{columns} * 16, 16, false"


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names processors of one family")
@pytest.mark.parametrize("kind", C_TYPES)
@pytest.mark.parametrize(("a", "b"), [(SHARED, OWN), (OWN, SHARED), (OWN, OWN)], ids=["shared a", "shared b", "own"])
@pytest.mark.parametrize(("target", "register"), [("x86-64-v3", "ymm"), ("skylake-avx512", "zmm")])
def test_products_in_lanes_stay_in_registers(tmp_path, kind, a, b, target, register):
    text = PRODUCT.replace("SECTIONS", sections([f"nnc_lane_product_{kind}"]).text).replace("KIND", kind)
    text = text.replace("TYPE", C_TYPES[kind])
    text = text.replace("A_PLACE", a.format(columns=64)).replace("B_PLACE", b.format(columns=6))
    options = ["-O3", f"-march={target}", "-ffp-contract=fast", "-S"]
    if compile_unit(tmp_path, text, "unit.s", options).returncode != 0:
        pytest.skip("the compiler has another name for the processor")
    products = re.findall(r"\bvfmadd\w+p[sd]\s+(\S+),.*%(\w)mm\d+$", (tmp_path / "unit.s").read_text(), re.MULTILINE)
    assert len(products) >= 12
    assert {f"{size}mm" for _, size in products} == {register}
    read = [operand for operand, _ in products if not operand.startswith("%")]
    assert not any("(%rsp)" in operand or "(%rbp)" in operand for operand in read)
    assert not read or register == "ymm"  # of zmm there are enough


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names processors of one family")
@pytest.mark.parametrize("target", ["skylake-avx512", "icelake-server", "x86-64-v4"])
def test_tiles_have_the_widest_registers_whatever_a_compiler_prefers_for_the_processor(tmp_path, monkeypatch, target):
    features = frozenset(" ".join(LEVELS.values()).split())
    for module in (cpu, toolchain):
        monkeypatch.setattr(module, "cpu_features", lambda: features)
    monkeypatch.setenv("NNC_CPU", "x86-64-v4")
    compiler = find_compiler()
    options = [option for option in toolchain.flags(compiler) if not option.startswith(("-march", "-mcpu", "-shared"))]
    text = sections(["nnc_whole_tile_f32"]).text
    text = f"#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n{text}\nvoid *tile = nnc_whole_tile_f32;"
    if compile_unit(tmp_path, text, "unit.s", [*options, f"-march={target}", "-S"]).returncode != 0:
        pytest.skip("the compiler has another name for the processor")
    products = re.findall(r"\bvfmadd\w+ps\s.*%(\w)mm\d+$", (tmp_path / "unit.s").read_text(), re.MULTILINE)
    assert len(products) >= 16
    assert set(products) == {"z"}


def test_no_warning(tmp_path):
    done = compile_unit(tmp_path, unit(), "unit.so", WARNINGS)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


MAIN = """
#include <stdlib.h>

int main(void) {
    static uint64_t bits[4096];
    static float x32[8192], y32[8192], z32[8192];
    static double x64[4096], y64[4096], z64[4096];
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 25; round++) {
        for (int i = 0; i < 4096; i++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bits[i] = state;
        }
        bits[0] = 0x7FF8000000000000u;
        bits[1] = 0x7FF0000000000000u;
        bits[2] = 0x7FC00000FF800000u;
        memcpy(x32, bits, sizeof x32);
        memcpy(x64, bits, sizeof x64);
        for (int i = 0; i < 8192; i++) y32[i] = x32[(i + round) % 8192];
        for (int i = 0; i < 4096; i++) y64[i] = x64[(i + round) % 4096];
CALLS    }
    return z32[0] == 1.25f && z64[0] == 1.25 ? 3 : 0;
}
"""


def test_no_undefined_behaviour(tmp_path):
    """On any bits at all: the program is ended by a signal where a check fails."""
    calls = "".join(
        f"        {name}_{kind}({8192 if kind == 'f32' else 4096}, x{kind[1:]}, "
        f"{f'y{kind[1:]}, ' if name in BINARY else ''}z{kind[1:]});\n"
        for name, kind in functions()
    )
    options = ["-O1", "-fsanitize=undefined,float-cast-overflow", "-fsanitize-undefined-trap-on-error"]
    text = unit(tail=MAIN.replace("CALLS", calls))
    done = compile_unit(tmp_path, text, "program", options)
    if done.returncode != 0:
        pytest.skip("the compiler has no such checks")
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 0


UNDERFLOW = """
#include <fenv.h>

int main(void) {
    static float x[4096], y[4096], z[4096];
    for (int i = 0; i < 4096; i++) x[i] = (float)(i - 2048) / 24.0f;
    feclearexcept(FE_ALL_EXCEPT);
    sigmoid_f32(4096, x, z);
    logaddexp_f32(4096, x, y, z);
    return fetestexcept(FE_UNDERFLOW) ? 3 : 0;
}
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names processors of one family")
def test_nothing_small_is_squared(tmp_path):
    """Up to |x| = 85 results are normal numbers; with smaller ones on the way, processors would be slow."""
    text = unit(tail=UNDERFLOW)
    done = compile_unit(tmp_path, text, "program", ["-march=haswell"])
    assert done.returncode == 0, done.stderr
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 0


SHUFFLES = """
#include <stdio.h>

int main(void) {
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 1000; i++) {
        const uint64_t x = state *= 6364136223846793005u, y = state *= 6364136223846793005u;
        printf("%llx %llx %llx\\n", (unsigned long long)x, (unsigned long long)y,
               (unsigned long long)nnc_high_product_u64(x, y));
    }
    return 0;
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["-U__SIZEOF_INT128__"]], ids=["wide words", "without"])
def test_high_words_of_products(tmp_path, options):
    text = unit(tail=sections(["nnc_high_product_u64"]).text + SHUFFLES.replace("\\\\", "\\"))
    done = compile_unit(tmp_path, text, "program", options)
    assert done.returncode == 0, done.stderr
    lines = subprocess.run([tmp_path / "program"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(lines) == 1000
    for line in lines:
        x, y, high = (int(word, 16) for word in line.split())
        assert high == x * y >> 64


def test_sections_give_functions_after_those_that_they_call():
    text = sections(["nnc_tanh_f32", "nnc_exp_f32", "nnc_sigmoid_f32"]).text
    order = re.findall(r"^NNC_INLINE \w+ (nnc_\w+)\(", text, re.MULTILINE)
    assert order == [
        "nnc_stored_f32",
        "nnc_bits_f32",
        "nnc_from_bits_f32",
        "nnc_tanh_f32",
        "nnc_opaque_f32",
        "nnc_at_least_f32",
        "nnc_at_most_f32",
        "nnc_exp_tail_f32",
        "nnc_scale_f32",
        "nnc_exp_f32",
        "nnc_sigmoid_of_f32",
        "nnc_exp_below_f32",
        "nnc_sigmoid_f32",
    ]
    assert text.startswith("/* What loops call")
    assert text.count("\n\n") == len(order) + 1, "macros stand before them"
    assert "/* tanh x, at most 2 ulp off" in text
    assert "Cody" not in text, "what is said of a whole header belongs to no function"


def test_sections_of_nothing():
    assert not sections([]).text


def test_sections_tell_of_names_that_are_not_there():
    with pytest.raises(KeyError, match=r"got 'nnc_tan_f32'; there are .*nnc_tanh_f32"):
        sections(["nnc_tan_f32"])


def test_every_function_of_every_header_can_be_taken():
    found = 0
    for header in sorted(Path(headers.__file__).parent.glob("*.h")):
        for line in header.read_text(encoding="utf-8").splitlines():
            if line.startswith(("static ", "NNC_INLINE ")):
                name = re.search(r"\bnnc_\w+", line)[0]
                text = sections([name]).text
                assert line in text.splitlines()
                assert text.endswith("\n}\n")
                found += 1
    assert found > len(functions())


HEADER = """\
/* About the file, which mentions nnc_third(). */

/* The first,
   in two lines. */
static void nnc_first(int64_t n,
                      const nnc_pair *restrict x) {
    nnc_second(n, x, nnc_third(n));

    /* not nnc_fourth() */
}

static void nnc_second(int64_t n, const nnc_pair *x, int64_t third) {
    use(n, x, third);
}

NNC_INLINE int64_t nnc_third(int64_t n) {
    return n > 0 ? nnc_third(n - 1) : nnc_missing(n);
}
"""


@pytest.fixture
def other_headers(tmp_path, monkeypatch):
    (tmp_path / "other.h").write_text(HEADER)
    monkeypatch.setattr(headers, "__file__", str(tmp_path / "__init__.py"))
    headers._functions.cache_clear()
    yield tmp_path
    headers._functions.cache_clear()


@pytest.mark.usefixtures("other_headers")
def test_sections_know_a_missing_function_from_a_type():
    with pytest.raises(KeyError, match="got 'nnc_missing'; there are nnc_first, nnc_second, nnc_third"):
        sections(["nnc_first"])


def test_sections_take_arguments_and_comments_of_several_lines(other_headers):
    (other_headers / "other.h").write_text(HEADER.replace("nnc_missing(n)", "0"))
    text = sections(["nnc_first"]).text
    order = [text.index(start) for start in ("static void nnc_second", "NNC_INLINE int64_t nnc_third", "/* The first")]
    assert order == sorted(order)
    assert "    /* not nnc_fourth() */\n}\n" in text
    assert "About the file" not in text


def test_a_function_stands_in_one_header(other_headers):
    (other_headers / "more.h").write_text(HEADER)
    with pytest.raises(ValueError, match=r"other\.h: nnc_first is defined in another header too"):
        sections(["nnc_first"])
