"""What a page shows of timed suites, as a reader sees it: numbers from the text of cells, lines from pictures."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from harness.report import drawn
from harness.report.lint.markup import Element

_NUMBER = r"-?(?:\d[\d.]*(?:e[+-]?\d+)?|inf|nan)"
_INTERVAL = re.compile(rf"({_NUMBER}) \[({_NUMBER}), ({_NUMBER})\]")
_ROUND = re.compile(rf"(\d+): ({_NUMBER})")


@dataclass(frozen=True)
class Row:
    """A row of the table of times, or of comparisons.

    Args:
        element: of the page.
    """

    element: Element

    @property
    def setting(self) -> str:
        """Its id."""
        return self.element.attributes["data-setting"]

    @property
    def batch(self) -> int:
        """Examples of a clock."""
        return int(self.element.attributes["data-batch"])

    @property
    def growth(self) -> float:
        """Examples of a clock over those of the reference's."""
        return self.batch / int(self.element.attributes["data-base-batch"])

    @property
    def is_peer(self) -> bool:
        """Whether it is somebody else's."""
        return "data-peer" in self.element.attributes

    def shown(self, quantity: str) -> tuple[float, float, float] | None:
        """A number with its interval.

        Args:
            quantity: its name in the page.

        Returns:
            Middle, lower and upper end; None where there is no such cell, or no interval in it.
        """
        return interval(self.text(quantity))

    def text(self, quantity: str) -> str:
        """What a cell says.

        Args:
            quantity: its name in the page.

        Returns:
            Its text; empty where there is no such cell.
        """
        cells = self.element.find("td", data_quantity=quantity)
        return cells[0].text if cells else ""


@dataclass(frozen=True)
class Section:
    """What a page shows of one timed suite.

    Args:
        element: of the page.
    """

    element: Element

    @property
    def name(self) -> str:
        """The suite's."""
        return self.element.attributes["data-timed"]

    @cached_property
    def rows(self) -> list[Row]:
        """The table of times."""
        return [Row(row) for row in self.listed("times", "data-setting")]

    def heading(self, quantity: str) -> str:
        """What a column is called.

        Args:
            quantity: its name in the page.

        Returns:
            Its heading; empty where there is none.
        """
        found = self.element.find("th", data_quantity=quantity)
        return found[0].text if found else ""

    def values(self, setting: str, what: str) -> dict[int, float]:
        """Times of a setting in every round.

        Args:
            setting: its id.
            what: `step` or `base`.

        Returns:
            Milliseconds by round; empty where they are not listed.
        """
        return self._rounds.get((setting, what), {})

    @cached_property
    def _rounds(self) -> dict[tuple[str, str], dict[int, float]]:
        return {
            (row.attributes["data-setting"], row.attributes["data-what"]): {
                int(number): float(ms) for number, ms in _ROUND.findall(row.find("td")[-1].text)
            }
            for row in self.listed("rounds", "data-setting")
        }

    def marked(self, name: str) -> list[Element]:
        """Elements that say what they are for.

        Args:
            name: what for.

        Returns:
            Some or none.
        """
        return self.element.find(data_mark=name)

    def listed(self, name: str, attribute: str) -> list[Element]:
        """What stands in elements that say what they are for.

        Args:
            name: what for.
            attribute: that is looked for.

        Returns:
            Elements with the attribute.
        """
        return [row for mark in self.marked(name) for row in mark.find(having=attribute)]

    @cached_property
    def lines(self) -> list[list[drawn.Drawn] | None]:
        """What each picture shows; None where it does not say."""
        return [_lines(picture.attributes.get("src", "")) for picture in self.element.find("img")]


# What a rule asks for, and the problems of a section with it, by number of the rule.
Rules = dict[int, tuple[str, Callable[[Section], Iterator[str]]]]


def interval(text: str) -> tuple[float, float, float] | None:
    """Read a number with its interval.

    Args:
        text: of a cell.

    Returns:
        Middle, lower and upper end; None where it is something else.
    """
    found = _INTERVAL.fullmatch(text)
    return (float(found[1]), float(found[2]), float(found[3])) if found else None


def _lines(source: str) -> list[drawn.Drawn] | None:
    try:
        return drawn.read(base64.b64decode(source.partition("base64,")[2], validate=True))
    except (binascii.Error, ValueError, TypeError):
        return None
