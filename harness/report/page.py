"""The report: one self-contained page, and a summary in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from harness.record import Machine, Record
from harness.report.figures import inline
from harness.spec import Suite
from harness.verdict import Verdict


@dataclass(frozen=True)
class Picture:
    """A figure ready for a page.

    Args:
        name: used for its file.
        caption: what it shows.
        png: a PNG file.
    """

    name: str
    caption: str
    png: bytes


@dataclass(frozen=True)
class Section:
    """What the report says of one suite.

    Args:
        suite: claim, tolerance and sweep.
        verdict: the suite's verdict.
        records: what was judged.
        machine: where it was run.
        figures: what to look at.
        stale: settings whose records were made by older code.
    """

    suite: Suite
    verdict: Verdict
    records: Sequence[Record]
    machine: Machine
    figures: Sequence[Picture]
    stale: Sequence[str]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row of the evidence table per setting and layer."""
        return [{"setting": part, "role": part.evidence["role"], "layers": part.parts} for part in self.verdict.parts]

    @property
    def facts(self) -> dict[str, str]:
        """Machine, versions and numbers that all records share, for the table at the end."""
        first = self.records[0].facts
        launchers = sorted({r.facts.launcher for r in self.records})
        return {
            "machine": self.machine.id,
            "system": self.machine.system,
            "launcher": ", ".join(launchers),
            "code": first.code[:12],
            "seed entropy": str(first.entropy),
            "run": f"{min(r.facts.started for r in self.records)} to {max(r.facts.started for r in self.records)}",
            **first.versions,
        }


def to_html(sections: Sequence[Section]) -> str:
    """One page, figures inline, without anything from a network.

    Args:
        sections: one per suite.

    Returns:
        The page.
    """
    return _environment(escape=True).get_template("report.html.j2").render(sections=sections, inline=inline)


def to_markdown(sections: Sequence[Section]) -> str:
    """The same in short, figures as links to files.

    Args:
        sections: one per suite.

    Returns:
        Markdown.
    """
    return _environment(escape=False).get_template("summary.md.j2").render(sections=sections)


def _environment(*, escape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)) if escape else False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    return environment


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)
