"""What the parts of a wrong update look like, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.check.finding import Finding
from harness.check.observed import Flat, Observed
from harness.check.parts import Parts
from harness.check.steps import steps_at

ODD_LENGTH = "The direction is right and the length is not: a step size, or a norm taken on a part."
_CLEAN = 0.01


def signature(made: Parts, seen: Observed, finding: Finding, all_tensors: bool) -> str:
    """What kind of mistake makes such an update.

    Args:
        made: its parts.
        seen: what was seen.
        finding: that refutes.
        all_tensors: whether all are wrong.

    Returns:
        A sentence or two.
    """
    assert finding.first is not None
    name, step = finding.first.tensor, finding.first.step
    since = (
        "" if step == 1 else f" The steps before {step} are right: look for what is done every {step} steps, or once."
    )
    if all(made.same(ours, own) for ours, own in zip(made.ours, made.own, strict=True)):
        return _not_exchanged(name, seen, all_tensors) + since
    if not made.alike:
        still = [rank for rank, ours in enumerate(made.ours) if not np.any(ours)]
        if still:
            return f"Rank {still[0]} makes no update of {name} in this step: the step is skipped there." + since
        if made.same(np.sum(made.ours, axis=0), made.right):
            return (
                f"Every rank holds a part of {name}'s update and the parts add up to the right one: the backward pass"
                " lacks a reduction of the input gradient over the partitions."
            )
        if made.same(np.mean(made.ours, axis=0), made.right):
            return _not_exchanged(name, seen, all_tensors) + since
    factors = [made.shares(rank) for rank in range(made.workers)] if made.additive else []
    told = _from_shares([f for f in factors if f is not None], made, seen, name, all_tensors) if factors else ""
    return (told or _of_another(made, seen, name, step) or _from_direction(made, seen, name, all_tensors)) + since


def _of_another(made: Parts, seen: Observed, name: str | None, step: int) -> str:
    """Whether a tensor's update begins or ends as that of another one should."""
    index = int(np.flatnonzero(seen.reference.kept == step)[0])
    for number, other in enumerate(seen.names):
        theirs = steps_at(seen, number, index, 0)[1]
        size = min(len(theirs), len(made.right))
        ends = [(made.ours[0][:size], theirs[:size]), (made.ours[0][-size:], theirs[-size:])]
        if other != name and size > 2 and any(np.any(b) and made.same(a, b) for a, b in ends):
            return (
                f"The update of {name} is that of {other}: a buffer is reused before the reduce is done, or tensors are"
                " matched in another order on the ranks."
            )
    return ""


def _not_exchanged(name: str | None, seen: Observed, all_tensors: bool) -> str:
    if not any(collective.step > 0 for collective in seen.ledger):
        return (
            "No exchange at all: every rank applies its own update only, no collective ran. The wrapper is bypassed:"
            " under Keras 3, Horovod 0.28.1's DistributedOptimizer never calls allreduce; call it in a training loop."
        )
    which = "the gradients" if all_tensors else f"{name}"
    return f"Own update only: {which} of every rank are not exchanged" + (
        "." if all_tensors else "; moving statistics (batch norm) that are kept per rank look like that too."
    )


def _from_shares(factors: Sequence[Flat], made: Parts, seen: Observed, name: str | None, all_tensors: bool) -> str:
    if len(factors) < made.workers:
        return ""
    table, fair = np.array(factors), 1 / made.workers
    if not made.alike:
        if all(
            abs(table[r, r] - 1) < _CLEAN and abs(table[r]).sum() < 1 + made.workers * _CLEAN for r in range(len(table))
        ):
            return _not_exchanged(name, seen, all_tensors=False)
        return f"Ranks weigh each other's updates of {name} differently: {_written(table)}."
    row = table.mean(axis=0)
    lost = np.flatnonzero(np.abs(row) < _CLEAN * fair)
    if len(lost) == made.workers:
        return f"The update of {name} is lost altogether in this step."
    if len(lost):
        return f"The contribution of rank {', '.join(map(str, lost))} to {name} is lost in this step."
    if made.uniform(row):
        return scaled(float(row.mean() / fair), made.workers, name, seen, all_tensors=all_tensors)
    odd = made.odd_one(row)
    if (np.abs(row - fair) > 2 * made.close * fair).all():
        return (
            f"The contribution of every rank to {name} is scaled by a factor of its own, {_written(row[None] / fair)}:"
            " it is clipped or normalised per rank before the reduce, or weighted by something else than its examples."
        )
    return (
        f"The contribution of rank {odd} to {name} is scaled by {made.written(row[odd] / fair)};"
        f" weights of the ranks' own updates: {_written(row[None])}, where {fair:.3g} each is right."
    )


def _from_direction(made: Parts, seen: Observed, name: str | None, all_tensors: bool) -> str:
    mean = np.mean(made.own, axis=0)
    if made.alike and not made.additive and made.same(made.ours[0], mean):
        return (
            f"The update of {name} is the mean of what each rank alone would do, and the whole batch at once does"
            " something else: something that is not linear is done per rank before the reduce instead of after it"
            " (clipping, a norm of the gradient, batch statistics), or sums are normalised per share or micro-batch"
            " instead of per example."
        )
    factor = made.times(made.ours[0], made.right)
    if made.alike and factor is not None:
        return scaled(factor, made.workers, name, seen, all_tensors=all_tensors) or ODD_LENGTH
    if made.alike and not np.any(made.ours[0]):
        return f"The update of {name} is lost altogether in this step."
    if _in_pieces(made):
        return (
            f"Parts of {name} go the right way, each with a length of its own: a norm or step size is taken on a shard"
            " of the tensor instead of the whole (LARS, LAMB, clipping), or some parts are scaled."
        )
    some = _some_elements(made, name)
    if some:
        return some
    if any(collective.dtype in {"float16", "bfloat16"} for collective in seen.ledger):
        return (
            f"{name} is reduced in half precision, where it over- or underflows: scale gradients, or reduce in float32."
        )
    return (
        f"The update of {name} is no combination of what the ranks would do: a buffer that is reused before the reduce"
        " is done, examples that are not those handed out, or batch statistics of a share."
    )


def _in_pieces(made: Parts) -> bool:
    """Whether the elements have few different ratios, none of them by chance."""
    moved = np.abs(made.right) > 1e-3 * np.abs(made.right).max(initial=0.0)
    if moved.sum() < 4 * made.workers:
        return False
    ratios = np.sort(made.ours[0][moved] / made.right[moved])
    jumps = np.flatnonzero(np.diff(ratios) > 0.02 * np.abs(ratios).max())
    groups = np.split(ratios, jumps + 1)
    return 2 <= len(groups) <= 2 * made.workers and all(np.ptp(g) <= 0.02 * np.abs(ratios).max() for g in groups)


def _some_elements(made: Parts, name: str | None) -> str:
    moved = made.right != 0
    right = np.abs(made.ours[0] - made.right) <= made.close * np.abs(made.right)
    share = float(right[moved].mean()) if moved.any() else 0.0
    if not 0.05 < share < 1:
        return ""
    return (
        f"{share:.0%} of the elements of {name} that move are right and the others are not: parts that depend on each"
        " other are updated at the same time from the same old values, or a part is left out of the exchange."
    )


def scaled(
    ratio: float, workers: int, name: str | None = None, seen: Observed | None = None, *, all_tensors: bool = True
) -> str:
    """What a factor is that is a power of P.

    Args:
        ratio: of the wrong update to the right one.
        workers: P.
        name: of the tensor; the whole update where None.
        seen: what was seen.
        all_tensors: whether all are wrong.

    Returns:
        A sentence; empty where the ratio is no power of P.
    """
    known = {
        float(workers): "P: summed over ranks where the mean is meant",
        1 / workers: "1/P: divided by the number of ranks once too often, or the mean where the sum is meant",
        float(workers**2): "P²: multiplied by the number of ranks twice",
        1 / workers**2: "1/P²: divided by the number of ranks twice too often",
    }
    for factor, text in known.items():
        if abs(ratio / factor - 1) < _CLEAN:
            what = f"the update of {name}" if name else "the whole update"
            return f"The ratio of {what} to the right one is {text}.{_place(name, seen, all_tensors)}"
    return ""


def _place(name: str | None, seen: Observed | None, all_tensors: bool) -> str:
    if name is None or seen is None:
        return ""
    tensor = seen.names.index(name)
    rows = seen.reference.weights[tensor]
    touched = np.any((rows[1] - rows[0]).reshape(rows.shape[1], -1) != 0, axis=1) if rows.ndim > 2 else np.ones(1)
    if touched.mean() < 0.9:
        return " Only some of its rows are touched: sparse gradients (IndexedSlices) are gathered and not averaged."
    if all_tensors:
        return ""
    return " Other tensors are right: look at the backward pass of a collective, or of a partition, between them."


def _written(table: Flat) -> str:
    return "; ".join("(" + ", ".join(f"{factor:.3g}" for factor in row) + ")" for row in table)
