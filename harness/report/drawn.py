"""What a figure shows, in a form that can be checked: kept in the PNG file itself, so that it travels with the picture.

A line says what it is by its `gid`, which `mark` gives it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

KEYWORD = "drawn"
BOUND = "bound"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Drawn:
    """One line of a figure.

    Args:
        kind: measured, emulated, modelled, published or bound; empty where the line was not marked.
        series: what it is about.
        between: whether what lies between its points is valid.
        points: how many it has.
        joined: whether points with markers are joined.
    """

    kind: str
    series: str
    between: bool
    points: int
    joined: bool


def mark(line: Line2D, kind: str, series: str, *, between: bool) -> None:
    """Say what a line is.

    Args:
        line: as drawn.
        kind: measured, emulated, modelled, published or bound.
        series: what it is about.
        between: whether what lies between its points is valid.
    """
    line.set_gid(json.dumps([kind, series, between]))


def described(figure: Figure) -> str:
    """What the lines of a figure are.

    Args:
        figure: any.

    Returns:
        JSON, ASCII: a list of `Drawn`.
    """
    return json.dumps([asdict(_drawn(line)) for axis in figure.axes for line in axis.lines])


def _drawn(line: Line2D) -> Drawn:
    kind, series, between = json.loads(line.get_gid() or '["", "", false]')
    has_markers = line.get_marker() not in {None, "None", "none", "", " "}
    has_line = line.get_linestyle() not in {"None", "none", "", " "}
    points = np.size(line.get_xdata())
    return Drawn(kind, series or str(line.get_label()), between, points, has_markers and has_line and points > 1)


def read(png: bytes) -> list[Drawn] | None:
    """What the lines of a figure are that was drawn into a file.

    Args:
        png: a PNG file.

    Returns:
        Its lines; None where the file does not say.
    """
    for kind, body in _chunks(png):
        keyword, _, text = body.partition(b"\0")
        if kind == b"tEXt" and keyword == KEYWORD.encode():
            return [Drawn(**line) for line in json.loads(text)]
    return None


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while png.startswith(_SIGNATURE) and place + 8 <= len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        yield kind, png[place + 8 : place + 8 + length]
        place += length + 12
