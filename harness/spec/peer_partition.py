"""The batch divided among workers by somebody else's code, to be timed beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.errors import BadInputError
from harness.spec.choices import Controller, Framework
from harness.spec.partition import SynchronousPartition
from harness.spec.requirements import require_plain, require_shares, require_workers
from harness.spec.training import Training


@dataclass(frozen=True)
class PeerPartition(SynchronousPartition):
    """Every worker takes its share of each batch, under a framework that is not ours, timed as it is: without faults.

    Args:
        workers: P.
        framework: whose.
        controller: what carries Horovod's messages, where the framework is Horovod.

    Raises:
        BadInputError: P < 1, or a controller is named for a framework that has none.
    """

    workers: int
    framework: Framework
    controller: Controller = Controller.ANY
    kind: Literal["peer"] = "peer"

    def __post_init__(self) -> None:
        require_workers(self.workers)
        if self.controller is not Controller.ANY and self.framework is not Framework.TAPE:
            raise BadInputError(
                f"{self.framework} has no controller {self.controller}", where="distribution", remedy="leave it out"
            )

    @property
    def _name(self) -> str:
        name = f"w{self.workers}-{self.framework}"
        return name if self.controller is Controller.ANY else f"{name}-{self.controller}"

    @property
    def _words(self) -> str:
        carried = "" if self.controller is Controller.ANY else f" ({self.controller})"
        return f"{self.framework.words}{carried}, P = {self.workers}"

    def require(self, training: Training) -> None:
        """Check that every worker gets a share of the batch, and that peers can train so.

        Args:
            training: what is to be divided.

        Raises:
            BadInputError: there are more workers than examples, or steps are other than plain.
        """
        require_shares(self.workers, training)
        require_plain(training)
