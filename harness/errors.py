"""Errors that a user can meet: one line that says what, where and the remedy, and an exit status.

DESIGN fixes the statuses: 0 supported, 1 refuted, 2 inconclusive, 3 bad input or environment,
4 a rank died or the time limit passed.
"""


class HarnessError(Exception):
    """Base of the errors that end a command with one line.

    Args:
        what: what is wrong.
        where: file, argument, suite, setting or rank that it concerns.
        remedy: what the user can do.
    """

    exit_status = 3
    frames: tuple[str, ...] = ()  # of the user's own code, to be shown below the line

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(": ".join(part for part in (where, what) if part) + (f"; {remedy}" if remedy else ""))


class BadInputError(HarnessError):
    """An argument, a file or the environment cannot be used."""


class UnknownNameError(BadInputError):
    """A name stands for nothing."""


class DamagedError(BadInputError):
    """A stored file does not hold what was written to it."""


class LaunchError(HarnessError):
    """A rank died, or the time limit passed; every process of the launch has been ended.

    Args:
        what: what happened.
        where: the rank and its log.
        remedy: what the user can do.
        started: whether any rank had begun to work before the failure.
    """

    exit_status = 4

    def __init__(self, what: str, *, where: str = "", remedy: str = "", started: bool = True) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.started = started
