"""Modelled points: on a machine that is made up, so that the right time is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from machines import (
    BANDWIDTH,
    BYTE,
    CALL,
    CALL_EXCHANGING,
    CLOCK,
    CLOCKS,
    LATE,
    LATENCY,
    LAYER,
    PASS,
    STARTING,
    WHOLE,
    constants_body,
    parts,
)
from made_rounds import rounds

from harness.layout import messages
from harness.planning import Constants, example, forecast
from harness.planning.modelled import beyond, error, is_emulated, predictions, stated, stretches, topologies
from harness.planning.validation import EMULATED, REAL, median_error
from harness.record import ELAPSED, GapTable
from harness.spec import (
    DataPartition,
    Distribution,
    Fault,
    Framework,
    Layout,
    ModelPartition,
    PeerPartition,
    Role,
    Setting,
    StalePartition,
    Stragglers,
    Transport,
)
from harness.spec.timings import AFTER, WARM
from harness.stats.queue import finish_times
from harness.stats.simulation import Law
from harness.stragglers import service
from samples import MACHINE

NET = replace(example((512, 1024, 512), 64), clocks=WARM + 50 + AFTER)
SIZE = 4 * NET.parameters
CALLED, CALLED_EXCHANGING = CALL / 50, CALL_EXCHANGING / 50
STORED = Constants.of(constants_body(MACHINE))


def of(distribution: Distribution) -> Setting:
    return Setting(Role.CLAIM, NET, distribution, 9)


def seconds(distribution: Distribution, constants: Constants = STORED) -> float:
    (found,) = predictions([of(distribution)], constants, "mpi").values()
    return found


def computing(examples: int) -> float:
    return WHOLE["undivided"] * parts(NET.widths, examples)


def allreduces(ranks: int) -> float:
    """Of two matrices, and of all biases together."""
    table = STORED.exchanges["mpi"][ranks]
    return 2 * table.at("allreduce", 4 * 512 * 1024) + table.at("allreduce", 4 * (1024 + 512))


def test_what_is_synchronous_is_computing_and_exchange() -> None:
    """Large gradients travel by themselves: nothing is copied but some biases, which is no part of a whole step."""
    packing = STARTING + 2 * PASS * (1024 + 512)
    assert seconds(DataPartition(1)) == pytest.approx(computing(64) + CALLED)
    assert seconds(DataPartition(2)) == pytest.approx(computing(32) + packing + allreduces(2) + CALLED_EXCHANGING)
    assert seconds(DataPartition(2, Fault.NO_EXCHANGE)) == pytest.approx(computing(32) + CALLED)
    neuron = ModelPartition(2, Layout.NEURON)
    divided = WHOLE["neuron"] * parts(NET.widths, 64, 2)
    network = STORED.network("mpi", oversubscribed=True)
    exchange = forecast(NET, neuron, STORED.busy, network).exchange_seconds
    assert exchange > len(messages(neuron, NET)) * LATENCY
    assert seconds(neuron) == pytest.approx(divided + exchange + CALLED_EXCHANGING)


def test_stretches_between_checkpoints_are_called_from_python() -> None:
    often, once = of(DataPartition(2)), of(DataPartition(1))
    noise = np.ones(9)
    table = GapTable.from_array(
        np.ones((9, 10)), replicates=range(9), clocks=range(1, 11), layer="all", gap=ELAPSED, rank=0
    )
    timed = rounds(often, noise)
    counts = stretches([replace(timed, gaps=GapTable.concat([timed.gaps, table])), rounds(once, noise)])
    assert counts == {often: 10, once: 1}
    found = predictions([often, once], STORED, "mpi", counts)
    assert found[often] - seconds(DataPartition(2)) == pytest.approx(9 * CALLED_EXCHANGING)
    assert found[once] == pytest.approx(seconds(DataPartition(1)))


def test_ranks_that_sleep_are_late_for_the_exchange() -> None:
    slept = computing(16) + STARTING + 2 * PASS * (1024 + 512)
    late = float(np.interp(np.log10(slept), [-4, -2], LATE))
    assert seconds(DataPartition(4)) == pytest.approx(slept + late + allreduces(4) + CALLED_EXCHANGING)


@pytest.mark.parametrize("transport", list(Transport))
def test_a_clock_over_a_table_is_one_without_exchange_and_what_the_table_takes(transport: Transport) -> None:
    table = 2 * LAYER + SIZE * BYTE
    assert seconds(StalePartition(2, 0, transport)) == pytest.approx(computing(32) + 2 * CLOCK + table)
    for staleness in (1, 3):
        expected = computing(32) + CLOCKS[staleness] + table
        assert seconds(StalePartition(2, staleness, transport)) == pytest.approx(expected)
    assert seconds(StalePartition(1, 1, transport)) == pytest.approx(computing(64))


def test_a_table_takes_what_it_took_beside_as_many_examples_of_a_rank() -> None:
    setting = Setting(Role.CLAIM, replace(NET, batch=384), StalePartition(2, 1), 9)
    (found,) = predictions([setting], STORED, "mpi").values()
    assert found == pytest.approx(computing(192) + 1.5 * (CLOCK + 2 * LAYER + SIZE * BYTE))


def test_what_is_on_its_way_is_what_waiting_for_everybody_takes_more_than_a_clock_of_slack() -> None:
    """At s = 3 a clock begins when the fourth before it has arrived, which takes long; the first four need not wait."""
    body, long = constants_body(MACHINE), 0.1
    for row in (row for found in body["exchanges"]["mpi"] for row in found["tables"] if not row["staleness"]):
        row["seconds"] += long - (CLOCKS[0] - CLOCKS[1])
    own = computing(32) + CLOCKS[3] + 2 * LAYER + SIZE * BYTE
    assert seconds(StalePartition(2, 3), Constants.of(body)) == pytest.approx(long - 2 * own / 50)


def test_sleeping_ranks_take_what_a_table_took_among_ranks_that_slept() -> None:
    slept, table = computing(16) + STARTING + 2 * PASS * (1024 + 512), 2 * LAYER + SIZE * BYTE
    assert seconds(StalePartition(4, 0)) == pytest.approx(slept + 2 * CLOCK + table)
    assert seconds(StalePartition(4, 3)) == pytest.approx(slept + CLOCKS[3] + table)


def test_prescribed_times_are_those_of_the_queue() -> None:
    quick = Constants.of(constants_body(MACHINE, 1e15))
    tiny = replace(NET, widths=(64, 32, 10), data="noise64x10")
    for law, staleness in ((Stragglers.LOGNORMAL, 1), (Stragglers.PAUSES, 3), (Stragglers.SLOW_RANK, 1)):
        setting = Setting(Role.CLAIM, tiny, StalePartition(4, staleness, stragglers=law), 9)
        (found,) = predictions([setting], quick, "mpi").values()
        table = CLOCKS[staleness] + LAYER + 4 * tiny.parameters * BYTE
        expected = finish_times(service(law, 4, 50, 0) + table, staleness)[-1].max() / 50
        assert found == pytest.approx(expected, rel=0.02)


def test_as_many_ranks_as_cores_disturb_each_other_and_one_or_those_that_sleep_do_not() -> None:
    passes = STORED.busy.passes
    slower_passes = replace(passes, seconds_per_element={n: 9 * s for n, s in passes.seconds_per_element.items()})
    slow = replace(STORED.busy, passes=slower_passes)
    shared = replace(STORED, busy=slow)
    for distribution, slower in ((DataPartition(1), False), (DataPartition(2), True), (DataPartition(4), False)):
        assert (seconds(distribution, shared) > 1.05 * seconds(distribution)) is slower


def test_kinds_are_told_apart_by_cores_and_stragglers() -> None:
    kinds = {d.id: is_emulated(of(d), 2) for d in (DataPartition(2), DataPartition(4), StalePartition(2, 1))}
    assert kinds == {"w2": False, "w4": True, "w2-s1-eager": False}
    assert is_emulated(of(StalePartition(2, 1, stragglers=Stragglers.PAUSES)), 2)
    assert not is_emulated(of(DataPartition(4)), 8)


def test_code_of_others_is_not_modelled() -> None:
    assert predictions([of(PeerPartition(2, Framework.DDP))], STORED, "mpi") == {}


def test_errors_are_those_of_the_medians() -> None:
    real, slept = of(DataPartition(2)), of(DataPartition(4))
    expected = predictions([real, slept, of(DataPartition(1))], STORED, "mpi")
    noise = np.linspace(0.9, 1.1, 9)
    records = [
        rounds(real, expected[real] * noise),
        rounds(slept, 2 * expected[slept] * noise, emulated=True, gap=None),
        rounds(of(PeerPartition(2, Framework.DDP)), noise),
    ]
    rows = error(expected, records)
    assert [(row.name, row.kind) for row in rows] == [(real.id, REAL), (slept.id, EMULATED)]
    assert [row.error for row in rows] == pytest.approx([0.0, -0.5])
    assert rows[0].low < rows[0].seconds < rows[0].high
    assert median_error(rows) == pytest.approx(0.25)
    assert stated(rows).startswith(
        "Median error of the model, sign apart: 0.0 % over 1 measured and 50.0 % over 1 emul"
    )
    assert "fitted to none of them" in stated(rows)


def test_beyond_the_machine_links_decide() -> None:
    joined = topologies(STORED, "mpi", latency_seconds=20e-6, bandwidth=3e9, rack=32)
    laws = {"none": Law.STEADY, "lognormal": Law.LOGNORMAL}
    found = beyond(NET, 0.1, joined, laws, [1, 32, 1000], clocks=50)
    assert len(found) == 3 * 2 * 2 * 3
    by = {(p.topology.split(" (")[0], p.law, p.staleness, p.workers): p for p in found}
    assert by["flat network", "none", 0, 1].speedup == pytest.approx(1.0)
    # All bytes go through one memory: 2(p−1)(a + n/B) with this machine's own a and B.
    whole = 2 * 31 * (LATENCY + SIZE / 2 / BANDWIDTH)
    assert by["one machine", "none", 0, 32].seconds == pytest.approx(0.1 + whole, rel=0.01)
    assert by["flat network", "none", 0, 1000].speedup > by["one machine", "none", 0, 1000].speedup
    for place in ("flat network", "racks of 32"):
        steady, late = (by[place, law, 0, 1000].speedup for law in ("none", "lognormal"))
        assert late < 0.5 * steady < steady <= 1000
        assert by[place, "lognormal", 3, 1000].speedup > 1.3 * late
