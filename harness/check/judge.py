"""The word on a file: detectors on every scenario, composed by worst-of, and the first place where it goes wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from harness.check import hints, outcome, samples, traffic
from harness.check.finding import NAMES, Finding, First
from harness.check.length import length
from harness.check.noise import Noise
from harness.check.observed import Observed
from harness.check.replicas import replicas, starts
from harness.check.updates import path, update
from harness.verdict import Verdict, Word, worst

# Where two detectors see the same step, the one that says more about the cause speaks first.
_ORDER = ("D6", "D5", "D4", "D1", "D2", "D3", "D8", "D7", "D9")
# Detectors that one rounding error can set off, where it throws a unit of a piecewise linear net to the other side.
_FRAGILE = frozenset({"D2", "D3", "D7", "D8"})
_SWITCH = 0.1


@dataclass(frozen=True, eq=False)
class Judged:
    """What the detectors say about one scenario.

    Args:
        seen: what was seen.
        noise: of the reference.
        findings: one per detector, D1 to D9.
    """

    seen: Observed
    noise: Noise
    findings: tuple[Finding, ...]

    @property
    def refuted(self) -> list[Finding]:
        """Findings that refute, the one that speaks first at the head."""
        found = [finding for finding in self.findings if finding.word is Word.REFUTED]
        return sorted(found, key=lambda f: (f.first.step if f.first else 0, _ORDER.index(f.detector)))

    @property
    def first(self) -> First | None:
        """Where it goes wrong first."""
        return self.refuted[0].first if self.refuted else None

    @property
    def wrong_step(self) -> int | None:
        """The first step whose update is wrong, to be taken apart."""
        steps = [
            f.first.step for f in self.refuted if f.first and f.detector in {"D1", "D2", "D3"} and f.first.step > 0
        ]
        return min(steps, default=None)

    @property
    def fragile(self) -> bool:
        """Whether all that is refuted rests on sizes, so that rounding errors must be known from every side."""
        refuted = {finding.detector for finding in self.refuted}
        return bool(refuted) and refuted <= _FRAGILE

    @property
    def doubtful(self) -> bool:
        """Whether a single rounding error might explain it: it must then be seen again from another seed."""
        gaps = [finding.first.gap for finding in self.refuted if finding.first and finding.detector in {"D2", "D3"}]
        return self.fragile and all(gap is not None and gap < _SWITCH for gap in gaps)

    def in_doubt(self) -> Judged:
        """The same with fragile refutations withdrawn.

        Returns:
            A copy.
        """
        softened = tuple(
            replace(f, word=Word.INCONCLUSIVE, reason=f"seen once and not from another seed: {f.reason}", first=None)
            if f.word is Word.REFUTED
            else f
            for f in self.findings
        )
        return replace(self, findings=softened)

    def hint(self) -> str:
        """What kind of mistake it looks like.

        Returns:
            A sentence or two; empty where nothing is refuted.
        """
        return hints.hint(self.seen, self.noise, self.refuted)


def judge(seen: Observed) -> Judged:
    """Ask every detector.

    Args:
        seen: what was seen of a scenario.

    Returns:
        Their findings.
    """
    # Trainings that diverge overflow, and what is not finite is judged as such.
    with np.errstate(all="ignore"):
        noise = Noise(seen)
        findings = (
            replicas(seen, noise),
            update(seen, noise),
            path(seen, noise),
            traffic.stale_reads(seen),
            samples.ledger(seen),
            starts(seen, noise),
            length(seen, noise),
            outcome.losses(seen, noise),
            traffic.collectives(seen),
        )
    return Judged(seen, noise, findings)


@dataclass(frozen=True, eq=False)
class Result:
    """The word on a file.

    Args:
        file: its name.
        judged: per scenario.
        seconds: wall time, by what it went into.
    """

    file: str
    judged: tuple[Judged, ...]
    seconds: dict[str, float]

    @property
    def detectors(self) -> dict[str, tuple[Word, str, bool]]:
        """Per detector its worst word over scenarios, why, and whether it counts."""
        found = {}
        for name in NAMES:
            mine = [
                (judged, finding) for judged in self.judged for finding in judged.findings if finding.detector == name
            ]
            counted = [(j, f) for j, f in mine if f.applies and (f.word is Word.REFUTED or j.seen.scenario.scale == 1)]
            word = worst(finding.word for _, finding in counted)
            where, said = next(((j, f) for j, f in counted if f.word is word), mine[0])
            place = where.seen.scenario
            reason = (
                f"{said.reason} ({place.name}, {place.workers} ranks)" if word is not Word.SUPPORTED else said.reason
            )
            found[name] = (word, reason, bool(counted))
        return found

    @property
    def word(self) -> Word:
        """Worst of the detectors that had something to judge."""
        return worst(word for word, _, counts in self.detectors.values() if counts)

    @property
    def culprit(self) -> Judged | None:
        """The scenario to show: the first that is refuted."""
        return next((judged for judged in self.judged if judged.refuted), None)

    @property
    def shown(self) -> Judged:
        """The scenario to draw."""
        return self.culprit or self.judged[0]

    @property
    def first(self) -> First | None:
        """Where it goes wrong first; the rank is named where the parts of the update tell."""
        found = self.culprit.first if self.culprit else None
        if found is None or found.rank is not None or self.culprit is None:
            return found
        return replace(found, rank=hints.culprit(self.culprit.seen, self.culprit.noise, found))

    @property
    def hint(self) -> str:
        """What kind of mistake it looks like."""
        return self.culprit.hint() if self.culprit else ""

    @property
    def reason(self) -> str:
        """One sentence."""
        if self.culprit is not None:
            place = self.culprit.seen.scenario
            return f"{self.culprit.refuted[0].reason} ({place.name}, {place.workers} ranks)"
        counted = {name: found for name, found in self.detectors.items() if found[2]}
        if self.word is Word.SUPPORTED:
            return f"all {len(counted)} detectors that apply, in {len(self.judged)} scenarios"
        name, (_, reason, _) = next((n, f) for n, f in counted.items() if f[0] is self.word)
        return f"{name}: {reason}"

    @property
    def smallest_detectable(self) -> dict[str, float]:
        """Per tensor the relative gap that the scenario shown would have found at its last step."""
        judged = self.judged[0]
        return {name: judged.noise.detectable(number) for number, name in enumerate(judged.seen.names)}

    @property
    def tolerance(self) -> dict[str, list[float]]:
        """Per tensor the relative gap allowed at each kept step, derived from the reference against itself."""
        judged = self.judged[0]
        steps = range(1, len(judged.seen.reference.kept))
        return {
            name: [judged.noise.detectable(number, step) for step in steps]
            for number, name in enumerate(judged.seen.names)
        }

    def verdict(self) -> Verdict:
        """The word with its evidence.

        Returns:
            One part per detector that applies.
        """
        parts = tuple(Verdict(word, name, reason) for name, (word, reason, counts) in self.detectors.items() if counts)
        return Verdict(self.word, self.file, self.reason, {"hint": self.hint}, parts)

    def to_json(self) -> dict[str, Any]:
        """The contract's form.

        Returns:
            `verdict`, `first`, `hint`, `tolerance`, `smallest_detectable`, `detectors`, and what was run.
        """
        first = self.first
        return {
            "verdict": str(self.word),
            "file": self.file,
            "reason": self.reason,
            "first": asdict(first) if first else None,
            "hint": self.hint,
            "tolerance": self.tolerance,
            "smallest_detectable": self.smallest_detectable,
            "detectors": {
                name: {"verdict": str(word), "name": NAMES[name], "reason": reason, "counts": counts}
                for name, (word, reason, counts) in self.detectors.items()
            },
            "scenarios": [_scenario(judged) for judged in self.judged],
            "seconds": self.seconds,
        }


def _scenario(judged: Judged) -> dict[str, Any]:
    return {
        **asdict(judged.seen.scenario),
        "random": judged.noise.random,
        "repeats": len(judged.seen.repeats),
        "findings": [
            {
                "detector": finding.detector,
                "verdict": str(finding.word),
                "reason": finding.reason,
                "counts": finding.applies,
                "first": asdict(finding.first) if finding.first else None,
                "evidence": dict(finding.evidence),
            }
            for finding in judged.findings
        ],
    }
