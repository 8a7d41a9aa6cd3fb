from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.record import ALIGNED, FUNCTION, GapTable
from harness.spec import Role, Tolerance
from harness.stats.theorem import judge_theorem
from harness.verdict import Verdict, Word
from samples import gap_table, setting

TOLERANCE = Tolerance(
    epsilon=0.05, delta=0.1, alpha=0.05, noise=1e-15, natural=0.1, throughout=False, margins=(), derivation="test"
)
POINT = setting(2, replicates=32)
CLOCKS = 2.0 ** np.arange(12)
NOISE_OF_32 = np.exp(0.1 * np.random.default_rng(0).normal(size=(32, 12)))
FALLING, FLAT = 0.5 * CLOCKS**-0.7 * NOISE_OF_32, 0.2 * NOISE_OF_32


def judged(weights: np.ndarray, functions: np.ndarray, permuted: np.ndarray, role: Role = Role.CLAIM) -> Verdict:
    tables = [gap_table(weights)]
    table = tables[0]
    rows = (table.gap == "trajectory") & (table.layer != "layer 2")
    value = table.value.copy()
    value[rows] = np.concatenate([weights.ravel(), weights.ravel()])
    tables = [replace(table, value=value)]
    for gap, values in ((FUNCTION, functions), (ALIGNED, permuted)):
        clocks = 2 ** np.arange(12)
        tables.append(GapTable.from_array(values, replicates=range(32), clocks=clocks, layer="all", gap=gap, rank=0))
    return judge_theorem(replace(POINT, role=role), GapTable.concat(tables), TOLERANCE)


def test_weights_decide() -> None:
    verdict = judged(FALLING, FLAT, FLAT)
    assert verdict.word is Word.SUPPORTED
    assert [part.word for part in verdict.parts[-2:]] == [Word.REFUTED, Word.REFUTED]


def test_a_refutation_is_explained_by_what_stands_beside_it() -> None:
    assert judged(FLAT, FALLING, FALLING).reason.endswith("along directions that the loss is flat in")
    assert judged(FLAT, FALLING, FLAT).reason.endswith("no permutation of hidden units accounts for it")
    assert "nothing contracts the gap" in judged(FLAT, FLAT, FLAT).reason


def test_what_is_too_large_but_falls_on_is_called_late() -> None:
    verdict = judged(20 * FALLING, FALLING, FALLING)
    assert verdict.word is Word.REFUTED
    assert verdict.reason.endswith("it is late, not lost")


def test_an_anchor_must_be_float_noise() -> None:
    assert judged(FALLING, FALLING, FALLING, Role.ANCHOR).word is Word.REFUTED
    assert judged(1e-15 * NOISE_OF_32, FALLING, FALLING, Role.ANCHOR).word is Word.SUPPORTED
