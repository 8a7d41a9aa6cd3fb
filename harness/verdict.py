"""Three words, the evidence behind them, and how they compose (worst-of)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Any


class Word(StrEnum):
    """What a finite run can say of a claim; it never proves one."""

    SUPPORTED = "supported"
    INCONCLUSIVE = "inconclusive"
    REFUTED = "refuted"


# In the place of the role of a setting.
ABOUT_SEVERAL = "claim about several"
_BADNESS = {Word.SUPPORTED: 0, Word.INCONCLUSIVE: 1, Word.REFUTED: 2}
_EXIT_STATUS = {Word.SUPPORTED: 0, Word.REFUTED: 1, Word.INCONCLUSIVE: 2}


@dataclass(frozen=True)
class Verdict:
    """A word about a subject, why, and the numbers behind it.

    Args:
        word: supported, inconclusive or refuted.
        subject: what is judged: a layer, a setting, a suite.
        reason: one sentence.
        evidence: JSON-able numbers (estimate, interval, threshold, replicates, offenders, smallest detectable).
        parts: the verdicts that this one is composed of.
    """

    word: Word
    subject: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Verdict, ...] = ()

    @property
    def exit_status(self) -> int:
        """Exit status of a command that ends on this verdict."""
        return _EXIT_STATUS[self.word]

    @property
    def members(self) -> tuple[Verdict, ...]:
        """Verdicts of settings, which have a role, and of claims about several; what unites some is taken apart."""
        apart = (part.members if part.parts and "role" not in part.evidence else (part,) for part in self.parts)
        return tuple(chain.from_iterable(apart))

    def to_json(self) -> dict[str, Any]:
        """Nested JSON-able form.

        Returns:
            Keys `verdict`, `subject`, `reason`, `evidence`, `parts`.
        """
        return {
            "verdict": str(self.word),
            "subject": self.subject,
            "reason": self.reason,
            "evidence": dict(self.evidence),
            "parts": [part.to_json() for part in self.parts],
        }


def worst(words: Iterable[Word]) -> Word:
    """The worst of some words; nothing to judge is inconclusive.

    Args:
        words: any number of words, in any order.

    Returns:
        Refuted if any is, else inconclusive if any is or there is none, else supported.
    """
    return max(words, key=_BADNESS.__getitem__, default=Word.INCONCLUSIVE)


def all_of(subject: str, parts: Sequence[Verdict]) -> Verdict:
    """Intersection–union: the subject is supported only where every part is; no correction is needed.

    Args:
        subject: what the parts belong to.
        parts: verdicts of the parts.

    Returns:
        The worst word, with the first part that has it as the reason.
    """
    word = worst(part.word for part in parts)
    culprit = next((part for part in parts if part.word is word), None)
    if culprit is None:
        reason = "nothing was judged"
    elif word is Word.SUPPORTED:
        reason = f"all {len(parts)} parts are supported" if len(parts) > 1 else culprit.reason
    else:
        reason = f"{culprit.subject}: {culprit.reason}"
    return Verdict(word, subject, reason, parts=tuple(parts))


def with_controls(
    subject: str, claims: Sequence[Verdict], anchors: Sequence[Verdict], controls: Sequence[Verdict]
) -> Verdict:
    """Verdict of a suite: its claims, provided that its anchors hold and its negative controls are refuted.

    A suite whose anchor is not supported, or whose control is not refuted, cannot tell right from wrong:
    it is void, and says nothing about its claims.

    Args:
        subject: name of the suite.
        claims: verdicts of the settings that the claim is about.
        anchors: verdicts of settings where the gap must be float noise.
        controls: verdicts of settings with an assumption broken on purpose.

    Returns:
        The claims' verdict, or inconclusive where the suite is void.
    """
    parts = (*claims, *anchors, *controls)
    loose = [a for a in anchors if a.word is not Word.SUPPORTED]
    blind = [c for c in controls if c.word is not Word.REFUTED]
    if not anchors or not controls:
        missing = "anchor" if not anchors else "negative control"
        return Verdict(Word.INCONCLUSIVE, subject, f"void: no {missing} was run", parts=parts)
    if loose:
        return Verdict(
            Word.INCONCLUSIVE,
            subject,
            f"void: the anchor {loose[0].subject} is {loose[0].word}: {loose[0].reason}",
            parts=parts,
        )
    if blind:
        return Verdict(
            Word.INCONCLUSIVE,
            subject,
            f"void: the negative control {blind[0].subject} is {blind[0].word}, not refuted",
            parts=parts,
        )
    joint = all_of(subject, claims)
    if joint.word is Word.SUPPORTED:
        held = f"{len(anchors)} anchors hold, {len(controls)} controls are refuted"
        reason = f"all {len(claims)} settings are supported, {held}"
        return Verdict(joint.word, subject, reason, parts=parts)
    return Verdict(joint.word, subject, joint.reason, parts=parts)
