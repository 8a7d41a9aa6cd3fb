"""Why the gap of a net divided by weights does not grow with (P − 1)/P: a NumPy model beside `partition_laws`."""

from __future__ import annotations

import numpy as np
import pytest

from harness import data

_WORKERS = (2, 3, 4, 10)
_LATE, _STEP, _CLOCKS = 2, 0.025, 240


def trained(workers: int, late: frozenset[str], seed: int) -> np.ndarray:
    """Weights of softmax regression (ℓ2 = 1), inputs and classes divided, where others' sums or errors come late."""
    found = data.load("digits256")
    x, y = found.features[:256], np.eye(10)[found.labels[:256]]
    rows, classes = (np.array_split(np.arange(n), workers) for n in (64, 10))
    weights = np.random.default_rng(seed).normal(size=(64, 10)) / 8
    bias = np.zeros(10)
    sums: list[np.ndarray] = []
    errors: list[np.ndarray] = []
    for clock in range(_CLOCKS):
        old = max(0, clock - _LATE)
        sums.append(np.stack([x[:, own] @ weights[own] for own in rows]))
        seen = sums[old if "sums" in late else clock]
        logits = seen.sum(axis=0) + bias
        for worker, own in enumerate(classes):
            logits[:, own] += (sums[clock] - seen)[worker][:, own]
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        errors.append((shares / shares.sum(axis=1, keepdims=True) - y) / len(x))
        gradient = np.empty_like(weights)
        for worker, own in enumerate(rows):
            known = errors[old if "errors" in late else clock].copy()
            known[:, classes[worker]] = errors[clock][:, classes[worker]]
            gradient[own] = x[:, own].T @ known
        weights, bias = weights - _STEP * (gradient + weights), bias - _STEP * errors[clock].sum(axis=0)
    return np.concatenate([weights.ravel(), bias])


@pytest.mark.parametrize(
    ("late", "low", "high"),
    [
        (frozenset({"errors"}), 0.85, 1.15),
        (frozenset({"sums"}), 0.2, 0.8),
        (frozenset({"sums", "errors"}), -0.8, 0.0),
    ],
    ids=["errors", "sums", "both"],
)
def test_late_sums_and_late_errors_undo_each_other(late: frozenset[str], low: float, high: float) -> None:
    """Exponent in (P − 1)/P of the gap to the undivided net: 1 for errors alone, a half for sums, below 0 for both."""
    shares = np.log([(p - 1) / p for p in _WORKERS])
    exponents = []
    for seed in range(4):
        whole = trained(1, frozenset(), seed)
        gaps = [np.linalg.norm(trained(p, late, seed) - whole) for p in _WORKERS]
        exponents.append(np.polyfit(shares, np.log(gaps), 1)[0])
    assert low < np.median(exponents) < high
