"""Counts of outcomes by folder, failures by their causes, and the record of what passes."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.keras_suite.running import Outcome
from tests.keras_suite.scope import OUT_OF_SCOPE

RECORD = Path(__file__).parent / "recorded.json"
COLUMNS = ("passed", "failed", "skips itself", "out of scope")


def counts(found: Iterable[Outcome]) -> dict[str, Counter[str]]:
    """Return how many tests of each folder ended how."""
    result: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in found:
        result[outcome.folder][outcome.outcome] += 1
    return dict(sorted(result.items()))


def table(found: Mapping[str, Mapping[str, int]]) -> str:
    """Return counts as a Markdown table, with a sum."""
    total: Counter[str] = Counter()
    for row in found.values():
        total.update(row)
    rows = [*((f"`{folder}`", row) for folder, row in found.items()), ("All", total)]
    lines = ["| Folder | Pass | Fail | Pass, of those in scope | Skip themselves | Out of scope |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for title, row in rows:
        passed, failed, skipped, left_out = (row.get(column, 0) for column in COLUMNS)
        share = f"{100 * passed / (passed + failed):.0f} %" if passed + failed else "–"
        lines.append(f"| {title} | {passed} | {failed} | {share} | {skipped} | {left_out} |")
    return "\n".join(lines)


def cause(outcome: Outcome) -> str:
    """Return the error of a failure without what differs from test to test: numbers, names of layers, paths."""
    text = outcome.text.splitlines()[0] if outcome.text else ""
    text = re.sub(r"0x[0-9a-f]+", "…", text)
    text = re.sub(r"[Ll]ayer '[\w/]+'( \(\w+\))?", "layer '…'", text)
    text = re.sub(r"(loss|metric|optimizer|regularizer|initializer|constraint) '\w+'", r"\1 '…'", text)
    text = re.sub(r"\[[^\[\]]{8,}\]|\([^()]{12,}\)|array\(.*", "(…)", text)
    text = re.sub(r"\d+(\.\d+)?(e-?\d+)?", "#", text)
    return f"{text[:170]}{f' [{outcome.where}]' if outcome.where else ''}"


def causes(found: Sequence[Outcome]) -> str:
    """Return failures grouped by their causes, the most frequent first, those by value before all others."""
    failed = [outcome for outcome in found if outcome.outcome == "failed"]
    values = [outcome for outcome in failed if outcome.kind == "value"]
    words = [outcome for outcome in failed if outcome.kind == "words"]
    lines = [f"# Failures: {len(failed)}, {len(values)} by value, {len(words)} by the words of an error alone", ""]
    lines += ["## By value", ""]
    lines += [f"- `{outcome.name}`: {' '.join(outcome.text.split())[:300]}" for outcome in values]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in failed:
        if outcome.kind not in ("value", "words"):
            groups[cause(outcome)].append(outcome)
    lines += ["", "## By cause", ""]
    for text, members in sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        lines.append(f"- **{len(members)}** {text}; such as `{members[0].name}`")
    lines += ["", "## By words of an error", ""]
    lines += [f"- `{outcome.name}`: {' '.join(outcome.text.split())[:250]}" for outcome in words]
    return "\n".join(lines) + "\n"


def record(found: Sequence[Outcome]) -> None:
    """Write counts, and the names of what passes by file, of the folders that were run as a whole; others stay."""
    data = json.loads(RECORD.read_text())
    folders = {outcome.folder for outcome in found}
    passing: dict[str, list[str]] = defaultdict(list)
    for outcome in found:
        if outcome.outcome == "passed":
            file, _, name = outcome.name.partition("::")
            passing[file].append(name)
    kept = {file: names for file, names in data["passing"].items() if file.split("/")[0] not in folders}
    data["passing"] = {file: sorted(names) for file, names in sorted((kept | passing).items())}
    data["counts"] = dict(sorted((data["counts"] | counts(found)).items()))
    _write(data)


def record_scope(found: Sequence[Outcome]) -> None:
    """Write how many tests each pattern leaves out, by folder.

    Args:
        found: all tests that are out of scope.
    """
    data = json.loads(RECORD.read_text())
    left_out: dict[str, Counter[str]] = defaultdict(Counter)
    folders: Counter[str] = Counter()
    for outcome in found:
        left_out[outcome.kind][outcome.folder] += 1
        folders[outcome.folder] += 1
    data["left_out"] = {pattern: dict(sorted(row.items())) for pattern, row in sorted(left_out.items())}
    for folder, row in data["counts"].items():
        row["out of scope"] = folders[folder]
    _write(data)


def scope_table(left_out: Mapping[str, Mapping[str, int]]) -> str:
    """Return how many tests each pattern leaves out, by folder, as a Markdown table."""
    lines = ["| Pattern | Tests | In |", "| --- | ---: | --- |"]
    for reason, patterns in OUT_OF_SCOPE.items():
        rows = {pattern: left_out.get(pattern, {}) for pattern in patterns}
        lines.append(
            f"| **{reason[0].upper()}{reason[1:]}** | **{sum(sum(row.values()) for row in rows.values())}** | |"
        )
        for pattern, row in rows.items():
            inside = ", ".join(f"`{folder}` {count}" for folder, count in row.items())
            lines.append(f"| `{pattern}` | {sum(row.values())} | {inside} |")
    return "\n".join(lines)


def _write(data: Mapping[str, object]) -> None:
    RECORD.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
