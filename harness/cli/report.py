"""`harness report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness import registry
from harness.cli import show
from harness.cli.judge import judge_stored, with_records
from harness.cli.options import RESULTS, Json, Results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.record import Machine, Record
    from harness.report.page import Calibration, Picture, Section
    from harness.report.timing.model import Model
    from harness.store import Store


def report(
    suites: Annotated[
        list[str] | None, typer.Argument(help="Suites to report; all that have records if left out.")
    ] = None,
    results: Results = RESULTS,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; DIR/report if left out.", metavar="DIR")] = None,
    json: Json = None,
) -> int:
    """Write report.html (one self-contained page), summary.md and figures/*.png.

    Its exit status is 0 once the report is written, whatever the verdicts are.

    Examples: `harness report`, `harness report data_partition_bsp --out results/published`
    """
    from harness.report import page
    from harness.store import Store, write_bytes, write_text

    store = Store(results)
    folder = out or results / "report"
    sections = [_section(registry.load(name).name, store) for name in suites or with_records(store)]
    calibration = _calibration(store)
    for section in sections:
        for figure in section.figures:
            write_bytes(folder / "figures" / f"{section.suite.name}-{figure.name}.png", figure.png)
    if calibration is not None:
        write_bytes(folder / "figures" / f"{calibration.figure.name}.png", calibration.figure.png)
    facts = (sections, calibration, store.gallery(), store.drawn())
    write_text(folder / "summary.md", page.to_markdown(*facts))
    write_text(folder / "report.html", page.to_html(*facts))
    show.write_json(json, [section.verdict.to_json() for section in sections])
    show.console().print(f"report: {folder / 'report.html'}", soft_wrap=True, highlight=False)
    return 0


def _calibration(store: Store) -> Calibration | None:
    from harness.report.figures import floors_found
    from harness.report.page import Calibration, Picture
    from harness.report.sheet import to_png

    measured = store.calibration()
    if measured is None:
        return None
    cells = measured["cells"]
    return Calibration(
        cells,
        measured["decisions"],
        Picture("calibration", registry.caption(floors_found), to_png(floors_found(cells))),
    )


def _section(name: str, store: Store) -> Section:
    from harness.record import one_machine
    from harness.report.page import SCALING, Picture, Section
    from harness.report.sheet import to_png

    verdict, records = judge_stored(name, store), store.records(name)
    order = {setting.id: number for number, setting in enumerate(registry.load(name).settings)}
    records.sort(key=lambda record: order.get(record.facts.setting.id, len(order)))
    machine, scaling = one_machine(records), registry.load(name).claim.kind == SCALING
    model = _model(store, machine, records) if scaling else None
    return Section(
        suite=registry.load(name),
        verdict=verdict,
        records=records,
        machine=machine,
        figures=[
            Picture(plot, registry.caption(draw), to_png(draw(records))) for plot, draw in registry.plots(name).items()
        ]
        + (_modelled(model) if model else []),
        stale=[r.facts.setting.id for r in records if r.facts.code != registry.code_hash(name)],
        model=model,
    )


def _model(store: Store, machine: Machine, records: Sequence[Record]) -> Model | None:
    from harness.planning import Constants
    from harness.report.timing.model import model

    body = store.constants(machine)
    return model(records, Constants.of(body)) if body else None


def _modelled(model: Model) -> list[Picture]:
    from harness.report.modelled import plot_beyond, plot_model_error
    from harness.report.page import Picture
    from harness.report.sheet import to_png

    found = [Picture("model-error", registry.caption(plot_model_error), to_png(plot_model_error(model.rows)))]
    if points := model.beyond():
        figure = plot_beyond(points, measured_up_to=model.constants.machine.cores)
        found.append(Picture("beyond", registry.caption(plot_beyond), to_png(figure)))
    return found
