"""Constants of a machine that is made up, so that the right forecast is known."""

from __future__ import annotations

from itertools import product
from typing import Any

from harness.record import Machine

SIDES, BATCHES = (32, 512, 2048), (4, 64, 1024)
LATENCY, BANDWIDTH, RATE, PASS = 1e-4, 1e9, 1e11, 1e-10


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


def constants_body(machine: Machine, bandwidth: float = BANDWIDTH, ranks: tuple[int, ...] = (2, 4)) -> dict[str, Any]:
    """As it is stored."""
    arithmetic = {
        "ranks": 2,
        "products": {"float32": product_times()},
        "seconds_per_element": {"update": PASS, "copy": PASS, "activation": PASS},
    }
    return {
        "machine": machine.model_dump(),
        "measured_at": "2026-01-01T00:00:00+00:00",
        "arithmetic": {"alone": arithmetic, "busy": arithmetic},
        "exchanges": {"mpi": [exchange_times(count, bandwidth) for count in ranks]},
    }
