"""What kind of mistake has this signature? First by which detectors refute, then by the wrong update itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.check.finding import Finding, First
from harness.check.noise import Noise
from harness.check.observed import Observed
from harness.check.parts import parts
from harness.check.signatures import ODD_LENGTH, scaled, signature
from harness.verdict import Word

_COMPOSITION = (
    "Alone, the result depends on which examples stand together in a batch, and draws no random numbers: sums are"
    " normalised per micro-batch instead of per example, so that examples in smaller micro-batches count more."
)


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
    if made is None or row is None or made.uniform(row):
        return None
    return made.odd_one(row)


def _by_detector(refuted: dict[str, Finding], seen: Observed) -> str:
    if "D6" in refuted and refuted["D6"].first is not None and refuted["D6"].first.step > 0:
        return (
            "Every rank draws the same random numbers (masks, noise, augmentation): the seed does not depend on the"
            " rank; or the ranks draw none where one process does."
        )
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
        if refuted["D7"].first is not None and refuted["D7"].first.step == 1:
            return scaled(ratio, workers) or ODD_LENGTH
        power = round(float(np.log(ratio) / np.log(workers))) if ratio > 0 else 0
        return scaled(float(workers) ** power, workers) or ODD_LENGTH
    if finding is None or finding.first is None or "D6" in refuted:
        return ""
    if "gradient" in finding.reason and finding.first.ratio is not None:
        return scaled(finding.first.ratio, len(seen.ranks)) or "The gradients offered are not the mean over ranks."
    if finding.first.tensor not in seen.names:
        return ""
    tensor = seen.names.index(finding.first.tensor)
    made = parts(seen, noise, tensor, finding.first.step)
    if made is None:
        return _unfinite(seen, tensor, finding.first.step)
    all_tensors = len(finding.evidence.get("tensors", ())) == len(seen.names)
    return signature(made, seen, finding, all_tensors)


def _unfinite(seen: Observed, tensor: int, step: int) -> str:
    if any(collective.dtype in {"float16", "bfloat16"} for collective in seen.ledger):
        return f"{seen.names[tensor]} is reduced in half precision, where it overflows: reduce in float32, or scale."
    return f"{seen.names[tensor]} is not finite after step {step}, and the reference is: an overflow in the reduce."
