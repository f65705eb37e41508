"""From C text to the path of a library that can be loaded: which compiler, which flags, and what to say if it fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nnc.activity import announced
from nnc.backends.c import cache
from nnc.backends.c.cpu import NATIVE, cpu_features, find_target, is_x86
from nnc.backends.c.headers import COMMON_PART, HALVES
from nnc.backends.c.loading import load_error
from nnc.backends.c.process_group import run
from nnc.backends.c.scratch import scratch_folder
from nnc.backends.caches import last_cache_bytes
from nnc.errors import CompilerError
from nnc.installation import install_command

TIMEOUT = 300.0
"""Seconds after which a compiler is taken to hang."""
NAMES = ("cc", "gcc", "clang")
"""Compilers that are looked for, in this order, where ``$CC`` names none."""

_REMEDY = "Set $CC to a C compiler that works, or do without: backend='numpy', on the command line --backend numpy."
_SAID_LINES, _SAID_WIDTH = 12, 300
_OBJECT = "common.o"
_REQUIRED = ("-std=c99", "-shared", *(() if sys.platform == "win32" else ("-fPIC",)))
_TRIAL = 60.0  # seconds that a compiler may take for a few lines
_PROBE = "int nnc_probe(void) { return 0; }\n"
_OPENMP_PROBE = "#include <omp.h>\nint nnc_probe(void) { return omp_get_max_threads(); }\n"


@dataclass(frozen=True)
class Compiler:
    """A C compiler.

    Args:
        command: the program and the arguments that come before all others.
        identity: a text that changes when the compiler is replaced or upgraded.
    """

    command: tuple[str, ...]
    identity: str

    def __str__(self) -> str:
        return " ".join(self.command)


def find_compiler() -> Compiler | None:
    """Return the compiler: ``$CC``, else the first of cc, gcc and clang on the path, else the package `ziglang`.

    No process is started. If ``$CC`` names something that does not exist, there is no compiler: the user wanted it.
    """
    if words := _words_of_cc():
        program = _which(words[0])
        return _compiler(program, *words[1:]) if program else None
    for name in NAMES:
        if program := _which(name):
            return _compiler(program)
    return _zig()


def explain_missing_compiler() -> str:
    """Return why `find_compiler` has found none, and what to do."""
    if words := _words_of_cc():
        problem = f"$CC names {words[0]!r}, which was not found"
    else:
        problem = f"none of {', '.join(NAMES)} is on the path, and the package 'ziglang' is not installed"
    return f"no C compiler: {problem}\n  Install one ({install_command('c')} is enough, it brings Zig's). {_REMEDY}"


def flags(compiler: Compiler, level: int = 3, *, threads: bool = False) -> tuple[str, ...]:
    """Return the flags that a program is compiled with; those that a compiler refuses are left out by `build`.

    A product and a sum may become one rounding (``-ffp-contract=fast``; of GCC, ``-std=c99`` would forbid it). NaN and
    infinity keep their meaning, and sums their order: nothing of ``-ffast-math`` but what no result can show.

    Args:
        compiler: it decides the spelling.
        level: of optimisation, 0 to 3.
        threads: whether ``#pragma omp parallel`` shall have an effect.

    Raises:
        ModelError: ``$NNC_CPU`` names a processor that units cannot be made for here, see `find_target`.
    """
    if level not in {0, 1, 2, 3}:
        raise ValueError(f"level must be 0, 1, 2 or 3, got {level!r}")
    result = [_REQUIRED[0], f"-O{level}", *_REQUIRED[1:], _processor(compiler), *_vectors(), *_caches()]
    result += ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"]
    if level == 2:  # there loops say that they are vectorised; what is stored one by one is best read so
        result.append("-fno-tree-slp-vectorize")
    if _is_zig(compiler):
        result.append("-fno-sanitize=undefined")  # checks that are meant for Zig's debug builds
    if threads:
        result.append("-fopenmp")
    return tuple(result)


def build(
    text: str | Callable[[], str],
    digest: str = "",
    *,
    level: int = 3,
    threads: bool = False,
    parts: int = 1,
    common: str = "",
    extra: Sequence[str] = (),
    timeout: float | None = None,
) -> Path:
    """Return the path of the shared library that a C text makes, compiled if the cache has none; it loads.

    Args:
        text: a whole translation unit; or what returns it, if it must be compiled, with its digest.
        digest: the text's checksum, see `cache.checksum`; by default it is computed.
        level: of optimisation, 0 to 3.
        threads: whether ``#pragma omp parallel`` shall have an effect, if the compiler can; ``_OPENMP`` says so.
        parts: how many compilers translate it at the same time, see `nnc.backends.c.halves`.
        common: a checksum of the functions that it has in common with other units, which one more compiler translates
            unless the cache has them; empty where there are none.
        extra: more flags, such as those of sanitizers.
        timeout: seconds that the compiler may take; by default `TIMEOUT`.

    Raises:
        CompilerError: there is no compiler, or it fails, hangs, or makes what cannot be loaded.
        ModelError: ``$NNC_CPU`` names a processor that units cannot be made for here.
    """
    compiler = find_compiler()
    if compiler is None:
        raise CompilerError(explain_missing_compiler())
    wanted = (*flags(compiler, level, threads=threads), *extra)
    digest = digest or cache.checksum(_text(text).encode())
    divided = [str(parts)] if parts > 1 else []
    shared = _common(compiler, common, (*flags(compiler, 3 if level else 0), *extra)) if common else None
    key = cache.make_key(digest, "\n".join(wanted), compiler.identity, find_target().identity, *divided)
    with cache.lock(key):
        found = cache.find(key)
        if found:
            if usable := _loadable(key, found):
                return usable
            _remove(found)  # it may want a library that is not here any more
        job = _Job(compiler, wanted, key, TIMEOUT if timeout is None else timeout, parts, shared)
        try:
            with announced("compiling C"):
                return job.run(_text(text))
        except OSError as error:  # of temporary files
            place = f"{error.filename}: " if error.filename else ""
            raise CompilerError(
                f"the C compiler could not be run: {place}{error.strerror or error}\n  command: {compiler}\n  {_REMEDY}"
            ) from error


def _common(compiler: Compiler, checksum: str, flags: Sequence[str]) -> _Common:
    """Return functions that units have in common; their flags are the same at whatever level the rest is translated."""
    key = cache.make_key(checksum, "\n".join(flags), compiler.identity, find_target().identity)
    return _Common(f"{key}.o", tuple(flags))


def _text(text: str | Callable[[], str]) -> str:
    return text if isinstance(text, str) else text()


def try_out(compiler: Compiler, *, threads: bool = False) -> str:
    """Return why a compiler does not make a small library that can be loaded, an empty text if it does.

    Nothing is kept beyond the process.

    Args:
        compiler: which.
        threads: whether the library is to have several threads.
    """
    required = [*_REQUIRED, "-fopenmp"] if threads else _REQUIRED
    try:
        made = _compile(compiler, required, _OPENMP_PROBE if threads else _PROBE, _TRIAL)
        if isinstance(made, _Failure):
            said = next((line.strip() for line in made.said.splitlines() if line.strip()), "")
            return f"{made.what}{f': {said[:_SAID_WIDTH]}' if said else ''}"
        return load_error(cache.store_privately(cache.make_key(_PROBE, *required, compiler.identity), made[0]))
    except OSError as error:  # of temporary files
        return f"cannot be tried: {error.strerror or error}"


@dataclass(frozen=True)
class _Failure:
    """A failure of a compiler.

    Args:
        what: one clause.
        said: what it printed.
        command: the whole command line.
        retry: whether other flags might help.
    """

    what: str
    said: str
    command: Sequence[str]
    retry: bool = True


@dataclass(frozen=True)
class _Common:
    """What a unit has in common with others.

    Args:
        name: in the cache.
        wanted: flags.
    """

    name: str
    wanted: tuple[str, ...]


@dataclass(frozen=True)
class _Job:
    """One text on its way to a library.

    Args:
        compiler: which.
        wanted: flags.
        key: of the cache.
        timeout: seconds.
        parts: in which the text is translated.
        common: what is translated apart from these.
    """

    compiler: Compiler
    wanted: tuple[str, ...]
    key: str
    timeout: float
    parts: int = 1
    common: _Common | None = None

    def run(self, text: str) -> Path:
        """Compile, without the flags that the compiler refuses, and return the library."""
        memory = f"{cache.make_key(self.compiler.identity, find_target().identity)}.refused"
        refused = frozenset(cache.recall(memory).decode().splitlines())
        result = self._attempt(text, refused)
        if isinstance(result, _Failure) and result.retry:
            now_refused = self._probe()
            if now_refused - refused:
                result = self._attempt(text, refused | now_refused)
                if not isinstance(result, _Failure):  # or else there was another reason
                    cache.remember(memory, "\n".join(sorted(refused | now_refused)).encode())
        if isinstance(result, _Failure):
            raise CompilerError(self._message(result, text))
        return result

    def _attempt(self, text: str, refused: frozenset[str]) -> Path | _Failure:
        def taken(wanted: Sequence[str]) -> tuple[str, ...]:
            return tuple(flag for flag in wanted if flag not in refused)

        common = self.common and _Common(self.common.name, taken(self.common.wanted))
        made = _compile(self.compiler, taken(self.wanted), text, self.timeout, self.parts, common)
        if isinstance(made, _Failure):
            return made
        library, command = made
        path = cache.store(self.key, library)
        usable = _loadable(self.key, path)
        if usable is None:
            problem = load_error(path)
            _remove(path)
            return _Failure(f"made a library that cannot be loaded: {problem}", "", command)
        return usable

    def _probe(self) -> frozenset[str]:
        """Return the optional flags that the compiler refuses; all are taken if it cannot do without them either."""
        required = [flag for flag in self.wanted if flag in _REQUIRED]
        if not self._takes(required, _PROBE):
            return frozenset()
        optional = [flag for flag in self.wanted if flag not in required and not flag.startswith("-O")]
        return frozenset(
            flag
            for flag in optional
            if not self._takes([*required, flag], _OPENMP_PROBE if flag == "-fopenmp" else _PROBE)
        )

    def _takes(self, flags: Sequence[str], text: str) -> bool:
        made = _compile(self.compiler, flags, text, self.timeout)
        if isinstance(made, _Failure):
            return False
        path = cache.store_privately(f"probe-{self.key}", made[0])
        return not load_error(path)

    def _message(self, failure: _Failure, text: str) -> str:
        said = [line[:_SAID_WIDTH] for line in failure.said.splitlines() if line.strip()]
        if len(said) > _SAID_LINES:
            said = [*said[:_SAID_LINES], f"… and {len(said) - _SAID_LINES} lines more"]
        lines = [
            f"the C compiler {failure.what}",
            f"command: {' '.join(failure.command)}",
            *said,
        ]
        with suppress(OSError):  # what the compiler has said matters more
            lines.append(f"source: {cache.keep_source(self.key, text)}")
        lines.append(_REMEDY)
        return "\n  ".join(lines)


def _compile(
    compiler: Compiler,
    flags: Sequence[str],
    text: str,
    timeout: float,
    parts: int = 1,
    common: _Common | None = None,
) -> tuple[bytes, Sequence[str]] | _Failure:
    """Run the compiler in a folder of its own; return the bytes of the library and the command line that made it."""
    output = f"nnc{cache.SUFFIX}"
    with scratch_folder() as place:
        folder = str(place)
        Path(folder, "nnc.c").write_bytes(text.encode())
        kept = b"" if common is None else cache.recall(common.name)
        if kept:
            Path(folder, _OBJECT).write_bytes(kept)
        environment = {**os.environ, "LC_ALL": "C", "TMPDIR": folder}
        if _is_zig(compiler):
            environment = {"ZIG_LOCAL_CACHE_DIR": folder, "ZIG_GLOBAL_CACHE_DIR": _zig_cache(), **environment}
        with Path(folder, "said").open("w+b") as stream:  # a pipe would wait for children that outlive a hanging parent
            for commands in _commands(compiler, flags, output, parts, common, bool(kept)):
                command = commands[0]
                try:
                    statuses = run(commands, folder, environment, stream, timeout)
                except OSError as error:
                    return _Failure(f"cannot be run: {error.strerror or error}", "", command, retry=False)
                if statuses is None:
                    said = f"has not finished after {timeout:g} seconds"
                    return _Failure(said, _read(stream), command, retry=False)
                for command, status in zip(commands, statuses, strict=True):
                    if status != 0:
                        how = f"failed with exit code {status}" if status > 0 else f"was ended by signal {-status}"
                        return _Failure(how, _read(stream), command, retry=status > 0)
            said = _read(stream)
        if common is not None and not kept:
            with suppress(OSError):  # the library is there, or what is said next
                cache.remember(common.name, Path(folder, _OBJECT).read_bytes())
        try:
            return Path(folder, output).read_bytes(), command
        except FileNotFoundError:
            return _Failure("ended without an error, but has written no library", said, command)


def _commands(
    compiler: Compiler, flags: Sequence[str], output: str, parts: int, common: _Common | None, is_kept: bool
) -> list[list[tuple[str, ...]]]:
    """Return the command lines from ``nnc.c`` to a library: those that may run at the same time, then the others.

    Args:
        compiler: which.
        flags: of the unit.
        output: name of the library.
        parts: in which the unit is translated, besides what is common.
        common: the functions in common, in an object of their own.
        is_kept: whether that object lies there already.
    """
    start, end = (*compiler.command, *flags, "-o", output), "-lm"  # relative names, for equal bytes
    if parts == 1 and common is None:
        return [[(*start, "nnc.c", end)]]

    def translating(part: int, flags: Sequence[str], name: str) -> tuple[str, ...]:
        alone = (flag for flag in flags if flag != "-shared")
        return (*compiler.command, *alone, "-c", "nnc.c", f"-DNNC_PART={part}", "-o", name)

    each = [translating(part, flags, f"{part}.o") for part in HALVES[-parts:]]
    objects = [command[-1] for command in each]
    if common is not None:
        objects.append(_OBJECT)
        if not is_kept:
            each.insert(0, translating(COMMON_PART, common.wanted, _OBJECT))
    return [each, [(*start, *objects, end)]]


def _read(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read(1 << 16).decode("utf-8", "replace")


def _loadable(key: str, path: Path) -> Path | None:
    """Return the path if the library loads, a copy that does where its folder is one from which nothing can be run."""
    if not load_error(path):
        return path
    try:
        copy = cache.store_privately(key, path.read_bytes())
    except OSError:
        return None
    return None if load_error(copy) else copy


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _words_of_cc() -> list[str]:
    if not (text := os.environ.get("CC", "").strip()):
        return []
    import shlex

    try:
        return shlex.split(text, posix=os.name != "nt")
    except ValueError:  # a quotation without an end
        return [text]


def _which(name: str) -> str | None:
    """Do what `shutil.which` does, whose module takes longer to import than all of this."""
    if os.name == "nt":
        import shutil

        return shutil.which(name)
    folders = ["."] if os.path.dirname(name) else os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in filter(None, folders):  # an empty one would mean wherever the user happens to stand
        program = os.path.join(folder, name)
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return os.path.abspath(program)  # the compiler runs in a folder of its own
    return None


def _compiler(program: str, *arguments: str) -> Compiler:
    """Return a compiler whose identity is the place, size and time of change of every program in its command."""
    parts = []
    for word in (program, *arguments):
        found = os.path.realpath(_which(word) or word)
        try:
            status = os.stat(found)
        except OSError:
            parts.append(word)
        else:
            parts.append(f"{found} {status.st_size} {status.st_mtime_ns}")
    return Compiler((program, *arguments), "\n".join(parts))


def _zig() -> Compiler | None:
    """Return the compiler in the package `ziglang`, started without a Python process in between."""
    from importlib.util import find_spec

    specification = find_spec("ziglang")
    for folder in (specification and specification.submodule_search_locations) or ():
        program = os.path.join(folder, "zig.exe" if sys.platform == "win32" else "zig")
        if os.access(program, os.X_OK):
            return _compiler(program, "cc")
    return None


def _zig_cache() -> str:
    """Return Zig's own cache folder, or a private one if it cannot be written, because Zig would wait forever."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/.cache")
    folder = os.path.join(base, "zig")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError:
        is_writable = False
    else:
        is_writable = os.access(folder, os.W_OK)
    return folder if is_writable else str(cache.private_directory() / "zig")


def _is_zig(compiler: Compiler) -> bool:
    words = [Path(word).stem for word in compiler.command]
    return any(word in {"zig", "ziglang"} for word in words)


def _caches() -> list[str]:
    """Return the flag that tells units for this processor how large its last cache is, where that is known."""
    size = last_cache_bytes() if find_target().name == NATIVE else 0
    return [f"-DNNC_LAST_CACHE={size}"] if 0 < size < 1 << 31 else []


def _vectors() -> list[str]:
    """Return the flag that lets loops have all of AVX-512's registers, also where the system names no instructions.

    For many of Intel's processors compilers prefer the half, by their names, as the clocks of the first ones fell with
    the whole. It takes half of the speed from products wherever there are two units for 64 bytes; where there is one,
    two halves take as long as a whole.
    """
    name, features = find_target().name, cpu_features()
    is_native = name == NATIVE and is_x86() and (not features or "avx512f" in features)
    return ["-mprefer-vector-width=512"] if is_native or name == "x86-64-v4" else []


def _processor(compiler: Compiler) -> str:
    """Return the flag for the instructions of the processor that units are made for."""
    name = find_target().name
    if _is_zig(compiler):
        return f"-mcpu={name.replace('-', '_')}"
    return f"-march={name}" if name != NATIVE or is_x86() else "-mcpu=native"
