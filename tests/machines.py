"""Constants of a machine that is made up, so that the right forecast is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

from harness.record import Machine

SIDES, BATCHES = (32, 512, 2048), (4, 64, 1024)
LATENCY, BANDWIDTH, RATE, PASS = 1e-4, 1e9, 1e11, 1e-10
# Of starting the operations of a step or of a layer; of a stretch of clocks, and of one with exchanges; of a clock over
# a table, its small layers and bytes; late after a nap.
STARTING, CALL, CALL_EXCHANGING, CLOCK, LAYER, BYTE, LATE = 1e-5, 5e-4, 8e-4, 1e-3, 2e-4, 3e-9, [2e-4, 4e-4]
# What whole steps take beside the sum of their parts; what a clock over a table takes at each staleness.
WHOLE = {"undivided": 1.25, "neuron": 1.5}
CLOCKS = {0: 2 * CLOCK, 1: CLOCK, 3: 1.5 * CLOCK}
# Examples of a rank, beside which tables were measured.
BESIDE = (128, 256)
# Nets whose whole steps were measured.
NETS = (((48, 24, 12), 64), ((440, 1500, 1000), 256))
# Five passes over activations, two of which are one of these.
_PASSES = {"update": 1.0, "copy": 1.0, "hidden": 2.5, "classes": 2.5}


def product_times() -> dict[str, Any]:
    """The same rate for every shape."""
    seconds = [2 * i * u * b / RATE for i, u, b in product(SIDES, SIDES, BATCHES)]
    names = ("forward", "gradient", "backward")
    return {"inputs": SIDES, "units": SIDES, "batch": BATCHES, "seconds": dict.fromkeys(names, seconds)}


def exchange_times(ranks: int, bandwidth: float) -> dict[str, Any]:
    """Rings: p − 1 steps, (p − 1)/p of the bytes, an allreduce both twice."""
    sizes = [1, 10**3, 10**6, 10**9]
    turns = {"allreduce": 2.0, "reduce-scatter": 1.0, "allgather": 1.0, "broadcast": 1.0}
    steps, carried = ranks - 1, (ranks - 1) / ranks
    seconds = {n: [f * (steps * LATENCY + carried * s / bandwidth) for s in sizes] for n, f in turns.items()}
    return {"ranks": ranks, "bytes": sizes, "seconds": seconds}


def group_times(ranks: int, at_once: int, bandwidth: float) -> dict[str, Any]:
    """Groups that exchange at once, three times as slow as one."""
    found = exchange_times(ranks, bandwidth)
    return found | {"at_once": at_once, "seconds": {n: [3 * s for s in ts] for n, ts in found["seconds"].items()}}


def dispatch_times() -> dict[str, Any]:
    """So much for a step, and as much again for each layer; packing is one operation more."""
    names = ("undivided", "neuron", "weight", "alternate", "grid")
    seconds = {name: [2 * STARTING, 5 * STARTING] for name in names}
    return {
        "layers": [1, 4],
        "seconds": seconds | {"data": [3 * STARTING, 6 * STARTING]},
        "whole": [whole_times(*net, division) for net, division in product(NETS, WHOLE)],
        "call": CALL,
        "call_exchanging": CALL_EXCHANGING,
    }


def parts(widths: Sequence[int], examples: int, members: int = 1) -> float:
    """Products, the inputs, two and a half passes over activations, the update, and starting; units are divided."""
    each = [(inputs, units / members) for inputs, units in pairwise(widths)]
    operations = examples * (6 * sum(i * u for i, u in each) - 2 * each[0][0] * each[0][1])
    held = sum(units for _, units in each)
    passes = examples * widths[0] + 2.5 * examples * held + sum(i * u for i, u in each) + held
    return operations / RATE + passes * PASS + (1 + len(each)) * STARTING


def whole_times(widths: Sequence[int], examples: int, division: str) -> dict[str, Any]:
    """A step of a whole net takes so many times its parts."""
    seconds = WHOLE[division] * parts(widths, examples, 1 if division == "undivided" else 2)
    return {"widths": list(widths), "examples": examples, "division": division, "seconds": seconds}


def table_times(transport: str, staleness: int, examples: int) -> list[dict[str, Any]]:
    """A clock costs something that depends on s; layers do, large ones twice as much, and bytes; beside 256, twice."""
    clock = CLOCKS[staleness]
    nets = (((4, 4), 0), ((4, 4, 4, 4, 4), 3), ((512, 512), 0), ((512,) * 4, 4), ((1024, 1024), 0), ((2048,) * 4, 4))
    found = []
    for widths, layers in nets:
        sizes = [size for inputs, units in pairwise(widths) for size in (inputs * units, units)]
        seconds = clock + layers * LAYER + 4 * sum(sizes) * BYTE
        row = {"transport": transport, "staleness": staleness, "examples": examples, "sizes": sizes}
        found.append(row | {"seconds": seconds * examples / BESIDE[0]})
    return found


def clock_times() -> dict[str, Any]:
    """Late by one thing after short naps and by another after long ones."""
    kinds = product(("eager", "pipelined"), CLOCKS, BESIDE)
    return {
        "naps": {"seconds": [1e-4, 1e-2], "late": LATE},
        "tables": [row for kind in kinds for row in table_times(*kind)],
    }


def constants_body(machine: Machine, bandwidth: float = BANDWIDTH, ranks: tuple[int, ...] = (2, 4)) -> dict[str, Any]:
    """As it is stored."""
    arithmetic = {
        "ranks": 2,
        "products": {"float32": product_times()},
        "passes": {
            "elements": [1, 10**6],
            "seconds": {name: [times * PASS, 10**6 * times * PASS] for name, times in _PASSES.items()},
        },
        "dispatch": dispatch_times(),
    }
    launches = [exchange_times(count, bandwidth) | clock_times() | {"groups": [], "waits": None} for count in ranks]
    launches[-1]["groups"] = [group_times(2, ranks[-1] // 2, bandwidth)] if ranks[-1] > 2 else []
    return {
        "machine": machine.model_dump(),
        "measured_at": "2026-01-01T00:00:00+00:00",
        "arithmetic": {"alone": arithmetic, "busy": arithmetic},
        "exchanges": {"mpi": launches},
    }
