"""What kind of mistake has this signature? The wrong update taken apart into what each rank alone would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.check.finding import Finding, First
from harness.check.noise import Noise
from harness.check.observed import Flat, Observed
from harness.check.weights import steps_at
from harness.verdict import Word

_CLEAN = 0.01
_EXACT = 3e-4
_UNIFORM = 1e-3


@dataclass(frozen=True, eq=False)
class Parts:
    """The update of one tensor at the first wrong step.

    Args:
        ours: per rank (n,).
        right: (n,) of the reference.
        own: per rank (n,), what the reference would have done with that rank's share alone.
        close: distance, relative to an update, that counts as none.
    """

    ours: tuple[Flat, ...]
    right: Flat
    own: tuple[Flat, ...]
    close: float

    @property
    def workers(self) -> int:
        """P."""
        return len(self.ours)

    def same(self, one: Flat, other: Flat) -> bool:
        """Whether two updates are the same but for noise.

        Args:
            one: (n,).
            other: (n,).

        Returns:
            The answer, relative to the longer.
        """
        longer = max(np.linalg.norm(one), np.linalg.norm(other))
        return bool(np.linalg.norm(one - other) <= self.close * longer)

    def times(self, one: Flat, other: Flat) -> float | None:
        """Factor between two updates of the same direction.

        Args:
            one: (n,).
            other: (n,).

        Returns:
            one / other, None where their directions differ or one is 0.
        """
        square = float(other @ other)
        factor = float(one @ other) / square if square > 0 else 0.0
        return factor if factor and self.same(one, factor * other) else None

    @property
    def alike(self) -> bool:
        """Whether all ranks made the same update."""
        return all(self.same(self.ours[0], other) for other in self.ours[1:])

    @property
    def additive(self) -> bool:
        """Whether the reference's update is the mean of those of the shares."""
        return self.same(np.mean(self.own, axis=0), self.right)

    @property
    def joint(self) -> Flat | None:
        """(P,) weights of the ranks' own updates in the one that all ranks made; None where there is no such thing."""
        found = [self.shares(rank) for rank in range(self.workers)] if self.alike and self.additive else []
        rows = [row for row in found if row is not None]
        return np.asarray(np.mean(rows, axis=0)) if rows and len(rows) == self.workers else None

    def odd_one(self, row: Flat) -> int:
        """The rank whose weight is not that of the others; of two, the one farther from 1/P.

        Args:
            row: (P,) weights.

        Returns:
            Its number.
        """
        middle = np.median(row) if self.workers > 2 else 1 / self.workers
        return int(np.argmax(np.abs(row - middle)))

    def shares(self, rank: int) -> Flat | None:
        """The update of a rank as a combination of the ranks' own updates.

        Args:
            rank: whose.

        Returns:
            (P,) factors, 1/P each where all is right; None where it is no such combination.
        """
        matrix = np.stack(self.own, axis=1)
        factors, *_ = np.linalg.lstsq(matrix, self.ours[rank], rcond=1e-6)
        fits = self.same(matrix @ factors, self.ours[rank]) and matrix.shape[0] > self.workers
        return factors if fits else None


def parts(seen: Observed, noise: Noise, tensor: int, step: int) -> Parts | None:
    """Take apart the update of a tensor.

    Args:
        seen: what was seen, own updates included.
        noise: of the reference.
        tensor: its number.
        step: the first wrong one.

    Returns:
        The parts; None where they were not seen or are not finite.
    """
    found = np.flatnonzero(seen.reference.kept == step)
    if not len(found) or found[0] == 0 or not seen.own:
        return None
    index = int(found[0])
    if seen.reference.kept[index - 1] != step - 1 or any(trace.kept[-2] != step - 1 for trace in seen.own):
        return None
    ours = [steps_at(seen, tensor, index, rank)[0] for rank in range(len(seen.ranks))]
    own = [flat[-1] - flat[-2] for flat in (seen.flat(trace, tensor) for trace in seen.own)]
    right = steps_at(seen, tensor, index, 0)[1]
    if not all(np.isfinite(array).all() for array in (*ours, *own, right)):
        return None
    moved = float(np.linalg.norm(right))
    noisy = float(noise.bound(tensor)[index]) / moved if moved else 0.0
    return Parts(tuple(ours), right, tuple(own), max(_EXACT, min(2 * noisy, 0.2)))


def hint(seen: Observed, noise: Noise, findings: Sequence[Finding]) -> str:
    """What the findings look like.

    Args:
        seen: what was seen.
        noise: of the reference.
        findings: of all detectors.

    Returns:
        A sentence or two; empty where nothing is refuted.
    """
    refuted = {finding.detector: finding for finding in findings if finding.word is Word.REFUTED}
    if not refuted:
        return ""
    told = [text for text in (_by_detector(refuted, seen), _by_update(refuted, seen, noise)) if text]
    if seen.by_composition:
        told = told[:1] if "D1" in refuted else [_COMPOSITION]
    return " ".join(told) or "no known signature: compare the first bad step by hand"


def culprit(seen: Observed, noise: Noise, first: First) -> int | None:
    """The rank whose contribution has another weight than the others', where all ranks alike are wrong.

    Args:
        seen: what was seen, own updates included.
        noise: of the reference.
        first: where it goes wrong.

    Returns:
        Its number; None where no single rank is to blame.
    """
    if first.tensor not in seen.names:
        return None
    made = parts(seen, noise, seen.names.index(first.tensor), first.step)
    row = made.joint if made is not None else None
    if made is None or row is None or np.ptp(row) < _UNIFORM * np.abs(row).max():
        return None
    return made.odd_one(row)


def _by_detector(refuted: dict[str, Finding], seen: Observed) -> str:
    if "D6" in refuted:
        return (
            "Initial weights are not the same on all ranks: broadcast rank 0's before the first step, and let no rank"
            " begin before it has them."
        )
    if "D4" in refuted:
        return f"The protocol of stale reads is broken: {refuted['D4'].reason}."
    if "D5" in refuted:
        finding = refuted["D5"]
        if "period" in finding.evidence:
            return (
                "The order is shuffled once for all: shuffle anew in every epoch (set_epoch, reshuffle_each_iteration)."
            )
        if finding.evidence["share"] > 0.95:
            return "Every rank has the same shard: rank and size are not used in sharding, or are read before init."
        return "Shards overlap: ranks shuffle with different seeds before they take their part; shuffle with one seed."
    if set(refuted) <= {"D8", "D9"} and "D8" in refuted:
        return (
            "Training is right, the reported loss is not: it is aggregated wrongly over ranks (summed, or of one rank)."
        )
    return ""


def _by_update(refuted: dict[str, Finding], seen: Observed, noise: Noise) -> str:
    finding = next((refuted[d] for d in ("D1", "D2", "D3") if d in refuted), None)
    if "D7" in refuted and finding is None:
        # A whole run bends, so its ratio is a power of P only roughly.
        workers, ratio = len(seen.ranks), float(refuted["D7"].evidence["ratio"])
        power = round(float(np.log(ratio) / np.log(workers))) if ratio > 0 else 0
        return _scaled(float(workers) ** power, workers) or _ODD_LENGTH
    if finding is None or finding.first is None or "D6" in refuted:
        return ""
    if "gradient" in finding.reason and finding.first.ratio is not None:
        return _scaled(finding.first.ratio, len(seen.ranks)) or "The gradients offered are not the mean over ranks."
    if finding.first.tensor not in seen.names:
        return ""
    tensor = seen.names.index(finding.first.tensor)
    made = parts(seen, noise, tensor, finding.first.step)
    if made is None:
        return _unfinite(seen, tensor, finding.first.step)
    all_tensors = len(finding.evidence.get("tensors", ())) == len(seen.names)
    return _signature(made, seen, finding, all_tensors)


def _signature(made: Parts, seen: Observed, finding: Finding, all_tensors: bool) -> str:
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
    if np.ptp(row) < _UNIFORM * abs(row).max():
        return _scaled(float(row.mean() / fair), made.workers, name, seen, all_tensors=all_tensors)
    odd = made.odd_one(row)
    if (np.abs(row - fair) > _UNIFORM * fair).all():
        return (
            f"The contribution of every rank to {name} is scaled by a factor of its own, {_written(row[None] / fair)}:"
            " it is clipped or normalised per rank before the reduce, or weighted by something else than its examples."
        )
    return (
        f"The contribution of rank {odd} to {name} is scaled by {row[odd] / fair:.4g};"
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
        return _scaled(factor, made.workers, name, seen, all_tensors=all_tensors) or _ODD_LENGTH
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


def _scaled(
    ratio: float, workers: int, name: str | None = None, seen: Observed | None = None, *, all_tensors: bool = True
) -> str:
    """Factors that are a power of P."""
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


def _unfinite(seen: Observed, tensor: int, step: int) -> str:
    if any(collective.dtype in {"float16", "bfloat16"} for collective in seen.ledger):
        return f"{seen.names[tensor]} is reduced in half precision, where it overflows: reduce in float32, or scale."
    return f"{seen.names[tensor]} is not finite after step {step}, and the reference is: an overflow in the reduce."


def _written(table: Flat) -> str:
    return "; ".join("(" + ", ".join(f"{factor:.3g}" for factor in row) + ")" for row in table)


_COMPOSITION = (
    "Alone, the result depends on which examples stand together in a batch, and draws no random numbers: sums are"
    " normalised per micro-batch instead of per example, so that examples in smaller micro-batches count more."
)
_ODD_LENGTH = "The direction is right and the length is not: a step size, or a norm taken on a part."
