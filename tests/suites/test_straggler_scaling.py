"""What the suite claims, on rounds made by hand from the queue itself, right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from made_rounds import rounds
from matplotlib.figure import Figure

from harness.record import Record
from harness.spec import Role, Setting, StalePartition, Stragglers, Transport
from harness.stats.queue import finish_times
from harness.stragglers import service
from harness.verdict import Word
from suites.straggler_scaling.analysis import judge, modelled, plot_speedup
from suites.straggler_scaling.sweep import CLOCKS, SETTINGS, WORKERS

_SLACK = [s for s in SETTINGS if s.role is Role.CLAIM and s.distribution.staleness]
_PAUSES = next(s for s in _SLACK if s.distributed_by(StalePartition).stragglers is Stragglers.PAUSES)


def played(setting: Setting, factor: float = 1.0, overhead: float = 0.0, spread: float = 0.01) -> Record:
    """Rounds as the queue has them, times a factor, with noise from round to round."""
    stale = setting.distributed_by(StalePartition)
    drawn = overhead + service(stale.stragglers, stale.workers, CLOCKS, 0)
    seconds = factor * finish_times(drawn, stale.staleness)[-1].max() / CLOCKS
    noise = np.exp(spread * np.linspace(-1.5, 1.5, setting.replicates))
    return rounds(setting, seconds * noise, emulated=True, gap=None)


def others(gaps: Mapping[Role, float] | None = None) -> list[Record]:
    """Anchor and control, as they should be unless said otherwise."""
    ends = {Role.ANCHOR: 1e-7, Role.CONTROL: 0.8} | dict(gaps or {})
    return [rounds(s, [1e-3] * s.replicates, gap=ends[s.role]) for s in SETTINGS if s.role is not Role.CLAIM]


@pytest.fixture
def world() -> Callable[..., list[Record]]:
    """The whole suite, with one setting's times multiplied."""

    def make(odd: str = "", factor: float = 1.0, **changes: float) -> list[Record]:
        claims = [s for s in SETTINGS if s.role is Role.CLAIM]
        return [*(played(s, factor if s.id == odd else 1.0, **changes) for s in claims), *others()]

    return make


def test_the_queue_itself_is_supported(world: Callable[..., list[Record]]) -> None:
    verdict = judge(world())
    assert verdict.word is Word.SUPPORTED, verdict.reason
    ratios = [part for part in verdict.parts if "modelled" in part.evidence]
    assert len(ratios) == len(_SLACK)
    assert all(part.evidence["basis"] == "emulated" for part in ratios)


def test_a_millisecond_a_clock_besides_sleep_is_tolerated(world: Callable[..., list[Record]]) -> None:
    assert judge(world(overhead=1e-3)).word is Word.SUPPORTED


def test_what_the_queue_does_not_explain_is_said(world: Callable[..., list[Record]]) -> None:
    """Five milliseconds more at every clock of s = 0 refute pauses, and the reason names them."""
    sound = [part for part in judge(world(overhead=0.0)).parts if "modelled" in part.evidence]
    assert all(abs(part.evidence["protocol_seconds"]) < 1e-9 for part in sound)
    records = [played(s, overhead=0.0 if s.distribution.staleness else 5e-3) for s in SETTINGS if s.role is Role.CLAIM]
    verdict = judge([*records, *others()])
    assert verdict.word is Word.REFUTED
    (pauses,) = [part for part in verdict.parts if part.subject == _PAUSES.id]
    assert pauses.evidence["protocol_seconds_at_zero"] == pytest.approx(5e-3, rel=1e-6)
    assert "a clock took 5.0 ms at s = 0 and 0.0 ms here" in pauses.reason


def test_what_eager_gains_over_an_allreduce_per_clock_is_told_beside(world: Callable[..., list[Record]]) -> None:
    """Eager clocks at s = 0 that are slow are not to be the only ones that slack is compared with."""
    (slow,) = [s for s in SETTINGS if s.id == _PAUSES.id.replace("s1", "s0")]
    verdict = judge(world(slow.id, 1.25))
    (pauses,) = [part for part in verdict.parts if part.subject == _PAUSES.id]
    assert pauses.word is Word.REFUTED
    assert pauses.evidence["over_allreduce"] == pytest.approx(modelled(_PAUSES), rel=1e-6)
    assert f"take {modelled(_PAUSES):.3f} [" in pauses.reason
    assert sum("over_allreduce" in part.evidence for part in verdict.parts) == len(_SLACK) // 2


@pytest.mark.parametrize("factor", [0.8, 1.25])
@pytest.mark.parametrize("setting", _SLACK, ids=lambda s: s.distribution.id)
def test_a_world_that_is_off_by_a_fifth_is_refuted(
    world: Callable[..., list[Record]], setting: Setting, factor: float
) -> None:
    verdict = judge(world(setting.id, factor))
    assert verdict.word is Word.REFUTED
    assert [part.subject for part in verdict.parts if part.word is Word.REFUTED and "modelled" in part.evidence] == [
        setting.id
    ]


@pytest.mark.parametrize(("factor", "spread"), [(1 / 1.07, 0.06), (1 / 0.93, 0.06)])
def test_an_interval_across_the_edge_says_nothing(
    world: Callable[..., list[Record]], factor: float, spread: float
) -> None:
    odd = _SLACK[0]
    records = [played(odd, factor, spread=spread) if r.facts.setting == odd else r for r in world()]
    assert judge(records).word is Word.INCONCLUSIVE


def test_a_lasting_straggler_gains_nothing_from_slack_and_others_do() -> None:
    found = {s.distribution.id: modelled(s) for s in _SLACK}
    for name, gain in found.items():
        assert gain == pytest.approx(1.0) if "slow-rank" in name else 1.05 < gain < 2.0, name
    for law, workers, transport in product((Stragglers.LOGNORMAL, Stragglers.PAUSES), WORKERS, Transport):
        assert found[f"w{workers}-s3-{transport}-{law}"] > found[f"w{workers}-s1-{transport}-{law}"]


def test_controls_must_fail_and_anchors_hold(world: Callable[..., list[Record]]) -> None:
    claims = [r for r in world() if r.facts.setting.role is Role.CLAIM]
    for role, gap in ((Role.CONTROL, 1e-7), (Role.ANCHOR, 0.1)):
        verdict = judge([*claims, *others({role: gap})])
        assert verdict.word is Word.INCONCLUSIVE
        assert verdict.reason.startswith("void")


def test_ranks_that_computed_are_no_evidence(world: Callable[..., list[Record]]) -> None:
    odd = _SLACK[0]
    records = [rounds(odd, [0.03] * odd.replicates) if r.facts.setting == odd else r for r in world()]
    verdict = judge(records)
    assert verdict.word is Word.INCONCLUSIVE
    assert "did not sleep" in verdict.reason


def test_without_all_rounds_or_the_base_there_is_no_verdict(world: Callable[..., list[Record]]) -> None:
    records = world()
    assert judge(records[1:]).word is Word.INCONCLUSIVE
    short = replace(records[1], gaps=rounds(records[1].facts.setting, [0.03] * 3, emulated=True, gap=None).gaps)
    facts = short.facts.model_copy(update={"block": replace(short.facts.block, count=3)})
    assert judge([records[0], replace(short, facts=facts), *records[2:]]).word is Word.INCONCLUSIVE


def test_the_figure_has_a_panel_per_law_and_tells_emulated_from_modelled(world: Callable[..., list[Record]]) -> None:
    figure = plot_speedup(world())
    assert [axis.get_title() for axis in figure.axes] == ["lognormal", "pauses", "slow-rank"]
    (legend,) = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert sum("modelled" in text for text in said) == len(WORKERS)
    assert sum("emulated" in text for text in said) == len(WORKERS) * len(Transport)
    assert isinstance(plot_speedup([]), Figure)
    assert isinstance(plot_speedup(world()[:1]), Figure)
