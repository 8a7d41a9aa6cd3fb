"""Forecasts from constants that are made up, so that the right answer is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import (
    BANDWIDTH,
    BATCHES,
    BESIDE,
    BYTE,
    CLOCK,
    CLOCKS,
    LATE,
    LATENCY,
    LAYER,
    PASS,
    RATE,
    SIDES,
    STARTING,
    WHOLE,
    constants_body,
    exchange_times,
    group_times,
    parts,
    product_times,
)

from harness.errors import BadInputError
from harness.layout import messages
from harness.planning import Constants, crossover, example, forecast, plan, synchronous
from harness.planning.arithmetic import Passes, Products
from harness.planning.clocks import ClockTimes
from harness.planning.forecast import seconds_here
from harness.planning.network import ExchangeTimes, Network, Transfer, Waits
from harness.planning.validation import EMULATED, REAL, median_error, page, validate
from harness.spec import Transport
from samples import MACHINE

TRAINING = example((440, *[2048] * 6, 1993), 256)


def constants(bandwidth: float = BANDWIDTH) -> Constants:
    return Constants.of(constants_body(MACHINE, bandwidth))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 5000))
def test_a_rate_that_is_the_same_everywhere_stays_what_it_is(inputs: int, units: int, examples: int) -> None:
    found = Products.of(product_times()).seconds("gradient", inputs, units, examples)
    assert found == pytest.approx(2 * inputs * units * examples / RATE)


def test_a_measured_shape_takes_the_time_that_was_measured() -> None:
    body = product_times()
    draws = np.random.default_rng(0)
    seconds = draws.uniform(1, 2, size=len(body["seconds"]["forward"])).tolist()
    body["seconds"] = body["seconds"] | {"forward": seconds}
    found = Products.of(body)
    for expected, shape in zip(seconds, product(SIDES, SIDES, BATCHES), strict=True):
        assert found.seconds("forward", *shape) == pytest.approx(expected)
    assert found.seconds("backward", *shape) == pytest.approx(2 * np.prod(shape) / RATE)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["allreduce", "allgather", "reduce-scatter"]), st.integers(2, 64), st.sampled_from([3, 6, 9]))
def test_a_ring_that_was_measured_among_two_is_a_ring_among_many(collective: str, ranks: int, power: int) -> None:
    network, size = Network({2: ExchangeTimes.of(exchange_times(2, BANDWIDTH))}), 10**power
    expected = ExchangeTimes.of(exchange_times(ranks, BANDWIDTH)).at(collective, size)
    assert network.seconds(collective, ranks, size) == pytest.approx(expected, rel=1e-3)


def test_a_number_that_was_measured_is_not_extrapolated() -> None:
    tables = {2: ExchangeTimes.of(exchange_times(2, BANDWIDTH)), 4: ExchangeTimes.of(exchange_times(4, BANDWIDTH / 7))}
    assert Network(tables).seconds("allreduce", 4, 10**9) == pytest.approx(tables[4].seconds["allreduce"][-1])
    beyond = ExchangeTimes.of(exchange_times(4, BANDWIDTH)).at("allgather", 4 * 10**9)
    assert beyond == pytest.approx(4 * ExchangeTimes.of(exchange_times(4, BANDWIDTH)).at("allgather", 10**9))


@pytest.mark.parametrize(("members", "at_once", "times"), [(2, 1, 1), (2, 2, 2), (2, 4, 4), (4, 1, 1), (4, 2, 2)])
def test_groups_that_exchange_at_once_share_the_cores(members: int, at_once: int, times: int) -> None:
    tables = {n: ExchangeTimes.of(exchange_times(n, BANDWIDTH)) for n in (2, 4)}
    shared, apart = Network(tables, cores=2), Network(tables)
    alone = apart.seconds("allreduce", members, 10**6)
    assert apart.seconds("allreduce", members, 10**6, at_once=at_once) == alone
    assert shared.seconds("allreduce", members, 10**6, at_once=at_once) == pytest.approx(times * alone)


def test_groups_that_were_measured_at_once_take_what_they_took() -> None:
    tables = {2: ExchangeTimes.of(exchange_times(2, BANDWIDTH))}
    groups = {(2, 2): ExchangeTimes.of(group_times(2, 2, BANDWIDTH))}
    alone = Network(tables).seconds("allreduce", 2, 10**6)
    assert Network(tables, 2, groups).seconds("allreduce", 2, 10**6, at_once=2) == pytest.approx(3 * alone)
    assert Network(tables, 2, groups).seconds("allreduce", 2, 10**6, at_once=4) == pytest.approx(4 * alone)
    assert Network(tables, None, groups).seconds("allreduce", 2, 10**6, at_once=2) == pytest.approx(alone)


def test_what_horovod_rests_is_what_one_more_at_once_does_not_cost() -> None:
    found = {
        "seconds": {"allreduce": [3e-4, 3e-4, 2e-3, 9e-3], "broadcast": [3e-4] * 4},
        "waits": {
            "computed": [0.0, 1e-3],
            "seconds": [3e-4, 1e-4],
            "bytes": [10**3, 10**5, 10**7],
            "further": {"allreduce": [0.0, 2e-4, 3e-3]},
        },
    }
    waits = Waits.of(found)
    for size, rest in ((1, 3e-4), (10**3, 3e-4), (10**4, 2e-4), (10**5, 1e-4), (10**7, 0.0), (10**9, 0.0)):
        assert waits.rest("allreduce", size) == pytest.approx(rest)


def test_collectives_wait_for_less_where_ranks_compute_before_them_and_once_where_they_begin_together() -> None:
    tables = {2: ExchangeTimes.of(exchange_times(2, BANDWIDTH))}
    sent = [Transfer("allreduce", 2, size) for size in (10**3, 10**6, 10**7)]
    whole = sum(Network(tables).seconds("allreduce", 2, each.bytes) for each in sent)
    waits = Waits((0.0, 1e-3, 1e-2), (2e-4, 0.5e-4, 1e-4), (10**3, 10**7), {"allreduce": (2e-4, 2e-4)})
    waiting = Network(tables, waits=waits)
    assert Network(tables).of_step(sent, 3e-3, together=True) == pytest.approx(whole)
    assert waiting.of_step([], 3e-3, together=True) == 0
    assert waiting.of_step(sent, 0.0, together=False) == pytest.approx(whole)
    assert waiting.of_step(sent, 3e-3, together=False) == pytest.approx(whole - 3 * (2e-4 - 0.5e-4))
    assert waiting.of_step(sent, 1e-2, together=True) == pytest.approx(whole - 3 * 2e-4 + 1e-4)


def test_after_long_computing_a_collective_comes_at_any_time() -> None:
    waits = Waits((0.0, 1e-4, 4e-4, 5e-4, 6e-4), (9.0, 8.0, 1.0, 2.0, 3.0), (1,), {})
    assert waits.after(5e-5) == pytest.approx(8.5)
    assert waits.after(6e-4) == pytest.approx(3.0)
    assert waits.after(1e-3) == pytest.approx(2.0)


def test_gradients_begin_together_and_layers_one_after_the_other_and_sleeping_ranks_wait_for_all() -> None:
    stored = constants()
    waits = Waits((0.0, 1e-9), (2 * LATENCY, LATENCY), (1,), {"allreduce": (2 * LATENCY,), "allgather": (2 * LATENCY,)})
    quick = replace(stored, waits={"mpi": waits})
    for name, sent, less in (("w2", 8, 8 * 2 - 1), ("w2-alternate", 7, 7)):
        before, after = (
            forecast(TRAINING, synchronous(name), found.busy, found.network("mpi")) for found in (stored, quick)
        )
        assert after.collectives == sent
        assert before.step_seconds - after.step_seconds == pytest.approx(less * LATENCY)
        emulated = (seconds_here(TRAINING, synchronous(name), found, "mpi", emulated=True) for found in (stored, quick))
        assert next(emulated) == next(emulated)


def test_passes_over_little_memory_take_less_by_the_element() -> None:
    passes = Passes.of({"elements": [100, 10**4], "seconds": {"update": [1e-7, 1e-4]}})
    for elements, each in ((1, 1e-9), (100, 1e-9), (1000, 10**-8.5), (10**4, 1e-8), (10**6, 1e-8)):
        assert passes.seconds("update", elements) == pytest.approx(elements * each)
    assert passes.seconds("update", 0) == 0


def test_who_slept_is_late() -> None:
    clocks = constants().clocks_of("mpi", 4)
    for slept, late in ((0.0, LATE[0]), (1e-4, LATE[0]), (1e-3, sum(LATE) / 2), (1.0, LATE[1])):
        assert clocks.after_nap(slept) == pytest.approx(late)


@pytest.mark.parametrize(
    ("staleness", "clock"),
    [(0, CLOCKS[0]), (1, CLOCK), (2, CLOCK), (3, CLOCKS[3]), (4, CLOCKS[3]), (np.inf, CLOCKS[3])],
)
def test_a_table_costs_by_the_clock_the_layer_and_the_byte(staleness: float, clock: float) -> None:
    clocks = constants().clocks_of("mpi", 2, tables=True)
    small, large = (100, 10), (10**6, 10)
    nets = ((small, 0), (3 * small, 2), (large, 0), (small + large + small, 2), (2 * large, 2), (2 * large + small, 3))
    for sizes, layers in nets:
        expected = clock + layers * LAYER + 4 * sum(sizes) * BYTE
        assert clocks.of_table(Transport.EAGER, staleness, sizes, BESIDE[0]) == pytest.approx(expected)
    # Beyond what was measured, what goes by bytes is in proportion, and with it what a clock takes at all.
    most = 3 * (2048**2 + 2048)
    expected = 10 * (clock + 4 * most * BYTE)
    assert clocks.of_table(Transport.PIPELINED, staleness, (10 * most - 1, 1), BESIDE[0]) == pytest.approx(expected)


def test_a_table_costs_by_what_is_computed_beside_it() -> None:
    clocks = constants().clocks_of("mpi", 2, tables=True)
    for examples, times in ((1, 1), (128, 1), (192, 1.5), (256, 2), (1000, 2)):
        found = clocks.of_table(Transport.EAGER, 1, (100, 10), examples)
        assert found == pytest.approx(times * (CLOCK + 440 * BYTE))


def test_clocks_are_those_of_the_nearest_smaller_number_of_ranks() -> None:
    stored = constants()
    bare = ClockTimes((1e-3,), (9.0,), {})
    clocks = replace(stored, clocks={"mpi": dict(stored.clocks["mpi"]) | {16: bare}})
    assert clocks.clocks_of("mpi", 3) is stored.clocks["mpi"][2]
    assert clocks.clocks_of("mpi", 20) is bare
    assert clocks.clocks_of("mpi", 20, tables=True) is stored.clocks["mpi"][4]
    assert clocks.clocks_of("mpi", 1) is stored.clocks["mpi"][2]


def test_only_ranks_that_sleep_are_late() -> None:
    stored, partition = constants(), synchronous("w4-alternate")
    network = stored.network("mpi", oversubscribed=True)
    found = forecast(TRAINING, partition, stored.alone, network).step_seconds
    assert seconds_here(TRAINING, partition, stored, "mpi", emulated=True) == pytest.approx(found + LATE[1])
    assert seconds_here(TRAINING, partition, stored, "mpi", emulated=False) == pytest.approx(found)


def test_more_ranks_than_cores_count_for_what_is_emulated_alone() -> None:
    stored = constants()
    assert set(stored.network("mpi").measured) == {2}
    assert set(stored.network("mpi", oversubscribed=True).measured) == {2, 4}
    with pytest.raises(BadInputError, match="known: mpi"):
        stored.network("gloo")


@pytest.mark.parametrize("name", ["w4-neuron", "w4-weight", "w4-alternate", "w4-grid2x2", "w4-d2-weight"])
def test_traffic_is_that_of_the_layout(name: str) -> None:
    partition, stored = synchronous(name), constants()
    found = forecast(TRAINING, partition, stored.busy, stored.network("mpi"))
    sent = messages(partition, TRAINING)
    assert found.sent_bytes == 4 * sum(m.handed for m in sent)
    assert found.collectives == len(sent)
    assert found.exchange_seconds > len(sent) * LATENCY


def test_arithmetic_is_divided() -> None:
    """Three products per layer but the first, five passes of activations and one of the inputs, written out."""
    stored = constants()
    network = stored.network("mpi")
    whole = forecast(TRAINING, synchronous("w1"), stored.alone, network)
    sizes = TRAINING.widths
    operations = 256 * (6 * sum(i * u for i, u in pairwise(sizes)) - 2 * sizes[0] * sizes[1])
    passes = TRAINING.parameters + 2.5 * 256 * sum(sizes[1:]) + 256 * sizes[0]
    starting = (1 + 7) * STARTING
    expected = WHOLE["undivided"] * (operations / RATE + passes * PASS + starting)
    assert whole.compute_seconds == pytest.approx(expected)
    assert whole.step_seconds == whole.compute_seconds
    for name in ("w2-neuron", "w2-weight", "w2-alternate"):
        half = forecast(TRAINING, synchronous(name), stored.busy, network)
        less = WHOLE["neuron"] / WHOLE["undivided"]
        assert 0.5 <= half.compute_seconds / whole.compute_seconds / less < 0.52
        assert 0.49 < half.memory_bytes / whole.memory_bytes < 0.56
    shared = forecast(TRAINING, synchronous("w2"), stored.busy, network)
    assert shared.memory_bytes > 1.4 * whole.memory_bytes


def test_whole_steps_take_what_they_took_and_others_what_lies_between() -> None:
    body = constants_body(MACHINE)
    nets = {"undivided": [(64, 64, 64), (512, 512, 512)], "neuron": [(512, 512, 512), (64, 64, 64)]}
    times = {"undivided": (2.0, 1.0), "neuron": (1.2, 3.0)}
    body["arithmetic"]["busy"]["dispatch"]["whole"] = [
        {"widths": widths, "examples": 64, "division": division, "seconds": ratio * parts(widths, 64, members)}
        for members, division in ((1, "undivided"), (2, "neuron"))
        for widths, ratio in zip(nets[division], times[division], strict=True)
    ]
    stored = Constants.of(body)
    for members, name, small, large in ((1, "w1", 2.0, 1.0), (2, "w2-neuron", 3.0, 1.2)):
        ends = np.log([parts((width,) * 3, 64, members) for width in (64, 512)])
        for width in (16, 64, 200, 512, 2048):
            expected = parts((width,) * 3, 64, members)
            ratio = np.interp(np.log(expected), ends, (small, large))
            net = example((width,) * 3, 64)
            found = forecast(net, synchronous(name), stored.busy, stored.network("mpi")).compute_seconds
            assert found == pytest.approx(ratio * expected)


def test_groups_copy_their_gradients_and_add_them_up() -> None:
    """As a pair of workers with half the batch, one pass over what each holds, two more over small gradients."""
    stored = constants()
    network = stored.network("mpi")
    pair = forecast(example(TRAINING.widths, 128), synchronous("w2-weight"), stored.busy, network)
    both = forecast(TRAINING, synchronous("w4-d2-weight"), stored.busy, network)
    held = both.sent_bytes - pair.sent_bytes
    assert held == pytest.approx(4 * TRAINING.parameters / 2, rel=0.01)
    small = sum(TRAINING.widths[1:]) / 2
    assert both.compute_seconds - pair.compute_seconds == pytest.approx(PASS * (held / 4 + 2 * small) + STARTING)
    assert both.collectives == pair.collectives + len(TRAINING.widths)


def test_slow_links_favour_the_model_and_large_batches_the_data() -> None:
    slow, quick = constants(1e8), constants(1e13)
    found = plan(TRAINING, [2, 8], slow.busy, slow.network("mpi"))
    assert found[2][0].layout != "data"
    assert [row.step_seconds for row in found[8]] == sorted(row.step_seconds for row in found[8])
    assert {row.layout for row in found[8]} == {"data", "neuron", "weight", "alternate", "hybrid"}
    assert crossover({2: found[2], 8: found[8]}) is None or crossover(found)[0] == 8
    large = example((64, 64, 64, 64, 10), 4096)
    assert plan(large, [2], quick.busy, quick.network("mpi"))[2][0].layout == "data"


def test_the_crossover_is_where_the_winner_changes() -> None:
    stored = constants()
    network = stored.network("mpi")
    data, neuron = (forecast(TRAINING, synchronous(name), stored.busy, network) for name in ("w2", "w2-neuron"))
    assert crossover({2: [data, neuron], 4: [data, neuron], 8: [neuron, data]}) == (8, "data", "neuron")
    assert crossover({2: [data], 4: [data]}) is None


@pytest.mark.parametrize("name", ["w4-s1-eager", "w4-nothing"])
def test_what_has_no_steps_in_common_is_refused(name: str) -> None:
    with pytest.raises(BadInputError):
        synchronous(name)


def test_more_workers_than_units_are_refused() -> None:
    stored = constants()
    with pytest.raises(BadInputError, match="65 workers cannot share a layer of 64 units"):
        plan(example((64, 64, 64), 256), [65], stored.busy, stored.network("mpi"))


def test_what_is_stored_badly_is_refused() -> None:
    with pytest.raises(BadInputError, match="measure them anew"):
        Constants.of({"machine": MACHINE.model_dump()})


_PARTS = ("dispatch", "whole", "call_exchanging", "passes", "groups", "naps", "tables", "waits")


@pytest.mark.parametrize("part", _PARTS)
def test_constants_from_before_a_part_was_measured_are_measured_anew(part: str) -> None:
    body = constants_body(MACHINE)
    arithmetic = list(body["arithmetic"].values())
    for found in (*(each["dispatch"] for each in arithmetic), *arithmetic, *body["exchanges"]["mpi"]):
        found.pop(part, None)
    with pytest.raises(BadInputError, match=f"'{part}'.*measure them anew"):
        Constants.of(body)


def test_validation_compares_real_and_emulated_steps() -> None:
    """On a machine that is exactly what was measured the error is 0; one that is twice as slow is seen."""
    stored, asked = constants(), []

    def run(mode: str, steps: dict[str, float], ranks: int) -> dict[str, list[float]]:
        asked.append((mode, ranks))
        found = {}
        for name, sleep in steps.items():
            arithmetic, network = stored.alone, stored.network("mpi", oversubscribed=True)
            cost = forecast(TRAINING, synchronous(name), arithmetic, network)
            times = {
                "real": cost.step_seconds,
                "alone": cost.compute_seconds,
                "emulated": sleep + stored.clocks_of("mpi", 4).after_nap(sleep) + cost.exchange_seconds,
            }
            found[name] = [times[mode] * (2 if name == "w2" else 1)] * 9
        return found

    rows = list(validate(TRAINING, stored, "mpi", run, (1, 2, 4)))
    assert asked == [("alone", 1), ("real", 1), ("real", 2), ("emulated", 4)]
    assert {row.name: row.kind for row in rows} | {"w1": REAL, "w4": EMULATED} == {row.name: row.kind for row in rows}
    for row in rows:
        assert row.error == pytest.approx(-0.5 if row.name == "w2" else 0.0)
    assert median_error(rows) == pytest.approx(0.0)
    assert median_error([row for row in rows if row.name == "w2"]) == pytest.approx(0.5)
    said = page(TRAINING, stored, "mpi", rows)
    assert "Median error 0 %" in said
    assert sum(line.endswith("| -50 % |") for line in said.splitlines()) == 1
    assert sum("| emulated |" in line for line in said.splitlines()) == 5
