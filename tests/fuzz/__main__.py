"""Fuzzes a reader, guided by coverage: ``python -m tests.fuzz yaml --seconds 600``.

Needs ``pip install atheris``, which has wheels for Linux. Starts from whole files and from what is kept in
`tests/fuzz/corpus`. Prints each kind of finding once, and writes the file to a folder; a crash ends the process.
Without atheris, ``--replay`` says what comes of files, and ``--keep`` takes into the corpus those that cover most.
Exits with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path

AFRESH = 0.3
"""How often a whole content is changed: those that are kept are refused mostly."""
GOES_ON = 8
"""One of so many contents is used as well after it was read, which takes much longer."""
PATIENCE = 5.0
"""How many times slower instrumented code may be."""
MOST_MEMORY = 2_000
"""MiB of the whole process."""
LONGEST = 2**17
"""Bytes of the longest content that is made."""


def main() -> int:
    """Fuzz, replay or keep, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("reader", help="a name in tests/fuzz/readers.py")
    parser.add_argument("--seconds", type=int, default=600, help="default: 600")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers; default: 1")
    parser.add_argument("--corpus", type=Path, help="folder of what covers more; default: build/fuzz/READER")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="only say what comes of these files")
    parser.add_argument("--keep", type=int, metavar="COUNT", help="only take so many files from the folder")
    arguments = parser.parse_args()
    corpus = arguments.corpus or Path("build/fuzz", arguments.reader)
    if arguments.replay:
        return replay(arguments.reader, arguments.replay)
    if arguments.keep:
        from tests.fuzz.kept import keep

        keep(arguments.reader, corpus, arguments.keep)
        return 0
    return fuzz(arguments.reader, arguments.seconds, arguments.seed, corpus)


def replay(name: str, files: list[Path]) -> int:
    """Print what comes of files, and return 1 if anything is wrong."""
    from tests.fuzz.oracle import check
    from tests.fuzz.readers import READERS

    is_wrong = False
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            outcome, finding = check(READERS[name], file.read_bytes(), Path(folder))
            print(f"{file}: {finding or outcome}")
            is_wrong |= bool(finding)
    return int(is_wrong)


def fuzz(name: str, seconds: int, seed: int, corpus: Path) -> int:
    """Run atheris, and return 1 if there was a finding; those that end the process have another code.

    Args:
        name: of the reader.
        seconds: how long.
        seed: of the random numbers.
        corpus: folder of what covers more; beside it are made those of findings and of files that are read.
    """
    folder, findings = (corpus.with_name(f"{corpus.name}-{what}") for what in ("files", "findings"))
    for path in (corpus, findings, folder / "first"):
        path.mkdir(parents=True, exist_ok=True)
    try:
        import atheris
    except ImportError:
        sys.exit("this needs atheris: pip install atheris")
    with atheris.instrument_imports(include=["nnc", "frontends"]):
        import nnc.layers

        for title in nnc.layers.__all__:  # which are imported late
            getattr(nnc.layers, title)
        from tests.fuzz.kept import contents
        from tests.fuzz.oracle import check
        from tests.fuzz.readers import READERS
        from tests.fuzz.seeds import SEEDS

        reader, whole = READERS[name], SEEDS[name]()
        for content in whole.values():  # imports what is imported late
            check(reader, content, folder)
    for title, content in (contents(name) | whole).items():
        (folder / "first" / title).write_bytes(content)
    outcomes: Counter[str] = Counter()
    known: set[str] = set()

    def run(content: bytes) -> None:
        outcome, finding = check(reader, content, folder, zlib.crc32(content) % GOES_ON == 0, PATIENCE)
        outcomes[outcome] += 1
        kind = re.sub(r"[0-9]+|'.*'", "", finding)[:120]
        if finding and kind not in known:
            known.add(kind)
            (findings / f"{zlib.crc32(content):08x}").write_bytes(content)
            print(f"FINDING {len(known)}: {finding}", flush=True)
        if sum(outcomes.values()) % 1000 == 0:
            print("outcomes:", dict(outcomes.most_common(12)), flush=True)

    def mutate(content: bytes, most: int, number: int) -> bytes:
        chance = random.Random(number)
        if chance.random() < 0.3:
            return atheris.Mutate(content, most)
        if chance.random() < AFRESH:
            content = chance.choice(list(whole.values()))
        return reader.change(content, chance)[:most]

    options = [
        *(f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST}", f"-rss_limit_mb={MOST_MEMORY}"),
        *("-timeout=60", "-mutate_depth=2", "-print_final_stats=1", f"-artifact_prefix={findings}/"),
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus), str(folder / "first")], run, custom_mutator=mutate)
    atheris.Fuzz()
    return int(bool(known))


if __name__ == "__main__":
    sys.exit(main())
