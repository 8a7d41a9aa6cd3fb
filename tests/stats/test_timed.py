"""Verdicts on timed rounds: sane first, then fast; each word is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_rounds import rounds

from harness.record import Record
from harness.spec import DataPartition, Fault, Role, Setting, StalePartition, Transport
from harness.spec.timings import SMALL
from harness.stats.timed import AtLeast, judge_timed
from harness.verdict import Word

ROUNDS = 9
CLAIM = Setting(Role.CLAIM, SMALL.training(512), DataPartition(2), ROUNDS)
ANCHOR = replace(CLAIM, role=Role.ANCHOR, distribution=DataPartition(1))
LIMIT = replace(CLAIM, role=Role.CONTROL, distribution=DataPartition(2, Fault.NO_EXCHANGE))
STALE = replace(CLAIM, distribution=StalePartition(2, 1, Transport.PIPELINED))
SWEEP = (ANCHOR, CLAIM, STALE, LIMIT)
GAPS = {ANCHOR: 0.0, CLAIM: 1e-6, STALE: 0.03, LIMIT: 0.4}
NOISE = np.random.default_rng(0).lognormal(sigma=0.02, size=ROUNDS)


def played(times: float, gaps: dict[Setting, float] = GAPS) -> list[Record]:
    return [rounds(s, NOISE * (times if s == CLAIM else 1.0), gap=gaps[s]) for s in SWEEP]


def word(records: list[Record], share: float = 0.9) -> Word:
    claims = (AtLeast(CLAIM, LIMIT, share, "of the limit"),)
    return judge_timed("suite", SWEEP, records, epsilon=0.01, stale=0.06, claims=claims).word


@pytest.mark.parametrize(("times", "expected"), [(1.0, Word.SUPPORTED), (1.05, Word.SUPPORTED), (1.2, Word.REFUTED)])
def test_a_share_is_reached_or_not(times: float, expected: Word) -> None:
    assert word(played(times)) is expected


def test_an_interval_on_both_sides_of_the_share_decides_nothing() -> None:
    records = [rounds(s, NOISE * np.linspace(0.8, 1.4, ROUNDS) if s == CLAIM else NOISE, gap=GAPS[s]) for s in SWEEP]
    assert word(records) is Word.INCONCLUSIVE


@pytest.mark.parametrize(
    ("setting", "gap", "expected"),
    [
        (CLAIM, 0.02, Word.REFUTED),
        (STALE, 0.1, Word.REFUTED),
        (ANCHOR, 0.02, Word.INCONCLUSIVE),
        (LIMIT, 0.001, Word.INCONCLUSIVE),
    ],
)
def test_speed_does_not_count_where_weights_are_wrong_or_the_control_is_not_caught(
    setting: Setting, gap: float, expected: Word
) -> None:
    assert word(played(1.0, GAPS | {setting: gap})) is expected


def test_what_was_not_timed_leaves_the_claim_open() -> None:
    assert word([record for record in played(1.0) if record.facts.setting != LIMIT]) is Word.INCONCLUSIVE
    assert word([]) is Word.INCONCLUSIVE
