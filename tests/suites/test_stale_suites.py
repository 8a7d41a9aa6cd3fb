"""Verdicts and figures of the suites about staleness, from records made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from harness import registry
from harness.history import RULES
from harness.record import (
    ALIGNED,
    FUNCTION,
    LAG,
    NATURAL,
    NOISE,
    TRAJECTORY,
    TRAVELLED,
    VIEW,
    VIOLATIONS,
    GapTable,
    Record,
)
from harness.spec import Role, Setting
from harness.verdict import Word
from samples import record

CLOCKS = 2 ** np.arange(12)


def rows(values: np.ndarray, gap: str, layer: str = "all", first: int = 0) -> GapTable:
    clocks = CLOCKS[-values.shape[1] :]
    return GapTable.from_array(
        values, replicates=range(first, first + len(values)), clocks=clocks, layer=layer, gap=gap, rank=0
    )


def of(name: str, setting: Setting, tables: list[GapTable], first: int, count: int) -> Record:
    made = record(setting, np.ones((count, 3)), first=first)
    return replace(made, facts=made.facts.model_copy(update={"suite": name}), gaps=GapTable.concat(tables))


def history_records(violated: dict[Role, str | None]) -> list[Record]:
    made = []
    for setting in registry.load("ssp_history").settings:
        for block in setting.blocks:
            counts = dict.fromkeys(RULES.values(), 0.0)
            rule = violated[setting.role]
            if rule is not None:
                counts[rule] = 3.0
            gaps = np.full((block.count, 12), 1e-15)
            tables = [rows(gaps, TRAJECTORY, first=block.first), rows(gaps, NOISE, first=block.first)]
            tables += [rows(np.array([[n]]), VIOLATIONS, name, block.first) for name, n in counts.items()]
            tables += [rows(np.array([[20.0]]), LAG, lag, block.first) for lag in ("-1", "0", "1")]
            made.append(of("ssp_history", setting, tables, block.first, block.count))
    return made


def test_a_single_violation_refutes_a_history() -> None:
    judge = registry.analysis_module("ssp_history").judge
    sound = {Role.CLAIM: None, Role.ANCHOR: None, Role.CONTROL: "read my writes"}
    assert judge(history_records(sound)).word is Word.SUPPORTED
    assert judge(history_records(sound | {Role.CLAIM: "bounded staleness"})).word is Word.REFUTED
    void = judge(history_records(sound | {Role.CONTROL: None}))
    assert (void.word, "void: the negative control" in void.reason) == (Word.INCONCLUSIVE, True)


def view_records(ratio: float) -> list[Record]:
    made = []
    for setting in registry.load("ssp_view_gap").settings:
        size = {Role.CLAIM: ratio, Role.ANCHOR: 0.0, Role.CONTROL: np.inf}[setting.role]
        for block in setting.blocks:
            tables = [rows(np.full((block.count, 12), size), VIEW, first=block.first)]
            made.append(of("ssp_view_gap", setting, tables, block.first, block.count))
    return made


def test_a_read_outside_the_bound_refutes() -> None:
    judge = registry.analysis_module("ssp_view_gap").judge
    assert judge(view_records(0.7)).word is Word.SUPPORTED
    assert judge(view_records(1.01)).word is Word.REFUTED
    once = view_records(0.7)
    values = once[0].gaps.value.copy()
    values[5] = 1.01
    once[0] = replace(once[0], gaps=replace(once[0].gaps, value=values))
    verdict = judge(once)
    assert verdict.word is Word.REFUTED
    assert "a read lies at 1.01 times the bound" in verdict.reason


def theorem_records(name: str, weights: float) -> list[Record]:
    noise, made = np.exp(0.1 * np.random.default_rng(0).normal(size=(32, 12))), []
    falling = 0.4 * CLOCKS**-0.7 * noise
    for setting in registry.load(name).settings:
        gaps = {Role.CLAIM: falling if weights else 0.3 * noise, Role.ANCHOR: 1e-15 * noise, Role.CONTROL: noise}
        for block in setting.blocks:
            mine = slice(block.first, block.first + block.count)
            values = {TRAJECTORY: gaps[setting.role], FUNCTION: falling, ALIGNED: gaps[setting.role]}
            values |= {NOISE: 1e-15 * noise, NATURAL: 0.1 * noise, TRAVELLED: noise}
            tables = [rows(value[mine], gap, first=block.first) for gap, value in values.items()]
            tables.append(rows(0.1 * noise[mine], FUNCTION, NATURAL, block.first))
            made.append(of(name, setting, tables, block.first, block.count))
    return made


@pytest.mark.parametrize("name", ["data_partition_ssp", "staleness_border"])
def test_the_theorem_is_judged_by_its_weights(name: str) -> None:
    judge = registry.analysis_module(name).judge
    assert judge(theorem_records(name, weights=1)).word is Word.SUPPORTED
    refuted = judge(theorem_records(name, weights=0))
    assert refuted.word is Word.REFUTED
    assert "the functions do converge" in refuted.reason


@pytest.mark.parametrize("name", ["ssp_history", "ssp_view_gap", "data_partition_ssp", "staleness_border"])
def test_figures_are_drawn(name: str) -> None:
    records = {
        "ssp_history": lambda: history_records({Role.CLAIM: None, Role.ANCHOR: None, Role.CONTROL: None}),
        "ssp_view_gap": lambda: view_records(0.5),
        "data_partition_ssp": lambda: theorem_records(name, weights=1),
        "staleness_border": lambda: theorem_records(name, weights=0),
    }[name]()
    for draw in registry.plots(name).values():
        assert isinstance(draw(records), Figure)
