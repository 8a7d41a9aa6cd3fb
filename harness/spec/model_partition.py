"""Every layer divided among workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.errors import BadInputError
from harness.spec.choices import Fault, Layout
from harness.spec.partition import SynchronousPartition
from harness.spec.requirements import OF_MODEL, require_fault, require_shares, require_workers
from harness.spec.training import Training

# Neurons are not added up forward, nor weights backward.
_UNHARMED = {Fault.BIAS_PER_WORKER: Layout.NEURON, Fault.NO_BACKWARD_SUM: Layout.WEIGHT}


@dataclass(frozen=True)
class ModelPartition(SynchronousPartition):
    """Every layer divided among workers, all of one group seeing the whole batch; D such groups share the batch.

    Args:
        workers: P = D × M.
        layout: how M workers divide the weights of a layer.
        groups: D.
        rows: of the grid that M workers form; 1 for all layouts but the grid.
        fault: what is broken on purpose.

    Raises:
        BadInputError: P is not D × M, or M not rows × columns, or the fault is not one of this partition.
    """

    workers: int
    layout: Layout
    groups: int = 1
    rows: int = 1
    fault: Fault = Fault.NONE
    kind: Literal["model"] = "model"

    def __post_init__(self) -> None:
        require_workers(self.workers)
        if self.groups < 1 or self.workers % self.groups:
            raise BadInputError(
                f"{self.workers} workers are not D = {self.groups} groups of the same size",
                where="groups",
                remedy="P must be D × M",
            )
        if self.rows < 1 or self.members % self.rows or (self.rows > 1 and self.layout is not Layout.GRID):
            raise BadInputError(
                f"{self.members} workers of a group do not form {self.rows} rows of a {self.layout} layout",
                where="rows",
                remedy="only a grid has rows, and rows × columns must be P / D",
            )
        possible = [fault for fault in OF_MODEL if self.layout is not _UNHARMED.get(fault)]
        require_fault(self.fault, possible, f"{self.layout} partition")

    @property
    def members(self) -> int:
        """M, workers that share one net."""
        return self.workers // self.groups

    @property
    def columns(self) -> int:
        """Of the grid that M workers form."""
        return self.members // self.rows

    @property
    def _name(self) -> str:
        name = f"w{self.workers}" + ("" if self.groups == 1 else f"-d{self.groups}") + f"-{self.layout}"
        return f"{name}{self.rows}x{self.columns}" if self.layout is Layout.GRID else name

    @property
    def _words(self) -> str:
        layout = f"grid {self.rows}×{self.columns}" if self.layout is Layout.GRID else str(self.layout)
        workers = f"{self.groups} × {self.members}" if self.groups > 1 else str(self.workers)
        return f"P = {workers}, {layout}"

    def require(self, training: Training) -> None:
        """Check that every worker gets a share of every layer.

        Args:
            training: what is to be divided.

        Raises:
            BadInputError: there are more workers than units, or more groups than examples.
        """
        require_shares(self.groups, training)
        divided = training.widths[1:] if self.layout is Layout.NEURON else training.widths
        parts = max(self.rows, self.columns)
        if parts > min(divided):
            raise BadInputError(
                f"{parts} workers cannot share a layer of {min(divided)} units",
                where="distribution",
                remedy="use fewer workers, more groups, a grid, or wider layers",
            )
