"""A page about one check: the first divergence, gaps against step, the ledger of collectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import seaborn as sns
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from matplotlib.figure import Figure

from harness.check.finding import NAMES
from harness.check.judge import Judged, Result
from harness.check.noise import gap
from harness.report.sheet import inline, to_png

_FLOOR = 1e-10
_MOST_TENSORS = 12


def gap_against_step(judged: Judged) -> Figure:
    """Relative gap of every rank against step, per tensor, and the gap that noise explains.

    Args:
        judged: a scenario.

    Returns:
        One panel per tensor, at most twelve: those with the largest gaps.
    """
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    seen, noise = judged.seen, judged.noise
    numbers = _worst_tensors(judged)
    columns = min(3, len(numbers))
    rows = -(-len(numbers) // columns)
    figure = Figure(figsize=(4.6 * columns, 3.4 * rows + 0.8), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis in axes.flat[len(numbers) :]:
        axis.set_axis_off()
    steps = seen.reference.kept[1:]
    for axis, number in zip(axes.flat, numbers, strict=False):
        travelled = noise.tensors[number].travelled[1:]
        with np.errstate(all="ignore"):
            axis.fill_between(
                steps, _FLOOR, noise.bound(number)[1:] / travelled, color="0.8", label="noise explains it"
            )
            for rank, (trace, marker) in enumerate(zip(seen.ranks, "os^Dv<>p" * len(seen.ranks), strict=False)):
                sizes = np.maximum(gap(seen, trace, number)[1:] / travelled, _FLOOR)
                axis.plot(steps, sizes, marker=marker, markersize=4, linewidth=1, label=f"rank {rank}")
        axis.set_yscale("log")
        axis.set_title(seen.names[number], fontsize=10)
    if judged.first is not None and judged.first.step > 0:
        for axis in axes.flat[: len(numbers)]:
            axis.axvline(judged.first.step, color="black", linestyle=":", label="first bad step")
    for axis in axes[:, 0]:
        axis.set_ylabel("gap / distance travelled\n(relative, no unit)")
    for axis in axes[-1]:
        axis.set_xlabel("step")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _worst_tensors(judged: Judged) -> list[int]:
    seen = judged.seen
    with np.errstate(all="ignore"):
        sizes = [
            max(
                float(np.nanmax(gap(seen, trace, n) / np.maximum(judged.noise.bound(n), 1e-300)))
                for trace in seen.ranks
            )
            for n in range(len(seen.names))
        ]
    return sorted(np.argsort(sizes)[::-1][:_MOST_TENSORS].tolist())


def to_html(result: Result) -> str:
    """One page, its figure inline, without anything from a network.

    Args:
        result: of a check.

    Returns:
        The page.
    """
    picture = inline(to_png(gap_against_step(result.shown)))
    return _environment(escape=True).get_template("check.html.j2").render(picture=picture, **_facts(result))


def to_markdown(result: Result) -> str:
    """The same in short.

    Args:
        result: of a check.

    Returns:
        Markdown.
    """
    return _environment(escape=False).get_template("check.md.j2").render(**_facts(result))


def gallery_to_markdown(scores: Sequence[object], total: object, *, workers: int, steps: int) -> str:
    """Scores of a gallery as tables.

    Args:
        scores: of all trainings, as `harness.gallery` makes them.
        total: their totals.
        workers: number of ranks.
        steps: of the longest scenario.

    Returns:
        Markdown.
    """
    template = _environment(escape=False).get_template("gallery.md.j2")
    return template.render(scores=scores, total=total, workers=workers, steps=steps)


def drawn_to_markdown(table: Mapping[str, Any]) -> str:
    """What the check said to right trainings that were drawn.

    Args:
        table: as it is stored.

    Returns:
        Markdown.
    """
    return _environment(escape=False).get_template("drawn.md.j2").render(**table)


def _facts(result: Result) -> dict[str, Any]:
    ledger = next(f for f in result.shown.findings if f.detector == "D9").evidence
    return {
        "result": result,
        "names": NAMES,
        "scenario": result.shown.seen.scenario,
        "ledger": ledger,
        "sizes": sorted(result.smallest_detectable.items(), key=lambda item: -item[1]),
    }


def _environment(*, escape: bool) -> Environment:
    return Environment(
        loader=PackageLoader("harness.report"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)) if escape else False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
