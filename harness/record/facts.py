"""What is known of a run apart from its gaps."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from harness.spec import SeedBlock, Setting

SCHEMA_VERSION = 2


class Machine(BaseModel):
    """The machine that a run was made on; results of two machines are never pooled.

    Attributes:
        node: network name.
        processor: model name.
        cores: usable logical cores.
        memory_bytes: main memory.
        system: operating system and release.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: str
    processor: str
    cores: int
    memory_bytes: int
    system: str

    @property
    def id(self) -> str:
        """One line that names the machine."""
        return f"{self.node} ({self.processor}, {self.cores} cores, {self.memory_bytes / 2**30:.0f} GiB)"


class Facts(BaseModel):
    """Everything about a run apart from its gaps.

    Attributes:
        suite: name of the suite.
        setting: the point of the sweep.
        block: the seeds.
        entropy: entropy of the `numpy.random.SeedSequence` that all streams are spawned from.
        code: hash of the code that the result depends on.
        machine: where it ran.
        versions: versions of Python and of the packages that matter.
        launcher: `mpi` or `gloo`, or `by hand` where the user launched the ranks.
        commands: the exact launch lines.
        started: ISO 8601 time, UTC.
        wall_seconds: wall time per part, start-up included; provenance, not a benchmark.
        measured: scalar facts that the suite's `measure` returned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    schema_version: int = SCHEMA_VERSION
    suite: str
    setting: Setting
    block: SeedBlock
    entropy: int
    code: str
    machine: Machine
    versions: dict[str, str]
    launcher: str
    commands: tuple[str, ...]
    started: str
    wall_seconds: dict[str, float]
    measured: dict[str, float]
