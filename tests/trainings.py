"""Trainings made by hand: least squares in NumPy on two ranks, with any mistake in how gradients are reduced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.check.contract import Batch
from harness.check.judge import Judged, judge
from harness.check.observed import Collective, Observed
from harness.check.plan import Scenario
from harness.check.trace import Trace, Tracer

Array = NDArray[np.float32]
Reduce = Callable[[list[Array], int], Array]
SCENARIO = Scenario("batch", 2, 6, 3, 3, 8, 0)
FEATURES = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
LABELS = (FEATURES @ np.random.default_rng(1).normal(size=(5, 3))).astype(np.float32)
RAN = tuple(Collective("g", "allreduce", step, "float32", 60) for step in range(1, 9))


def train(
    reduce: Reduce, order: int = 0, own: int | None = None, steps: int = 8, half: bool = False
) -> tuple[Trace, ...]:
    """What every rank sees; alone, one trace of the whole batch."""
    alone = reduce is mean and half
    ranks = 1 if alone else 2
    weights = [{"kernel": np.full((5, 3), 0.1, np.float32), "bias": np.zeros(3, np.float32)} for _ in range(ranks)]
    tracers = [Tracer(found, steps) for found in weights]
    for number, ids in enumerate(SCENARIO.ids(60)[:steps]):
        shares = list(ids)
        if alone:
            shares = [ids[own] if own is not None and number == steps - 1 else ids.reshape(-1)]
            shares = [shares[0][::-1] if order else shares[0]]
        errors = [
            FEATURES[s] @ found["kernel"] + found["bias"] - LABELS[s] for s, found in zip(shares, weights, strict=True)
        ]
        gradients = {
            "kernel": [FEATURES[s].T @ e / len(s) for s, e in zip(shares, errors, strict=True)],
            "bias": [e.mean(axis=0) for e in errors],
        }
        for rank, (share, found, tracer) in enumerate(zip(shares, weights, tracers, strict=True)):
            for name, parts in gradients.items():
                change = parts[0] if alone else reduce(parts, rank) if name == "kernel" else mean(parts, rank)
                found[name] = found[name] - np.float32(0.1) * change
            batch = Batch(FEATURES[share], LABELS[share], share)
            tracer.add(batch, float((errors[rank] ** 2).mean()), (float(number), number + 0.5), found, {})
    return tuple(tracer.trace() for tracer in tracers)


def mean(parts: list[Array], rank: int) -> Array:
    return (parts[0] + parts[1]) / np.float32(2)


def alone(order: int = 0, own: int | None = None, steps: int = 8) -> Trace:
    return train(mean, order, own, steps, half=True)[0]


def seen(reduce: Reduce) -> Observed:
    return Observed(SCENARIO, train(reduce), alone(), (alone(order=1), alone(), alone(order=1)), RAN)


def judged(reduce: Reduce) -> Judged:
    found = judge(seen(reduce))
    step = found.wrong_step
    if step is None:
        return found
    return replace(found, seen=found.seen.with_own([alone(own=rank, steps=step) for rank in range(2)]))
