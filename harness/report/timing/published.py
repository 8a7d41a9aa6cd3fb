"""Speed-ups that others have published, to be drawn beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One series of a paper.

    Args:
        name: whose, and on what.
        source: key of `references.bib`.
        weak: whether the batch grew with the number of workers.
        speedups: by number of workers, over one of them.
    """

    name: str
    source: str
    weak: bool
    speedups: Mapping[int, float]

    @property
    def label(self) -> str:
        """Name, the last point, and source."""
        workers, speedup = max(self.speedups.items())
        return f"{self.name}: {speedup:.3g}× on {workers} ({speedup / workers:.0%}) [{self.source}]"


PUBLISHED = (
    Published("Megatron-LM, GPUs", "shoeybi2019", True, {1: 1, 2: 2 * 0.96, 4: 4 * 0.82, 8: 8 * 0.77}),
    Published("Megatron-LM, GPUs", "shoeybi2019", False, {1: 1, 2: 1.64, 4: 2.34, 8: 2.98}),
    Published("Poseidon, machines", "zhang2017", True, {16: 15.5}),
    Published("Horovod, Inception-V3 and ResNet-101, GPUs", "sergeev2018", True, {512: 512 * 0.90}),
    Published("Horovod, VGG-16, GPUs", "sergeev2018", True, {512: 512 * 0.68}),
    Published("Kumar et al., SSP, machines, about", "kumar2015", False, {6: 6}),
)
