"""`python -m harness.engine.timed FOLDER TEAM KIND PARENT MARK`: one process of a team that waits for its turns."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import psutil

from harness.engine.pinning import pin
from harness.engine.timed.contender import Contender, Team, take_turn
from harness.spec import Setting
from harness.turns import Answer, Ask, TurnFolder

_POLL_SECONDS = 0.005
_RANK = ("HOROVOD_RANK", "OMPI_COMM_WORLD_RANK")
# Where a kind of team is made: a module of this package, and what in it joins the launch.
TEAMS = {
    "alone": ("own", "Alone"),
    "horovod": ("own", "Team"),
    "ddp": ("ddp", "Team"),
    "mirrored": ("mirrored", "Team"),
}


def main(words: Sequence[str]) -> None:
    """Join the team, output into a log of its own, and take turns until nobody is asked any more.

    Args:
        words: folder, name of the team, one of `TEAMS`, process to outlive by no means, and a mark.
    """
    folder, name, kind, parent = TurnFolder(Path(words[0])), words[1], words[2], int(words[3])
    given = int(next((os.environ[v] for v in _RANK if v in os.environ), "0"))
    log = os.open(folder.log(name, given), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    pin()
    settings = folder.settings(name)
    team = _joined(kind, settings, folder.meeting(name))
    Member(folder, name, team, settings).serve(psutil.Process(parent) if parent else None)


def _joined(kind: str, settings: Sequence[Setting], meeting: Path) -> Team:
    module, maker = TEAMS[kind]
    team: Team = getattr(import_module(f"harness.engine.timed.{module}"), maker)(settings, meeting)
    return team


class Member:
    """One process that takes turns.

    Args:
        folder: where it is asked.
        name: of its team.
        team: this process among the others.
        settings: all that it will be asked to train.
    """

    def __init__(self, folder: TurnFolder, name: str, team: Team, settings: Sequence[Setting]) -> None:
        self._folder, self._name, self._team = folder, name, team
        self._settings = {setting.id: setting for setting in settings}
        self._contenders: dict[tuple[str, float], Contender] = {}

    def serve(self, parent: psutil.Process | None) -> None:
        """Take turns until nobody is asked any more, or whoever asked is gone.

        Args:
            parent: who asks; None where it runs on another machine.
        """
        self._folder.be_ready(self._name, self._team.rank, os.getpid())
        number = 0
        while parent is None or parent.is_running():
            ask = self._folder.asked(self._name, number)
            if isinstance(ask, Ask):
                self._folder.answer(self._name, number, self._team.rank, self._answer(ask))
                number += 1
            elif ask:
                return
            time.sleep(_POLL_SECONDS)

    def _answer(self, ask: Ask) -> Answer | str:
        try:
            return self._turn(ask)
        except Exception as error:
            traceback.print_exc()
            return f"{type(error).__name__}: {error}".splitlines()[0]

    def _turn(self, ask: Ask) -> Answer:
        training = self._settings[ask.setting].training
        key = (ask.setting, ask.seconds)
        if key not in self._contenders:
            self._contenders[key] = self._team.contender(self._settings[ask.setting], ask.seconds)
        contender = self._contenders[key]
        path = self._folder.reference(training.id)
        reference = None if ask.keep or not path.exists() else list(np.load(path).values())
        answer = take_turn(contender, self._team, ask, training, reference)
        if ask.keep:
            temporary = path.with_suffix(".part.npz")
            np.savez(temporary, *contender.weights())
            temporary.replace(path)
        return answer


if __name__ == "__main__":
    main(sys.argv[1:])
