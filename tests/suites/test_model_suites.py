"""Verdicts and figures of the suites about divided nets, from records made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness import registry
from harness.record import (
    ALIGNED,
    FUNCTION,
    LAG,
    NATURAL,
    NOISE,
    TRAJECTORY,
    TRAVELLED,
    VIOLATIONS,
    GapTable,
    Record,
)
from harness.spec import Role, Setting
from harness.verdict import Word
from samples import record
from suites.model_partition_scheduled import analysis
from suites.model_partition_scheduled.sweep import RULES

CLOCKS = 2 ** np.arange(11)
FALLING = 0.04 / np.sqrt(CLOCKS)


def rows(values: np.ndarray, gap: str, layer: str, first: int) -> GapTable:
    replicates, clocks = range(first, first + len(values)), CLOCKS[-values.shape[1] :]
    return GapTable.from_array(values, replicates=replicates, clocks=clocks, layer=layer, gap=gap, rank=0)


def made(setting: Setting, size: float, violations: dict[str, float]) -> list[Record]:
    """Records of all blocks of a setting; gaps fall as 1/√clock from a size, functions always from 0.04."""
    found = []
    for block in setting.blocks:
        draws = np.random.default_rng(block.first).uniform(0.9, 1.1, size=(block.count, len(CLOCKS)))
        tables = []
        for layer in ("layer 1", "all"):
            for gap, values in (
                (TRAJECTORY, size * draws * (1 if size < 1e-10 or size > 1 else FALLING / 0.04)),
                (NOISE, 1e-15 * draws),
                (NATURAL, 0.1 * draws),
                (TRAVELLED, draws),
                (FUNCTION, FALLING * draws),
                (ALIGNED, FALLING * draws),
            ):
                tables.append(rows(values, gap, layer, block.first))
        tables += [rows(1e-15 * draws, FUNCTION, NOISE, block.first), rows(0.1 * draws, FUNCTION, NATURAL, block.first)]
        if not setting.distribution.simulated:
            tables += [
                rows(np.array([[violations.get(name, 0.0)]]), VIOLATIONS, name, block.first) for name in RULES.values()
            ]
            tables += [rows(np.array([[9.0]]), LAG, lag, block.first) for lag in ("0", "1")]
        one = record(setting, np.ones((block.count, 3)), first=block.first)
        facts = one.facts.model_copy(update={"suite": "model_partition_scheduled"})
        found.append(replace(one, facts=facts, gaps=GapTable.concat(tables)))
    return found


def suite_records(violations: dict[str, float] | None = None) -> list[Record]:
    sizes = {Role.CLAIM: 0.04, Role.ANCHOR: 1e-15, Role.CONTROL: 2.0}
    return [
        one
        for setting in registry.load("model_partition_scheduled").settings
        for one in made(setting, sizes[setting.role], violations or {})
    ]


def test_falling_gaps_without_violations_are_supported() -> None:
    assert analysis.judge(suite_records()).word is Word.SUPPORTED


@pytest.mark.parametrize("rule", RULES.values())
def test_one_violation_refutes_whatever_the_gaps_say(rule: str) -> None:
    verdict = analysis.judge(suite_records({rule: 1.0}))
    assert verdict.word is not Word.SUPPORTED
    broken = [part for part in verdict.parts if part.word is Word.REFUTED and "break it" in part.reason]
    assert broken
    assert all(part.parts[0].subject == "history" for part in broken)


def test_every_figure_is_drawn() -> None:
    records = suite_records()
    for plot in (
        analysis.plot_weights,
        analysis.plot_functions,
        analysis.plot_controls,
        analysis.plot_map,
        analysis.plot_lags,
    ):
        assert isinstance(plot(records), Figure)
