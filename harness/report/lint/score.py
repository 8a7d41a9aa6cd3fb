"""Scores of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import BadInputError
from harness.report.lint import numbers, pictures, words
from harness.report.lint.markup import parse
from harness.report.lint.shown import Section

_RULES = words.RULES | numbers.RULES | pictures.RULES


@dataclass(frozen=True)
class Score:
    """What became of one rule.

    Args:
        number: 1 to 12.
        rule: what it asks for.
        problems: where it is broken, and how; empty where it is kept.
    """

    number: int
    rule: str
    problems: tuple[str, ...]

    @property
    def kept(self) -> bool:
        """Whether it is kept everywhere."""
        return not self.problems


def lint(page: str) -> list[Score]:
    """Score a report page.

    Args:
        page: HTML, as `harness report` writes it.

    Returns:
        The twelve rules in their order.

    Raises:
        BadInputError: nothing is timed in it.

    References:
        hoefler2015
    """
    sections = [Section(element) for element in parse(page).find(having="data-timed")]
    if not sections:
        raise BadInputError(
            "holds no suite of kind scaling, so there is nothing to score",
            where="report page",
            remedy="run one, then `harness report`",
        )
    return [
        Score(number, rule, tuple(f"{s.name}: {problem}" for s in sections for problem in check(s)))
        for number, (rule, check) in sorted(_RULES.items())
    ]


def broken(scores: Sequence[Score]) -> list[Score]:
    """Rules that are not kept.

    Args:
        scores: of a page.

    Returns:
        Some or none of them.
    """
    return [score for score in scores if not score.kept]
