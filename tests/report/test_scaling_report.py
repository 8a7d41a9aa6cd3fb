"""Figures and tables of times, from records made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.errors import BadInputError
from harness.record import Record
from harness.report import drawn, published, scaling, timing
from harness.report.figures import to_png
from harness.report.series import EMULATED, LIMIT, MEASURED, MODELLED, family, groups, shape
from harness.spec import DataPartition, Fault, Framework, Layout, ModelPartition, PeerPartition, StalePartition
from harness.stats.scaling import Law, NoFit
from harness.stats.speed import Interval, ratio, times
from samples import ROUNDS, record, setting, timed, timed_records, timed_training

FIGURES = [scaling.speedup, scaling.breakdown, scaling.rates]


def lines(figure: Figure) -> list[drawn.Drawn]:
    found = drawn.read(to_png(figure))
    assert found is not None
    return found


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize(
    "records",
    [
        [],
        [record(setting(2), np.full((3, 4), 1e-15))],
        timed_records()[:1],
        [timed(DataPartition(2), 0.5, rounds=range(3))],
        timed_records(),
        timed_records(weak=True),
        [*timed_records(), timed(DataPartition(2), 0.5, training=timed_training(256))],
    ],
    ids=["nothing", "nothing timed", "one visit", "no interval", "strong", "weak", "two loads"],
)
def test_every_figure_is_drawn(draw: type[Figure], records: Sequence[Record]) -> None:
    figure = draw(records)
    assert isinstance(figure, Figure)
    assert to_png(figure).startswith(b"\x89PNG")
    if not records or records[0].facts.suite != "strong_scaling":
        assert "no record yet" in [text.get_text() for text in figure.texts]


def test_measured_and_emulated_points_are_never_joined() -> None:
    found = lines(scaling.speedup(timed_records()))
    bsp = [line for line in found if line.series == "data, BSP"]
    assert {(line.kind, line.points) for line in bsp} == {(MEASURED, 2), (EMULATED, 3)}
    assert all(line.joined for line in bsp)
    # Between 2 × 2 and 2 × 4 workers there is nothing.
    assert not any(line.joined for line in found if line.series.startswith("hybrid"))
    assert {line.series for line in found if line.kind == drawn.BOUND} == {"ideal", "no exchange"}


def test_points_stand_at_their_speedup_with_their_interval() -> None:
    records = [timed(DataPartition(1), 1.1), timed(DataPartition(2), 0.55)]
    axis, other = scaling.speedup(records).axes
    for panel, divided in ((axis, False), (other, True)):
        (line,) = [line for line in panel.lines if "data, BSP" in (line.get_gid() or "")]
        expected = [t.efficiency if divided else t.speedup for t in times(records).values()]
        np.testing.assert_allclose(line.get_ydata(orig=False), [interval.median for interval in expected])
        (bars,) = [c for c in panel.collections if len(c.get_segments()) == 2]
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, [[interval.low, interval.high] for interval in expected])


def test_the_base_is_named_with_its_time() -> None:
    strong, weak = (scaling.speedup(timed_records(weak=weak)).axes[1].get_title() for weak in (False, True))
    base = Interval.of(np.array([*groups(timed_records())[0].base.values()]))
    assert f"{1e3 * base.median:.4g} [{1e3 * base.low:.4g}, {1e3 * base.high:.4g}] ms per clock" in strong
    assert "same batch of 512" in strong
    assert "batch 256, that of one worker" in weak


def test_a_growing_batch_is_one_load() -> None:
    (strong,), (weak,) = groups(timed_records()), groups(timed_records(weak=True))
    assert (strong.weak, strong.title) == (False, "noise 440–6×2048–1993, batch 512")
    assert (weak.weak, weak.title) == (True, "noise 440–6×2048–1993, batch 256 per worker")


def test_modelled_points_have_a_label_of_their_own_and_one_net() -> None:
    model = {"data, BSP": {1: 1.0, 64: 40.0}}
    figure = scaling.speedup(timed_records(), model)
    found = [line for line in lines(figure) if line.kind == MODELLED]
    assert [(line.series, line.points) for line in found] == [("data, BSP", 2)] * 2
    assert any(text.startswith("modelled") for text in texts(figure))
    assert not any(text.startswith("modelled") for text in texts(scaling.speedup(timed_records())))
    (line,) = [line for line in figure.axes[1].lines if MODELLED in (line.get_gid() or "")]
    assert line.get_fillstyle() == "none"
    np.testing.assert_allclose(line.get_ydata(orig=False), [1.0, 40 / 64])
    with pytest.raises(BadInputError, match="one net and load"):
        scaling.speedup([*timed_records(), timed(DataPartition(2), 0.5, training=timed_training(128))], model)


def test_published_series_are_those_of_the_same_scaling_each_with_a_source(
    pytestconfig: pytest.Config,
) -> None:
    keys = (pytestconfig.rootpath / "harness" / "references.bib").read_text()
    for weak in (False, True):
        shown = texts(scaling.speedup(timed_records(weak=weak)))
        for series in published.PUBLISHED:
            assert f"{{{series.source}," in keys
            assert (series.label in shown) == (series.weak == weak)
    horovod = [series for series in published.PUBLISHED if series.source == "sergeev2018"]
    assert ["90%" in series.label or "68%" in series.label for series in horovod] == [True, True]


@pytest.mark.parametrize("weak", [False, True])
def test_parts_make_up_the_step(weak: bool) -> None:
    records = timed_records(weak=weak)
    for row in timing.Timing(None, records).parts:  # type: ignore[arg-type]
        found = {name: getattr(row, name).median for name in ("compute", "exchange", "wait") if getattr(row, name)}
        rest, overlap = (part.median if part else 0.0 for part in (row.rest, row.overlap))
        total = sum(found.values()) + rest - overlap
        assert total == pytest.approx(row.point.seconds.median, rel=0.06), row.name
        assert rest >= 0 <= overlap


def test_parts_are_what_they_are_called() -> None:
    limit = timed(DataPartition(2, Fault.NO_EXCHANGE), 0.5)
    bsp = timed(DataPartition(2), 0.52, exchange=0.03)
    neuron = timed(ModelPartition(2, Layout.NEURON), 0.6, exchange=0.05)
    late = timed(StalePartition(2, 3), 0.6)
    records = [limit, bsp, neuron, late]
    by_name = {row.name: row for row in timing.Timing(None, records).parts}  # type: ignore[arg-type]
    assert by_name["P = 2: data, BSP"].compute == times([limit])[limit_key(limit)].seconds
    assert by_name["P = 2: data, BSP"].overlap is not None
    assert by_name["P = 2: data, BSP"].rest is None
    # One of two ranks is 1.5 % earlier.
    step = by_name["P = 2: data, BSP"].point.seconds.median
    assert by_name["P = 2: data, BSP"].wait.median == pytest.approx(0.0075 * step, rel=1e-6)
    divided = by_name["P = 2: neuron"]
    assert (divided.rest, divided.overlap) == (None, None)
    assert divided.compute is not None
    assert divided.compute.median < times([neuron])[limit_key(neuron)].seconds.median - 0.04
    stale = by_name["P = 2: data, SSP s = 3, eager"]
    assert (stale.exchange, stale.overlap) == (None, None)
    assert stale.rest is not None
    assert stale.rest.median == pytest.approx(0.05 - stale.wait.median, rel=0.5)


def limit_key(one: Record) -> object:
    """Times are found by what they are found by."""
    return next(iter(times([one])))


def test_rows_hold_what_was_timed() -> None:
    records = timed_records()
    rows = {row.setting.id: row for row in timing.table(records)}
    known = {point.setting.id: point for point in times(records).values()}
    assert rows.keys() == known.keys()
    limits = {row.setting.distribution.workers: row for row in rows.values() if family(row.setting) == LIMIT}
    for row in rows.values():
        workers = row.setting.distribution.workers
        assert row.kind == (EMULATED if workers > 2 else MEASURED)
        assert row.sanity == (None if workers > 2 else 0.7 if family(row.setting) == LIMIT else 1e-6)
        assert row.speedup == known[row.setting.id].speedup
        assert row.base is not None
        assert row.base.rounds == ROUNDS
        if workers == 1:
            assert row.of_limit is None
        else:
            assert row.of_limit == ratio(limits[workers].point.step, row.point.step)
    assert rows[limits[2].setting.id].of_limit.median == 1


def test_numbers_of_unshared_rounds_are_not_compared() -> None:
    early = timed(DataPartition(2, Fault.NO_EXCHANGE), 0.5, rounds=range(4))
    late = timed(DataPartition(2), 0.5, rounds=range(4, 8))
    assert timing.table([early, late])[1].of_limit is None


def test_ours_are_compared_with_peers_of_the_same_training_alone() -> None:
    fast, slow, same = (
        timed(PeerPartition(2, Framework.DDP), 0.8),
        timed(PeerPartition(2, Framework.MIRRORED), 0.3),
        timed(PeerPartition(2, Framework.TAPE), 0.5),
    )
    other = timed(DataPartition(2), 0.5, training=replace(timed_training(), clocks=25))
    records = [other, timed(DataPartition(2), 0.5), timed(DataPartition(2, Fault.NO_EXCHANGE), 0.5), fast, slow, same]
    found = timing.comparisons(groups(records))
    words = {row.peer.setting.distribution.framework: row.word for row in found}
    assert len(groups(records)) == 1
    assert len(found) == 3
    assert words == {"ddp": timing.FASTER, "mirrored": timing.SLOWER, "tape": timing.NO_DIFFERENCE}


def test_the_word_is_that_of_the_whole_interval() -> None:
    (one, *_) = groups(timed_records())[0].points
    words = [
        timing.Comparison(one, one, Interval(median, low, high, 8)).word
        for median, low, high in [(1.2, 1.1, 1.3), (1.1, 0.9, 1.3), (0.9, 0.8, 1.1), (0.9, 0.8, 0.95)]
    ]
    assert words == [timing.FASTER, timing.NO_DIFFERENCE, timing.NO_DIFFERENCE, timing.SLOWER]


def test_laws_are_fitted_to_one_kind_of_points_or_not_at_all() -> None:
    found = timing.fits(groups(timed_records()))
    emulated = {(row.family, row.found.law) for row in found if row.fitted and row.kind == EMULATED}
    assert ("data, BSP", Law.AMDAHL) in emulated
    # The measured T(1) is no emulated point, and three points do not fit it.
    assert ("data, BSP", Law.UNIVERSAL) not in emulated
    assert not any(row.fitted for row in found if row.kind == MEASURED)
    (sentence,) = {
        row.found.reason
        for row in found
        if isinstance(row.found, NoFit) and (row.family, row.kind) == ("data, BSP", MEASURED)
        if row.found.law is Law.AMDAHL
    }
    assert "there are 2 (1, 2)" in sentence
    weak = {row.found.law for row in timing.fits(groups(timed_records(weak=True)))}
    assert weak == {Law.GUSTAFSON, Law.UNIVERSAL}
    assert not any(row.family == LIMIT for row in found)


def test_serial_shares_are_those_of_the_speedups() -> None:
    records = [timed(DataPartition(1), 1.0), timed(DataPartition(2), 0.6)]
    (found,) = timing.serial_shares(groups(records))
    assert isinstance(found.shares, dict)
    speedup = times(records)
    two = next(point for point in speedup.values() if point.setting.distribution.workers == 2)
    assert found.shares[2].value == pytest.approx(2 / two.speedup.median - 1, abs=0.03)
    alone = [replace(r, gaps=without_base(r)) for r in records]
    (found,) = timing.serial_shares(groups(alone))
    assert isinstance(found.shares, dict), "the family's own one rank stands in where the reference was not timed"


def without_base(one: Record) -> object:
    table = one.gaps
    keep = table.layer != "alone"
    return type(table)(**{name: getattr(table, name)[keep] for name in table.__annotations__})


def test_nothing_is_named_twice_the_same() -> None:
    names = [shape(record.facts.setting) for record in timed_records()[: len(timed_records()) // 2]]
    names.append(shape(timed(ModelPartition(8, Layout.NEURON, groups=4), 0.2).facts.setting))
    names.append(shape(timed(ModelPartition(8, Layout.GRID, rows=4), 0.2).facts.setting))
    names.append(shape(timed(ModelPartition(8, Layout.GRID, rows=2), 0.2).facts.setting))
    assert len(set(names)) == len(names)


def test_what_a_figure_draws_is_read_from_its_file() -> None:
    assert drawn.read(b"no picture") is None
    assert drawn.read(b"\x89PNG\r\n\x1a\n") is None
    figure = Figure()
    axis = figure.add_subplot()
    axis.plot([1, 2], [1, 2], marker="o", label="é")
    axis.plot([1, 2], [1, 2])
    axis.plot([1, 2], [1, 2], marker="o", linestyle="none")
    unmarked, curve, dots = lines(figure)
    assert (unmarked.kind, unmarked.series, unmarked.joined, unmarked.between) == ("", "é", True, False)
    assert not curve.joined
    assert not dots.joined
