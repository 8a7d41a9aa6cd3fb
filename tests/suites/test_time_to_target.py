"""Time to target: where a loss first falls to it, and the verdict on rounds made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, isinf, nan

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.engine.timed.taken import Taken
from harness.record import ALONE, SECONDS_TO_TARGET, TO_TARGET, Record
from harness.rounds import timed_clocks
from harness.spec import Fault, Role, Setting, StalePartition
from harness.stats.target import raced
from harness.turns import Answer
from harness.verdict import Verdict, Word
from samples import record
from suites.time_to_target import analysis
from suites.time_to_target.run import Course, base, checkpoints, measure
from suites.time_to_target.sweep import CLAIMED, ROUNDS, SETTINGS, SHARE

ALONE_SECONDS = 0.010


def course(losses: list[float]) -> Course:
    clocks = 2 ** np.arange(len(losses))
    return Course(clocks, 0.5 * clocks, np.array(losses))


@pytest.mark.parametrize(
    ("losses", "clocks"),
    [
        ([4.0, 2.0, 1.0], 4.0),
        ([4.0, 2.0, 0.5], 3.0),
        ([4.0, 1.0, 3.0], 2.0),
        ([0.9, 0.8, 0.7], 1.0),
        ([inf, 0.5, 0.4], 2.0),
        ([4.0, 2.0, 1.1], inf),
    ],
    ids=["at a checkpoint", "between, in the log", "the first time", "before the first", "after infinity", "never"],
)
def test_where_a_loss_first_falls_to_the_target(losses: list[float], clocks: float) -> None:
    assert course(losses).first_at(1.0) == pytest.approx((clocks, 0.5 * clocks))


def answer(setting: Setting, seconds: float, slower: float = 1.0, apart: float = 1e-14) -> Answer:
    """A loss of exp(−c/100), or as much later as the training is slower, seconds a clock, weights that far apart."""
    clocks = np.array(checkpoints(setting))
    losses = tuple(np.exp(-clocks / (100 * slower)).tolist())
    stretches = tuple((seconds * np.diff([0, *clocks])).tolist())
    return Answer(seconds, seconds, nan, (apart,), (1.0,), 0, stretches, losses)


def taken(setting: Setting, first: Answer, second: Answer | None = None, rounds: int = ROUNDS) -> Record:
    """What every round leaves, measured by the suite; every round a thousandth slower than the last."""

    def slower(found: Answer, number: int) -> Answer:
        return replace(found, stretches=tuple(stretch * (1 + 1e-3 * number) for stretch in found.stretches))

    alone = answer(base(setting), ALONE_SECONDS)
    answers = {n: [slower(rank, n) for rank in (first, second) if rank] for n in range(rounds)}
    left = Taken(
        setting, timed_clocks(setting), answers, base(setting), dict.fromkeys(range(rounds), alone), 0.0, emulated=False
    )
    found = measure(left)
    blank = record(setting, np.ones((rounds, 5)))
    facts = blank.facts.model_copy(update={"suite": "time_to_target", "measured": found.measured})
    return Record(facts, found.gaps)


def world(speed: float, slower: float = 1.0, **apart: float) -> list[Record]:
    """Everybody on two ranks that much faster than one process, in that many times the clocks; the control apart."""
    found = []
    for setting in SETTINGS:
        gap = 0.1 if setting.distribution.fault is Fault.NO_EXCHANGE else 1e-7
        if setting.id == CLAIMED.id:
            gap = apart.get("claimed", gap)
        one = setting.role is Role.ANCHOR
        mine = answer(setting, ALONE_SECONDS / (1 if one else speed), 1.0 if one else slower, gap**2)
        found.append(taken(setting, mine, None if one else mine))
    return found


def claimed(verdict: Verdict) -> Verdict:
    return next(part for part in verdict.parts if part.subject == CLAIMED.id)


@pytest.mark.parametrize(
    ("speed", "slower", "word"),
    [
        (2.0, 1.0, Word.SUPPORTED),
        (0.5, 1.0, Word.REFUTED),
        (1.005, 1.0, Word.INCONCLUSIVE),
        (1.5, 1.2, Word.SUPPORTED),
        (1.1, 1.2, Word.REFUTED),
        (2.0, 10.0, Word.REFUTED),
    ],
    ids=["faster", "slower", "hardly faster", "faster, more clocks", "more clocks than it is faster", "never there"],
)
def test_worlds_are_told_apart(speed: float, slower: float, word: Word) -> None:
    verdict = analysis.judge(world(speed, slower))
    assert verdict.word is word, verdict
    assert claimed(verdict).word is word


def test_the_three_numbers_are_in_the_evidence_of_everybody() -> None:
    verdict = analysis.judge(world(speed=2.0, slower=1.1))
    stale = [part for part in verdict.parts if "-s3-" in part.subject]
    assert len(stale) == 4
    for part in stale:
        three = [part.evidence[name] for name in ("clocks_per_second", "clocks_to_target", "seconds_to_target")]
        rate, clocks, seconds = (number["median"] for number in three)
        setting = next(s for s in SETTINGS if s.id == part.subject)
        assert rate == pytest.approx(200, rel=0.01)
        assert clocks == pytest.approx(1.1 * SHARE * timed_clocks(setting), rel=1e-3)
        assert seconds == pytest.approx(clocks / rate, rel=1e-6)
        assert all(number["low"] <= number["median"] <= number["high"] for number in three)


def test_a_ratio_is_taken_of_the_slower_rank_and_the_worse_loss() -> None:
    quick, slow = answer(CLAIMED, 0.004), answer(CLAIMED, 0.006, slower=1.1)
    found = raced([taken(CLAIMED, quick, slow)])[CLAIMED.id]
    aimed = SHARE * timed_clocks(CLAIMED)
    assert found.own.clocks.median == pytest.approx(1.1 * aimed, rel=1e-3)
    assert found.sooner.median == pytest.approx(ALONE_SECONDS / (1.1 * 0.006), rel=0.01)


def test_speed_without_the_right_weights_is_refuted() -> None:
    assert analysis.judge(world(speed=2.0, claimed=0.02)).word is Word.REFUTED


def test_a_suite_whose_control_is_sane_is_void() -> None:
    records = [r for r in world(speed=0.5) if r.facts.setting.distribution.fault is Fault.NONE]
    controls = [s for s in SETTINGS if s.distribution.fault is Fault.NO_EXCHANGE]
    sane = [taken(s, answer(s, 0.004), answer(s, 0.004)) for s in controls]
    verdict = analysis.judge([*records, *sane])
    assert verdict.word is Word.INCONCLUSIVE
    assert "void" in verdict.reason


def test_rounds_that_are_missing_leave_it_open() -> None:
    records = world(speed=2.0)
    place = next(at for at, r in enumerate(records) if r.facts.setting.id == CLAIMED.id)
    records[place] = taken(CLAIMED, answer(CLAIMED, 0.005), answer(CLAIMED, 0.005), rounds=ROUNDS - 1)
    assert claimed(analysis.judge(records)).word is Word.INCONCLUSIVE


def test_where_nothing_was_computed_there_is_no_time_to_target() -> None:
    silent = Answer(0.01, 0.01, nan, (), (), 0)
    alone = answer(base(CLAIMED), ALONE_SECONDS)
    left = Taken(CLAIMED, timed_clocks(CLAIMED), {0: [silent, silent]}, base(CLAIMED), {0: alone}, 0.01, emulated=True)
    gaps = measure(left).gaps
    assert not ((gaps.gap == TO_TARGET) | (gaps.gap == SECONDS_TO_TARGET)).any()


def test_the_reference_reaches_its_own_target_after_its_share_of_the_clocks() -> None:
    for setting in SETTINGS:
        gaps = taken(setting, answer(setting, 0.01), answer(setting, 0.01)).gaps
        clocks, _ = gaps.worst_over_ranks(gap=TO_TARGET, layer=ALONE)
        assert clocks[:, 0] == pytest.approx(SHARE * timed_clocks(setting))


def test_every_loss_that_is_not_finite_is_infinite() -> None:
    broken = replace(answer(CLAIMED, 0.01), losses=(nan,) * len(checkpoints(CLAIMED)))
    found = raced([taken(CLAIMED, answer(CLAIMED, 0.01), broken)])[CLAIMED.id]
    assert np.isinf(found.own.losses).all()
    assert isinf(found.own.seconds.median)
    assert found.sooner.median == 0


def test_figures_are_drawn_also_of_what_never_gets_there() -> None:
    for records in ([], world(speed=1.8), world(speed=1.8, slower=10.0)):
        assert isinstance(analysis.plot_loss(records), Figure)
        assert isinstance(analysis.plot_numbers(records), Figure)


def test_stale_settings_are_allowed_what_staleness_does() -> None:
    for setting in SETTINGS:
        if isinstance(setting.distribution, StalePartition):
            for gap, word in ((0.05, Word.SUPPORTED), (0.07, Word.REFUTED)):
                made = taken(setting, answer(setting, 0.01, apart=gap**2))
                parts: Mapping[str, Verdict] = {part.subject: part for part in analysis.judge([made]).parts}
                assert parts[setting.id].word is word
