"""A visit: all processes are started once and play some rounds, everybody once per round in an order drawn anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

import numpy as np

from harness import registry
from harness.engine.timed.taken import Taken
from harness.measure import machine
from harness.measure.stage import Stage
from harness.record import Facts, Machine, Measurement, Record
from harness.rounds.teams import ALONE, calibrated_by, casts, cores_of, is_emulated, references, team_of, timed_clocks
from harness.runner.event import Event, Notify
from harness.runner.run import Options
from harness.schedule import ENTROPY
from harness.spec import SeedBlock, Setting, Suite
from harness.turns import Answer, Ask

_CALIBRATIONS = 3


@dataclass(frozen=True)
class Visit:
    """Some rounds of some settings, played on one stage.

    Args:
        suite: the suite.
        settings: who is timed.
        block: numbers of the rounds.
        options: how to launch.
        here: the machine.
    """

    suite: Suite
    settings: tuple[Setting, ...]
    block: SeedBlock
    options: Options
    here: Machine

    @property
    def name(self) -> str:
        """Suite and numbers of the rounds."""
        return f"{self.suite.name} rounds {self.block.first}–{self.block.first + self.block.count - 1}"

    def play(self, notify: Notify) -> Iterator[Record]:
        """Start everything, play the rounds, end everything.

        Args:
            notify: told of what goes on.

        Yields:
            A record for each setting.

        Raises:
            LaunchError: a rank died or took too long.
        """
        started, began = datetime.now(UTC), time.monotonic()
        module = registry.run_module(self.suite.name)
        bases = {setting: module.base(setting) for setting in self.settings}
        teams = casts(self.settings, list(bases.values()), self._cores, self.options)
        notify(Event(f"starting {sum(cast.workers for cast in teams)} processes in {len(teams)} teams"))
        with Stage(teams, self.options.hosts, self.options.time_limit) as stage:
            turns = _Turns(stage, self.options, getattr(module, "checkpoints", _nowhere))
            for reference in references(self.settings, self._cores):
                turns.keep_reference(reference)
            slept = {s: turns.calibrated(s) for s in self.settings if is_emulated(s, self._cores)}
            answers, alone = self._rounds(turns, list(dict.fromkeys(bases.values())), slept, notify)
            lines = dict(stage.lines)
        seconds = time.monotonic() - began
        for setting, base in bases.items():
            pause = slept.get(setting, 0.0)
            taken = Taken(setting, timed_clocks(setting), answers[setting], base, alone[base], pause, setting in slept)
            yield self._record(taken, module.measure(taken), lines, started, seconds)

    def _record(
        self, taken: Taken, measurement: Measurement, lines: Mapping[str, str], started: datetime, seconds: float
    ) -> Record:
        team, _, launcher = team_of(taken.setting, self.options)
        facts = Facts(
            suite=self.suite.name,
            setting=taken.setting,
            block=self.block,
            entropy=ENTROPY,
            code=registry.code_hash(self.suite.name),
            machine=self.here,
            versions=machine.versions(),
            launcher=str(launcher),
            commands=(lines[ALONE], lines[team]),
            started=started.isoformat(timespec="seconds"),
            wall_seconds={"visit": seconds},
            measured=measurement.measured,
        )
        return Record(facts, measurement.gaps)

    @property
    def _cores(self) -> int:
        return cores_of(self.options, self.here)

    def _rounds(
        self, turns: _Turns, bases: Sequence[Setting], slept: Mapping[Setting, float], notify: Notify
    ) -> tuple[dict[Setting, dict[int, list[Answer]]], dict[Setting, dict[int, Answer]]]:
        """Answers of every setting and of every base, by round."""
        answers: dict[Setting, dict[int, list[Answer]]] = {setting: {} for setting in self.settings}
        alone: dict[Setting, dict[int, Answer]] = {base: {} for base in bases}
        everyone = [*((setting, False) for setting in answers), *((base, True) for base in alone)]
        for number in self.block.replicates:
            notify(Event(f"round {number}"))
            for place in np.random.default_rng([ENTROPY, number]).permutation(len(everyone)):
                setting, is_base = everyone[place]
                if is_base:
                    alone[setting][number] = turns.alone(setting)
                else:
                    answers[setting][number] = turns.take(setting, slept.get(setting, 0.0))
        return answers, alone


@dataclass(frozen=True)
class _Turns:
    stage: Stage
    options: Options
    checkpoints: Callable[[Setting], tuple[int, ...]]

    def keep_reference(self, reference: Setting) -> None:
        """Leave the weights that all others are compared with."""
        self.stage.turn(ALONE, Ask(reference.id, timed_clocks(reference), keep=True))

    def alone(self, reference: Setting) -> Answer:
        return self.stage.turn(ALONE, self._ask(reference, 0.0))[0]

    def take(self, setting: Setting, slept: float) -> list[Answer]:
        team, _, _ = team_of(setting, self.options)
        return self.stage.turn(team, self._ask(setting, slept))

    def _ask(self, setting: Setting, slept: float) -> Ask:
        return Ask(setting.id, timed_clocks(setting), seconds=slept, checkpoints=self.checkpoints(setting))

    def calibrated(self, setting: Setting) -> float:
        """Seconds per clock that worker 0 computes where nobody else does; 0 where times are prescribed."""
        times = [
            self.stage.turn(ALONE, Ask(worker.id, timed_clocks(worker)))[0].seconds
            for worker in calibrated_by(setting)
            for _ in range(_CALIBRATIONS)
        ]
        return median(times) if times else 0.0


def _nowhere(setting: Setting) -> tuple[int, ...]:
    """Suites that do not say where ask for no loss."""
    del setting
    return ()
