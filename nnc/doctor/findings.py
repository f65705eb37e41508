"""The findings, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["found", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    Args:
        name: what it is.
        status: ``found``; ``missing``, where nnc does without; or ``broken``, where it is there and of no use.
        text: what it is like; what is missing without it; or what is wrong.
        remedy: what to do, for what is missing or broken.
        details: the same as plain data.
    """

    name: str
    status: Status
    text: str
    remedy: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """All findings.

    Args:
        version: of nnc.
        findings: in the order in which they are shown.
    """

    version: str
    findings: tuple[Finding, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing that is there is broken."""
        return not self.of("broken")

    def of(self, status: Status) -> list[Finding]:
        """Return the findings of a kind."""
        return [finding for finding in self.findings if finding.status == status]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "version": self.version,
            "healthy": self.is_healthy,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def __str__(self) -> str:
        from nnc.models.summary import table

        parts = [f"nnc {self.version}"]
        for status, head in (
            ("found", ("Found", "")),
            ("missing", ("Missing", "would give", "with")),
            ("broken", ("Broken", "", "remedy")),
        ):
            findings = [finding for finding in self.findings if finding.status == status]
            rows = [(item.name, item.text, *([item.remedy] if len(head) > 2 else [])) for item in findings]
            if rows:
                parts.append(table(head, rows))
        return "\n\n".join(parts)
