"""Modelled points: on a machine that is made up, so that the right time is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from machines import BANDWIDTH, LATENCY, PASS, RATE, constants_body
from made_rounds import rounds

from harness.layout import messages
from harness.planning import Constants, example
from harness.planning.constants import Arithmetic
from harness.planning.modelled import beyond, error, is_emulated, predictions, stated, topologies
from harness.planning.validation import EMULATED, REAL, median_error
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
STORED = Constants.of(constants_body(MACHINE))


def of(distribution: Distribution) -> Setting:
    return Setting(Role.CLAIM, NET, distribution, 9)


def seconds(distribution: Distribution, constants: Constants = STORED) -> float:
    (found,) = predictions([of(distribution)], constants, "mpi").values()
    return found


def computing(examples: int) -> float:
    """Products, and two and a half passes over activations; the update apart."""
    operations = examples * (6 * (512 * 1024 + 1024 * 512) - 2 * 512 * 1024)
    return operations / RATE + 2.5 * examples * (1024 + 512) * PASS


def broadcast(ranks: int) -> float:
    """Half of an allreduce on this machine."""
    return STORED.exchanges["mpi"][ranks].at("broadcast", SIZE)


def allreduces(ranks: int) -> float:
    """Of two matrices, and of all biases together."""
    table = STORED.exchanges["mpi"][ranks]
    return 2 * table.at("allreduce", 4 * 512 * 1024) + table.at("allreduce", 4 * (1024 + 512))


def test_what_is_synchronous_is_computing_and_exchange() -> None:
    """Large gradients travel by themselves: nothing is copied but some biases."""
    update = NET.parameters * PASS
    assert seconds(DataPartition(1)) == pytest.approx(computing(64) + update)
    assert seconds(DataPartition(2)) == pytest.approx(computing(32) + update + allreduces(2), rel=1e-2)
    assert seconds(DataPartition(2, Fault.NO_EXCHANGE)) == pytest.approx(computing(32) + update)
    assert seconds(DataPartition(4)) == pytest.approx(computing(16) + update + allreduces(4), rel=1e-2)
    neuron = ModelPartition(2, Layout.NEURON)
    assert seconds(neuron) > (computing(64) + update) / 2 + len(messages(neuron, NET)) * LATENCY


def test_ranks_that_compute_hide_no_more_than_latency_behind_it() -> None:
    """Passes over memory, of which the update makes three: P + 2 or 3 where nothing is pending, else three more."""
    one_pass = NET.parameters * PASS / 3
    eager, sums = computing(32) + 2 * broadcast(2), computing(32) + 2 * broadcast(2)
    assert seconds(StalePartition(2, 0)) == pytest.approx(eager + 4 * one_pass, rel=1e-3)
    assert seconds(StalePartition(2, 1)) == pytest.approx(eager + 7 * one_pass - 2 * LATENCY, rel=1e-3)
    assert seconds(StalePartition(2, 0, Transport.PIPELINED)) == pytest.approx(sums + 3 * one_pass, rel=1e-3)
    assert seconds(StalePartition(1, 1)) == pytest.approx(computing(64) + 3 * one_pass, rel=1e-3)


def test_sleeping_ranks_hide_the_exchange_behind_sleep() -> None:
    slept = computing(16) + NET.parameters * PASS
    folds = {s: 2 * passes * NET.parameters * PASS / 3 for s, passes in ((0, 6), (3, 9))}
    assert seconds(StalePartition(4, 0)) == pytest.approx(slept + folds[0] + 4 * broadcast(4), rel=1e-3)
    assert seconds(StalePartition(4, 3)) == pytest.approx(max(slept + folds[3], 4 * broadcast(4)), rel=1e-2)


def test_prescribed_times_are_those_of_the_queue() -> None:
    quick = Constants.of(constants_body(MACHINE, 1e15))
    tiny = replace(NET, widths=(64, 32, 10), data="noise64x10")
    for law, staleness in ((Stragglers.LOGNORMAL, 1), (Stragglers.PAUSES, 3), (Stragglers.SLOW_RANK, 1)):
        setting = Setting(Role.CLAIM, tiny, StalePartition(4, staleness, stragglers=law), 9)
        (found,) = predictions([setting], quick, "mpi").values()
        expected = finish_times(service(law, 4, 50, 0), staleness)[-1].max() / 50
        assert found == pytest.approx(expected, rel=0.02)


def test_as_many_ranks_as_cores_disturb_each_other_and_one_or_those_that_sleep_do_not() -> None:
    products, passes = (getattr(STORED.busy, name) for name in ("products", "seconds_per_element"))
    slow = Arithmetic(2, products, {name: 9 * each for name, each in passes.items()})
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
