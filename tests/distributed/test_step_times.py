"""Steps that are timed on real ranks: what is run has the traffic of its layout, and failures are told."""

from __future__ import annotations

from itertools import product
from math import isfinite
from pathlib import Path

import pytest
from machines import constants_body

from harness.errors import LaunchError
from harness.layout import messages
from harness.measure.constants import launched, step_seconds
from harness.measure.launch import Launcher
from harness.planning import example
from harness.planning.arithmetic import Arithmetic, Dispatch
from harness.planning.clocks import ClockTimes
from harness.planning.validation import names
from harness.spec import Layout, ModelPartition, Transport
from samples import MACHINE

pytestmark = pytest.mark.distributed
WIDTHS = (20, 16, 12, 10)


@pytest.mark.parametrize("launcher", [Launcher.MPI, Launcher.GLOO])
def test_real_steps_are_timed_in_rounds(launcher: Launcher) -> None:
    found = step_seconds("real", WIDTHS, 8, 3, dict.fromkeys(names(2), 0.0), launcher, 2)
    assert set(found) == set(names(2))
    assert all(len(times) == 3 and min(times) > 0 for times in found.values())


def test_emulated_steps_last_as_long_as_they_sleep_and_more() -> None:
    asked = dict.fromkeys(names(4), 0.02)
    found = step_seconds("emulated", WIDTHS, 8, 3, asked, Launcher.MPI, 4)
    assert set(found) == set(names(4))
    assert all(seconds > 0.02 for times in found.values() for seconds in times)


def test_no_collective_of_an_emulated_step_is_optimised_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = tmp_path / "timeline.json"
    monkeypatch.setenv("HOROVOD_TIMELINE", str(timeline))
    step_seconds("emulated", WIDTHS, 8, 1, {"w4-alternate": 1e-3}, Launcher.MPI, 4)
    sent = messages(ModelPartition(4, Layout.ALTERNATE), example(WIDTHS, 8))
    made = timeline.read_text()
    assert [message.name for message in sent if message.name not in made] == []


def test_one_process_computes_the_share_of_a_worker() -> None:
    found = step_seconds("alone", WIDTHS, 8, 2, dict.fromkeys(names(4), 0.0), Launcher.MPI, 1)
    assert set(found) == set(names(4))


@pytest.mark.parametrize("ranks", [1, 2])
def test_starting_operations_is_timed_for_every_division(ranks: int) -> None:
    measured = launched("harness.engine.dispatch", [], Launcher.MPI, ranks)
    found = Dispatch.of(measured)
    for division in ("undivided", "data", "neuron", "weight", "alternate", "grid"):
        assert min(found.seconds[division]) > 0
    assert min(found.call, found.call_exchanging) >= 0
    assert ranks > 1 or found.call == found.call_exchanging
    whole = {(tuple(row["widths"]), row["division"]): row["seconds"] for row in measured["whole"]}
    assert len(whole) == len(measured["whole"]) == 10
    for (widths, division), seconds in whole.items():
        assert seconds > 0, (widths, division)
    made_up = constants_body(MACHINE)["arithmetic"]["busy"]
    curves = Arithmetic.of(made_up | {"dispatch": measured})
    assert min(*curves.undivided.ratios, *curves.divided.ratios) > 0
    assert len(curves.undivided.ratios) == len(curves.divided.ratios) == 5


def test_groups_naps_and_tables_of_more_ranks_than_most_machines_that_test_have_cores() -> None:
    found = launched("harness.engine.exchanges", [], Launcher.MPI, 4)
    (pairs,) = found["groups"]
    assert (pairs["ranks"], pairs["at_once"], set(pairs["seconds"])) == (2, 2, set(found["seconds"]) - {"broadcast"})
    clocks = ClockTimes.of(found)
    assert set(clocks.tables) == set(product(map(str, Transport), (0, 1, 3)))
    assert len(clocks.naps) == len(clocks.late)
    assert all(isfinite(clocks.of_table(transport, 0, (20, 5), 2)) for transport in Transport)


def test_a_launch_that_fails_says_why() -> None:
    with pytest.raises(LaunchError, match=r"harness.engine.step_times on 2 ranks \(mpi\)"):
        launched("harness.engine.step_times", ["real", "20,10", "8", "1", "w3"], Launcher.MPI, 2)
