"""Laws of the absolute gap: powers of a quantity and courses along the clock, judged by exponents over replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

from harness.record import TRAJECTORY, TRAVELLED, GapTable, Record, pooled
from harness.spec import Role, Setting, Tolerance
from harness.spec.laws import MARGIN, Law, Trend
from harness.stats.equivalence import judge_equivalence
from harness.stats.suites import FIXED, Rule, covered, judge_setting, judge_trajectory
from harness.stats.trends import END_OCTAVES
from harness.verdict import Verdict, Word, with_controls, worst

Floats = NDArray[np.float64]
Tables = Mapping[str, GapTable]

_FEWEST_FOR_BEND = 4
_SHIFTED = {"estimate": "difference", "lower": "lower", "upper": "upper"}


def judge_laws(
    name: str,
    laws: Sequence[Law],
    anchors: Sequence[Setting],
    controls: Sequence[Law],
    records: Sequence[Record],
    tolerance: Tolerance,
    rule: Rule = FIXED,
) -> Verdict:
    """Judge the laws, each net by itself; the laws of the controls must be refuted.

    Args:
        name: name of the suite.
        laws: what is claimed.
        anchors: settings where the gap must be float noise.
        controls: laws that nothing is there to hold for.
        records: what is stored.
        tolerance: ε for the anchors, and α.
        rule: for the anchors; laws need the planned number of replicates.

    Returns:
        The suite's verdict, one part per law and net.
    """

    def equality(anchor: Setting, gaps: GapTable) -> Verdict:
        return judge_trajectory(anchor, gaps, tolerance, rule)

    alpha = tolerance.alpha
    return with_controls(
        name,
        [judge_law(law, records, Role.CLAIM, alpha) for law in laws],
        [judge_setting(anchor, records, equality, planned=rule is FIXED) for anchor in anchors],
        [judge_law(law, records, Role.CONTROL, alpha) for law in controls],
    )


def judge_law(law: Law, records: Sequence[Record], role: Role, alpha: float = 0.05) -> Verdict:
    """Judge whether the absolute gap has the predicted exponent all along, by two one-sided tests over replicates each.

    Args:
        law: what is predicted of which settings.
        records: what is stored.
        role: claim or control.
        alpha: error probability of each test.

    Returns:
        Supported where the interval of the exponent lies within the margin, and that of the bend (exponent of the upper
        half of the points less that of the lower) within twice the margin; refuted where one lies outside; else
        inconclusive, as where a setting was not run in full.
    """
    subject = f"{law.net}: {law.name}"
    open_settings = [s.id for s in law.settings if covered(s, records) < s.replicates]
    if open_settings:
        reason = f"{open_settings[0]} was not run in full"
        return Verdict(Word.INCONCLUSIVE, subject, reason, {"role": role})
    places, logs, expected = points(law, tables_of(records))
    predicted = float(slopes(places, expected[None])[0])
    exponent = judge_equivalence(slopes(places, logs - expected), margin=MARGIN, alpha=alpha)
    judged, found = [exponent], {name: predicted + exponent.evidence[key] for name, key in _SHIFTED.items()}
    reason = f"exponent {_interval(found)}, predicted {predicted:.3f} ± {MARGIN:g}, R = {len(logs)}"
    evidence = found | {
        "role": role,
        "predicted": predicted,
        "tolerated": MARGIN,
        "replicates": len(logs),
        "power": 0.95,
        "smallest_detectable": MARGIN + found["upper"] - found["lower"],
        "settings": [setting.id for setting in law.settings],
    }
    if len(places) >= _FEWEST_FOR_BEND:
        judged.append(judge_equivalence(bends(places, logs - expected), margin=2 * MARGIN, alpha=alpha))
        evidence["bend"] = {name: judged[1].evidence[key] for name, key in _SHIFTED.items()}
        reason += f"; bend {_interval(evidence['bend'])}, tolerated ± {2 * MARGIN:g}"
    return Verdict(worst(judgement.verdict for judgement in judged), subject, reason, evidence)


def _interval(found: Mapping[str, float]) -> str:
    return f"{found['estimate']:.3f} [{found['lower']:.3f}, {found['upper']:.3f}]"


def expected_course(law: Trend, clocks: NDArray[np.int64]) -> Floats:
    """Log of what is predicted, up to a constant.

    Args:
        law: what is predicted.
        clocks: (checkpoints,) numbers of updates made, from 1.

    Returns:
        (checkpoints,).
    """
    steps = np.array([law.setting.training.step_size.at(clock) for clock in range(int(clocks[-1]))])
    course = law.step_power * np.log(steps) + law.clock_power * np.log(1.0 + np.arange(len(steps)))
    return np.asarray((course + 0.5 * np.log1p(law.walk * np.cumsum(steps**2) / steps))[clocks - 1])


def points(law: Law, tables: Tables) -> tuple[Floats, Floats, Floats]:
    """The points of a law on log scale: along an axis at the last clock, or over the last three octaves of the clock.

    Args:
        law: which settings.
        tables: gaps by id of the setting.

    Returns:
        Log of the quantity or of the clock (points,); log of the absolute gap (replicates, points), NaN where it is 0
        or infinite; and the log of what is predicted (points,), up to a constant.
    """
    if isinstance(law, Trend):
        gaps, clocks = absolute(law.setting, tables)
        late = clocks * 2**END_OCTAVES >= clocks[-1]
        return np.log(clocks[late]), _logs(gaps[:, late]), expected_course(law, clocks)[late]
    last = [absolute(setting, tables)[0][:, -1] for setting in law.settings]
    count = min(map(len, last))
    places = np.log([quantity for quantity, _ in law.points])
    return places, _logs(np.stack([gaps[:count] for gaps in last], axis=1)), law.predicted * places


def _logs(gaps: Floats) -> Floats:
    return np.asarray(np.log(np.where((gaps > 0) & np.isfinite(gaps), gaps, nan)))


def slopes(places: Floats, logs: Floats) -> Floats:
    """Least-squares slope of each replicate.

    Args:
        places: (points,) log of the quantity.
        logs: (replicates, points).

    Returns:
        (replicates,); NaN where a point is missing.
    """
    centred = places - places.mean()
    return np.asarray(logs @ centred / (centred @ centred))


def bends(places: Floats, logs: Floats) -> Floats:
    """Slope of the upper half of the points less that of the lower half, of each replicate.

    Args:
        places: (points,) log of the quantity, four or more.
        logs: (replicates, points).

    Returns:
        (replicates,); NaN where a point is missing.
    """
    half = (len(places) + 1) // 2
    return slopes(places[-half:], logs[:, -half:]) - slopes(places[:half], logs[:, :half])


def absolute(setting: Setting, tables: Tables) -> tuple[Floats, NDArray[np.int64]]:
    """The theorem's gap ‖x_c − w_c‖: the relative one times the distance travelled, all layers together.

    Args:
        setting: which run.
        tables: gaps by id of the setting.

    Returns:
        (replicates, checkpoints), in units of the weights, and (checkpoints,) clocks.
    """
    relative, clocks = tables[setting.id].worst_over_ranks(gap=TRAJECTORY, layer="all")
    travelled, _ = tables[setting.id].worst_over_ranks(gap=TRAVELLED, layer="all")
    return relative * travelled, clocks


def tables_of(records: Sequence[Record]) -> Tables:
    """Gaps by id of the setting.

    Args:
        records: what is stored.

    Returns:
        One table per setting, of all its replicates.
    """
    return {name: table for name, (_, table) in pooled(records).items()}
