"""Checking a file: scenarios through a session, and a second look where the first finds something."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from harness.check import observed
from harness.check.judge import Judged, Result, judge
from harness.check.noise import same_path
from harness.check.plan import (
    ALONE,
    PAIR,
    SAME,
    THRICE,
    Job,
    Scenario,
    attribution_job,
    first_job,
    pair_job,
    repeats_job,
    same_job,
    scenarios,
    thrice_job,
)
from harness.check.trace import Trace
from harness.errors import BadInputError
from harness.measure.launch import Launcher
from harness.session import Session

_MORE_REPEATS = 8
_OTHER_SEED = 100


@dataclass(frozen=True)
class Request:
    """What is to be checked.

    Args:
        file: defines `dataset` and `training` or `model`.
        workers: numbers of ranks; some mistakes hide at two.
        steps: number of steps.
        batch: examples per step, all ranks together.
        entry: function that makes the training, where it is another one.
        launcher: what starts the ranks.
        time_limit: seconds per number of ranks, their start included where they are started for this file.
    """

    file: Path
    workers: tuple[int, ...] = (2, 3)
    steps: int = 50
    batch: int = 32
    entry: str = ""
    launcher: Launcher = Launcher.AUTO
    time_limit: float = 300.0

    def __post_init__(self) -> None:
        if not self.file.is_file():
            raise BadInputError("there is no such file", where=str(self.file), remedy="give a Python file")
        if self.steps < 2:
            raise BadInputError(f"{self.steps} steps show no path", where="--steps", remedy="give at least 2")


def check(request: Request, notify: Callable[[str], None]) -> Result:
    """Check a file.

    Args:
        request: what and how.
        notify: told of every step.

    Returns:
        The word, where it goes wrong first, and what that looks like.

    Raises:
        BadInputError: the file or a number cannot be used.
        ProgramFailedError: the file failed.
    """
    judged: list[Judged] = []
    seconds = {"until the first step": 0.0, "from there to the end": 0.0, "of that in steps of rank 0": 0.0}
    for workers in request.workers:
        began = time.time()
        with Session(workers, launcher=request.launcher, time_limit=request.time_limit) as session:
            notify(f"{request.file.name}: {workers} ranks, and once alone")
            found = check_in(session, request)
        times = [made.seen.ranks[0].times for made in found]
        seconds["until the first step"] += float(times[0][0, 0]) - began
        seconds["from there to the end"] += time.time() - float(times[0][0, 0])
        seconds["of that in steps of rank 0"] += float(sum(np.diff(of_steps).sum() for of_steps in times))
        judged += found
    return Result(request.file.name, tuple(judged), seconds)


def check_in(session: Session, request: Request) -> list[Judged]:
    """Check a file in a session that has been started.

    Args:
        session: its number of ranks is used, not the request's.
        request: the file, steps and batch.

    Returns:
        What the detectors say, per scenario.

    Raises:
        BadInputError: the file or a number cannot be used.
        ProgramFailedError: the file failed.
    """
    session.allow(request.time_limit)
    planned = scenarios(workers=session.workers, batch=request.batch, steps=request.steps)
    jobs = [first_job(str(request.file.resolve()), request.entry, scenario) for scenario in planned]
    # All are asked for at once: while one scenario is judged the next is running.
    asked = [(session.submit(job), job) for job in jobs]
    found = [_judged(session, name, job) for name, job in asked]
    return _confirmed(session, [(name, job, made) for (name, job), made in zip(asked, found, strict=True)])


def _judged(session: Session, name: str, job: Job) -> Judged:
    session.wait(name, job)
    made = judge(observed.read(session.folder, name, job))
    if made.noise.random and _by_composition(session, job, made):
        return judge(made.seen.same_order_only())
    if made.noise.random:
        more = repeats_job(job, _MORE_REPEATS, name)
        further = session.submit(more)
        session.wait(further, more)
        passes = [found for group in ALONE for found in more.passes[group]]
        repeated = made.seen.with_repeats(observed.read_passes(session.folder, further, passes))
        made = judge(repeated.with_same(_with_same_shares(session, job, made)))
    if made.fragile:
        made = judge(made.seen.with_repeats(_at_another_size(session, name, job, made)))
    if made.seen.staleness != 0:
        made = judge(made.seen.with_own(_own_updates(session, job, 1, name)))
    return made


def _at_another_size(session: Session, origin: str, job: Job, made: Judged) -> list[Trace]:
    """The reference on three copies of every example, where that makes no other training of it."""
    asked = thrice_job(job, origin)
    name = session.submit(asked)
    session.wait(name, asked)
    if not session.folder.file(name, THRICE.name, 0).exists():
        return []
    (found,) = observed.read_passes(session.folder, name, [THRICE])
    return [found] if same_path(made.seen.reference, found) else []


def _with_same_shares(session: Session, job: Job, made: Judged) -> list[Trace]:
    """The first step on the same examples everywhere, where the harness deals them out."""
    if made.seen.shards:
        return []
    asked = same_job(job)
    name = session.submit(asked)
    session.wait(name, asked)
    return observed.read_ranks(session.folder, name, SAME, session.workers)


def _by_composition(session: Session, job: Job, made: Judged) -> bool:
    """Whether a reference that depends on the order of examples does not do so in a batch of two: no random numbers."""
    if made.seen.shards:
        return False
    asked = pair_job(job)
    name = session.submit(asked)
    session.wait(name, asked)
    if not all(session.folder.file(name, passed.name, 0).exists() for passed in PAIR):
        return False
    one, other = observed.read_passes(session.folder, name, PAIR)
    return same_path(one, other)


def _confirmed(session: Session, found: list[tuple[str, Job, Judged]]) -> list[Judged]:
    refuted = [made for _, _, made in found if made.refuted]
    culprit = refuted[0] if refuted else None
    final = []
    for name, job, made in found:
        if made.doubtful and len(refuted) == 1 and not _again(session, job).refuted:
            final.append(made.in_doubt())
        else:
            final.append(_explained(session, name, job, made) if made is culprit else made)
    return final


def _again(session: Session, job: Job) -> Judged:
    other: Scenario = replace(job.scenario, seed=job.scenario.seed + _OTHER_SEED)
    repeated = first_job(job.file, job.entry, other)
    return _judged(session, session.submit(repeated), repeated)


def _explained(session: Session, name: str, job: Job, made: Judged) -> Judged:
    """Take the first wrong update apart into what each rank alone would have done."""
    step = made.wrong_step
    if step is None:
        return made
    return replace(made, seen=made.seen.with_own(_own_updates(session, job, step, name)))


def _own_updates(session: Session, job: Job, step: int, origin: str) -> list[Trace]:
    asked = attribution_job(job, job.scenario, step, origin)
    name = session.submit(asked)
    session.wait(name, asked)
    return observed.read_passes(session.folder, name, asked.passes[ALONE[0]])
