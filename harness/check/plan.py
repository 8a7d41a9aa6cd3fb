"""What is run: a scenario (how many ranks, which examples in which step) and the passes through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.check.contract import Batch
from harness.errors import BadInputError

RANKS = "ranks"
ALONE = ("alone", "alone-threads")


@dataclass(frozen=True)
class Scenario:
    """A training of some ranks on some batches, every rank with examples of its own.

    The last batch of every epoch is shorter than the others, by an amount that few micro-batches divide.

    Args:
        name: what it is called in the result.
        workers: P.
        share: examples per rank and step.
        short: examples per rank in the last step of an epoch.
        period: steps per epoch.
        steps: number of steps.
        seed: handed to `init`; the order of the examples follows from it.
        scale: factor on features that are floating-point numbers: large gradients show what small ones hide.
    """

    name: str
    workers: int
    share: int
    short: int
    period: int
    steps: int
    seed: int
    scale: float = 1.0

    def ids(self, examples: int) -> list[NDArray[np.int64]]:
        """Which examples are used when.

        Args:
            examples: number of examples of the data set.

        Returns:
            Per step (workers, share): within an epoch no example is used twice.

        Raises:
            ValueError: the data set is too small for two batches.
        """
        full = (examples - self.short * self.workers) // (self.share * self.workers)
        if full < 1:
            need = self.workers * (self.share + self.short)
            raise ValueError(
                f"{examples} examples are too few: {need} are needed for two batches of {self.workers} ranks"
            )
        period, rows = min(full + 1, self.period), []
        for step in range(self.steps):
            epoch, within = divmod(step, period)
            order = np.random.default_rng([self.seed, epoch]).permutation(examples)
            size, first = self.short if within == period - 1 else self.share, within * self.share * self.workers
            rows.append(order[first : first + size * self.workers].reshape(self.workers, size))
        return rows


def scenarios(*, workers: int, batch: int, steps: int) -> tuple[Scenario, ...]:
    """The scenarios that a file goes through on some number of ranks.

    Args:
        workers: P.
        batch: examples per step, all ranks together.
        steps: number of steps of the longest.

    Returns:
        The batch as asked for; an odd smaller one, from another seed; and a few steps with large features.

    Raises:
        BadInputError: a step would leave a rank without an example.
    """
    share = batch // workers
    if share < 1:
        raise BadInputError(
            f"a batch of {batch} leaves some of {workers} ranks without an example", where="--batch", remedy="give more"
        )
    odd = max(1, share // 2 - 1 + share // 2 % 2)
    period, half = max(2, min(8, steps // 3)), max(2, steps // 2)
    return (
        Scenario("batch", workers, share, odd, period, steps, 0),
        Scenario("odd batch", workers, odd, max(1, odd - 2), max(2, min(8, half // 3)), half, 1),
        Scenario("large features", workers, share, odd, 3, min(4, steps), 2, 32.0),
    )


@dataclass(frozen=True)
class Pass:
    """One run through a scenario.

    Args:
        name: of its files.
        order: order of the examples within a batch: 0 as they are, 1 reversed, else shuffled from that number.
        copies: how often every example stands in a batch: what is a mean stays, but for its roundings.
        own: in the last step only this rank's share is used, where given.
        same: whether all ranks are given rank 0's share.
        steps: stop after so many steps; all where 0.
    """

    name: str
    order: int = 0
    copies: int = 1
    own: int | None = None
    steps: int = 0
    same: bool = False

    def arrange(self, batch: Batch, step: int) -> Batch:
        """Examples of a batch in the order of this pass.

        Args:
            batch: the whole batch.
            step: number of the step.

        Returns:
            The same examples.
        """
        if self.order == 0 and self.copies == 1:
            return batch
        order = np.tile(np.arange(len(batch)), self.copies)
        if self.order == 1:
            order = order[::-1]
        elif self.order > 1:
            order = np.random.default_rng([self.order, step]).permutation(order)
        return Batch(batch.features[order], batch.labels[order], batch.ids[order])


REFERENCE = Pass("reference")
TOGETHER = Pass("together")
# The reference against itself: other orders of summation, and in the second process another number of threads.
REPEATS = {ALONE[0]: (Pass("reversed", order=1),), ALONE[1]: (Pass("threads"), Pass("shuffled", order=2))}


@dataclass(frozen=True)
class Job:
    """What the processes of a session are asked to do once.

    Args:
        file: the file under check.
        entry: name of the function that makes the training.
        scenario: the training.
        passes: per group of processes the passes that it makes.
        batches_from: job whose ranks' batches are used again, where not this one's.
        optional: whether a file that fails here is not blamed for it.
    """

    file: str
    entry: str
    scenario: Scenario
    passes: dict[str, tuple[Pass, ...]]
    batches_from: str = ""
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        """Nested JSON-able form.

        Returns:
            The fields.
        """
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Job:
        """Read the form that `to_json` makes.

        Args:
            value: the fields.

        Returns:
            The job.
        """
        passes = {group: tuple(Pass(**made) for made in found) for group, found in value["passes"].items()}
        return cls(**(value | {"scenario": Scenario(**value["scenario"]), "passes": passes}))


def first_job(file: str, entry: str, scenario: Scenario) -> Job:
    """Ranks together, the reference alone, and the reference against itself.

    Args:
        file: the file under check.
        entry: name of the function that makes the training.
        scenario: the training.

    Returns:
        The job.
    """
    passes = {RANKS: (TOGETHER,), ALONE[0]: (REFERENCE, *REPEATS[ALONE[0]]), ALONE[1]: REPEATS[ALONE[1]]}
    return Job(file, entry, scenario, passes)


def attribution_job(job: Job, scenario: Scenario, step: int, origin: str) -> Job:
    """What every rank alone would have made of the step that went wrong first.

    Args:
        job: the job that it follows.
        scenario: its training.
        step: number of the step, from 1.
        origin: name of that job.

    Returns:
        The job, for the first undistributed process.
    """
    own = tuple(Pass(f"own-{rank}", own=rank, steps=step) for rank in range(scenario.workers))
    return Job(job.file, job.entry, scenario, {ALONE[0]: own}, batches_from=origin)


SAME = Pass("same", steps=1, same=True)


def same_job(job: Job) -> Job:
    """The first step on ranks that are all given the same examples: what differs then is drawn at random.

    Args:
        job: the job that it follows.

    Returns:
        The job, for the ranks.
    """
    return Job(job.file, job.entry, job.scenario, {RANKS: (SAME,)})


PAIR = (Pass("pair"), Pass("pair-reversed", order=1))


def pair_job(job: Job) -> Job:
    """The training alone on batches so small that nothing in them can be divided up: only chance tells orders apart.

    Args:
        job: the job that it follows.

    Returns:
        The job, for the first undistributed process.
    """
    small = replace(job.scenario, workers=2, share=1, short=1, steps=2)
    return Job(job.file, job.entry, small, {ALONE[0]: PAIR}, optional=True)


# Three, since a share divided by another power of two is rounded alike.
THRICE = Pass("thrice", copies=3)


def thrice_job(job: Job, origin: str) -> Job:
    """The training alone on batches that hold every example three times: another size rounds otherwise.

    Reordered examples are each computed as before, and two of them add up to the same in either order; ranks hold
    fewer, and divide by another number before they add up. Where little is left of a sum (σ(z) − y of an example
    learned by heart, a bias in front of a normalisation), that rounding is much of it.

    Args:
        job: the job that it follows.
        origin: name of that job.

    Returns:
        The job, for the second undistributed process; not every training takes batches of any size.
    """
    return Job(job.file, job.entry, job.scenario, {ALONE[1]: (THRICE,)}, origin, optional=True)


def repeats_job(job: Job, count: int, origin: str) -> Job:
    """More runs of the reference against itself, for trainings that draw random numbers.

    Args:
        job: the job that it follows.
        count: number of further runs.
        origin: name of that job.

    Returns:
        The job, shared between the undistributed processes.
    """
    made: Sequence[Pass] = [Pass(f"shuffled-{number}", order=3 + number) for number in range(count)]
    return Job(job.file, job.entry, job.scenario, {ALONE[0]: tuple(made[::2]), ALONE[1]: tuple(made[1::2])}, origin)
