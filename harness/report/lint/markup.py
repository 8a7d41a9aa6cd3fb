"""Just enough of HTML to look things up in a page of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "link", "hr", "input"}


@dataclass
class Element:
    """An element and what is in it.

    Args:
        tag: its name, in small letters.
        attributes: by name; empty where an attribute has no value.
        content: elements and text, in order.
    """

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, white space in single blanks."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.content:
            yield from (part,) if isinstance(part, str) else part._texts()

    def find(self, tag: str = "", *, having: str = "", **attributes: str) -> list[Element]:
        """Elements in it, at any depth.

        Args:
            tag: of this name; of any where it is empty.
            having: with this attribute, whatever its value; with any where it is empty.
            attributes: of these values, underscores for dashes.

        Returns:
            In the order of the page.
        """
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self._elements()
            if tag in {"", element.tag} and (not having or having in element.attributes) and element._has(wanted)
        ]

    def _elements(self) -> Iterator[Element]:
        for part in self.content:
            if isinstance(part, Element):
                yield part
                yield from part._elements()

    def _has(self, wanted: dict[str, str]) -> bool:
        return all(self.attributes.get(name) == value for name, value in wanted.items())


def parse(page: str) -> Element:
    """Read a page.

    Args:
        page: HTML; what is not closed ends with what it is in.

    Returns:
        An element without a name that holds all others.
    """
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return parser.open[0]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)
