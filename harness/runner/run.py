"""What a run is: the lines that launch its parts, and where these leave what they made."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness import registry
from harness.measure.launch import Hosts, Launcher, choose, launch_line
from harness.spec import Controller, Part, SeedBlock, Setting, StalePartition, Suite
from harness.store import PartFolder, Store
from harness.worker import Assignment


@dataclass(frozen=True)
class Options:
    """How to run, apart from what.

    Args:
        launcher: MPI, Gloo or whichever works.
        hosts: where ranks are placed.
        time_limit: seconds that one launch may take.
    """

    launcher: Launcher = Launcher.AUTO
    hosts: Hosts = field(default_factory=Hosts)
    time_limit: float = 600.0


@dataclass(frozen=True)
class Run:
    """A setting with a block of seeds, to be executed once.

    Args:
        suite: the suite.
        setting: point of the sweep.
        block: the seeds.
    """

    suite: Suite
    setting: Setting
    block: SeedBlock

    @property
    def name(self) -> str:
        """Setting and seeds."""
        return f"{self.setting.id} {self.block.id}"

    def ranks(self, part: Part) -> int:
        """Number of processes of a part.

        Args:
            part: which half.

        Returns:
            1 or P.
        """
        return self.setting.distribution.ranks if part is Part.DISTRIBUTED else 1

    def folder(self, store: Store, part: Part) -> PartFolder:
        """Where a part is left; the undistributed one is shared by all settings with the same training.

        Args:
            store: the results folder.
            part: which half.

        Returns:
            The folder.
        """
        what = self.setting.id if part is Part.DISTRIBUTED else self.setting.training.id
        name = f"{part}/{what}/{self.block.id}"
        return store.part(self.suite.name, registry.code_hash(self.suite.name), name, self.ranks(part))

    def launchers(self, options: Options) -> tuple[Launcher, ...]:
        """Launchers to try, in order: the one that the setting names, else what the user asked for.

        Args:
            options: how to launch.

        Returns:
            One or more.

        Raises:
            BadInputError: none is installed.
        """
        partition = self.setting.distribution
        named = partition.controller if isinstance(partition, StalePartition) else Controller.ANY
        return choose(options.launcher if named is Controller.ANY else Launcher(named))

    def assignment(
        self, store: Store, part: Part, time_limit: float, parent: int, watch_folder: bool = False
    ) -> Assignment:
        """What each process of a part is asked to do.

        Args:
            store: the results folder.
            part: which half.
            time_limit: seconds.
            parent: process that must stay alive, or 0.
            watch_folder: whether signs of life in the part's folder must go on.

        Returns:
            The assignment.
        """
        folder = self.folder(store, part)
        return Assignment(self.suite.name, self.setting, self.block, part, folder, time_limit, parent, watch_folder)

    def line(
        self, store: Store, part: Part, options: Options, launcher: Launcher, extra: Sequence[str] = ()
    ) -> list[str]:
        """Exact words that launch a part.

        Args:
            store: the results folder.
            part: which half.
            options: hosts and time limit.
            launcher: MPI or Gloo.
            extra: further options of the worker.

        Returns:
            The words.
        """
        words = [sys.executable, "-m", "harness", "worker", self.suite.name, self.setting.id]
        words += ["--seeds", f"{self.block.first}:{self.block.count}", "--part", str(part)]
        words += ["--results", str(store.root), "--time-limit", f"{options.time_limit:g}", *extra]
        if part is Part.UNDISTRIBUTED or self.setting.distribution.simulated:
            return words
        return list(launch_line(launcher, self.ranks(part), options.hosts, words))
