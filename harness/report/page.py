"""The report: one self-contained page, and a summary in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from harness.record import TRAJECTORY, Machine, Record, pooled
from harness.report.digits import digits
from harness.report.sheet import inline
from harness.report.timing import Timing
from harness.report.timing.model import Model
from harness.spec import Suite
from harness.stats.rates import Rate, estimate
from harness.stats.scaling import Estimate
from harness.stats.speed import Interval
from harness.verdict import ABOUT_SEVERAL, Verdict

SCALING = "scaling"


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
        model: of times, where constants of that machine are stored.
    """

    suite: Suite
    verdict: Verdict
    records: Sequence[Record]
    machine: Machine
    figures: Sequence[Picture]
    stale: Sequence[str]
    model: Model | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Per setting its role, the verdicts of its layers and outcomes, and that of all layers together."""
        return [
            {
                "setting": part,
                "role": part.evidence.get("role", ABOUT_SEVERAL),
                "layers": [layer for layer in part.parts if "median_gap" in layer.evidence],
                "whole": [layer for layer in part.parts if layer.subject == "all" and "exceedances" in layer.evidence],
                "outcomes": [outcome for outcome in part.parts if "margin" in outcome.evidence],
            }
            for part in self.verdict.members
        ]

    @cached_property
    def timing(self) -> Timing | None:
        """What was timed, where that is what the suite is about."""
        return Timing(self.suite, self.records) if self.suite.claim.kind == SCALING else None

    @property
    def decays(self) -> list[tuple[str, Rate]]:
        """How the gap of all layers decays, for settings where it has not vanished and no replicate diverged."""
        found: list[tuple[str, Rate]] = []
        if self.timing:
            return found
        for setting, table in pooled(self.records).values():
            if "all" not in table.layers:
                continue
            gaps, clocks = table.worst_over_ranks(gap=TRAJECTORY, layer="all")
            if (gaps[:, -1] > self.suite.tolerance.epsilon).all() and np.isfinite(gaps).all() and (gaps > 0).all():
                found.append((setting.id, estimate(gaps, clocks.astype(float))))
        return found

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


@dataclass(frozen=True)
class Calibration:
    """How often the verdict errs.

    Args:
        cells: operating characteristics of the fixed rule, as stored.
        decisions: those of the sequential one.
        figure: floors that are missed.
    """

    cells: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    figure: Picture

    @property
    def tables(self) -> dict[int, dict[str, dict[str, Mapping[str, Any]]]]:
        """Cells by number of replicates, world and noise."""
        found: dict[int, dict[str, dict[str, Mapping[str, Any]]]] = {}
        for cell in self.cells:
            found.setdefault(cell["replicates"], {}).setdefault(cell["world"], {})[cell["noise"]] = cell
        return found


def to_html(
    sections: Sequence[Section],
    calibration: Calibration | None,
    gallery: Mapping[str, Any] | None = None,
    drawn: Mapping[str, Any] | None = None,
) -> str:
    """One page, figures inline, without anything from a network.

    Args:
        sections: one per suite.
        calibration: error rates of the verdict, where they were measured.
        gallery: how the check did on known mistakes, as stored, where it was run.
        drawn: how it did on right trainings drawn by hypothesis, as stored, where it was run.

    Returns:
        The page.
    """
    template = _environment(escape=True).get_template("report.html.j2")
    return template.render(sections=sections, calibration=calibration, gallery=gallery, drawn=drawn, inline=inline)


def to_markdown(
    sections: Sequence[Section],
    calibration: Calibration | None,
    gallery: Mapping[str, Any] | None = None,
    drawn: Mapping[str, Any] | None = None,
) -> str:
    """The same in short, figures as links to files.

    Args:
        sections: one per suite.
        calibration: error rates of the verdict, where they were measured.
        gallery: how the check did on known mistakes, as stored, where it was run.
        drawn: how it did on right trainings drawn by hypothesis, as stored, where it was run.

    Returns:
        Markdown.
    """
    template = _environment(escape=False).get_template("summary.md.j2")
    return template.render(sections=sections, calibration=calibration, gallery=gallery, drawn=drawn)


def _environment(*, escape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)) if escape else False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    environment.filters["interval"] = _interval
    environment.filters["digits"] = digits
    return environment


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)


def _interval(found: Interval | Estimate | None, factor: float = 1.0) -> str:
    """The middle and both ends, in units of 1/factor; a dash where there is nothing."""
    if found is None:
        return "–"
    middle = found.median if isinstance(found, Interval) else found.value
    return f"{digits(factor * middle)} [{digits(factor * found.low)}, {digits(factor * found.high)}]"
