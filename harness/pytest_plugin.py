"""For tests of one's own: ranks that stay for a whole test run, two assertions, and hypothesis strategies.

Installed with the harness, pytest finds it by itself. `harness_ranks.check("train.py", workers=2)` gives a result;
`assert_in_step(result)` says in one message where it goes wrong first and what that looks like.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError

if TYPE_CHECKING:
    import numpy as np
    from hypothesis.strategies import SearchStrategy
    from numpy.typing import ArrayLike, NDArray

    from harness.check.judge import Result
    from harness.session import Session
    from harness.stats.convergence import Judgement


class Ranks:
    """Sessions by number of ranks, each started when it is first needed.

    Args:
        told: is given every result and the file that was checked.
    """

    def __init__(self, told: Callable[[Result, Path], None] = lambda result, file: None) -> None:
        self._told = told
        self._open: dict[int, ExitStack] = {}
        self._sessions: dict[int, Session] = {}

    def check(
        self,
        file: str | Path,
        *,
        workers: int = 2,
        steps: int = 20,
        batch: int = 32,
        entry: str = "",
        time_limit: float = 300.0,
    ) -> Result:
        """Check a file on ranks that have been started before, if they have.

        Args:
            file: defines `dataset` and `training` or `model`.
            workers: P.
            steps: of the longest scenario.
            batch: examples per step, all ranks together.
            entry: function that makes the training, where it is another one.
            time_limit: seconds, with the start of the ranks where they are not there yet.

        Returns:
            The result; give it to `assert_in_step`.

        Raises:
            HarnessError: the file cannot be used; or a rank died or hung, and the next check starts fresh ranks.
        """
        from harness.check.judge import Result
        from harness.checking import Request, check_in

        request = Request(Path(file), (workers,), steps, batch, entry, time_limit=time_limit)
        session = self.session(workers)
        try:
            judged = check_in(session, request)
        except BaseException as error:
            if not (isinstance(error, HarnessError) and session.settled()):
                self._close(workers)
            raise
        result = Result(request.file.name, tuple(judged), {})
        self._told(result, request.file)
        return result

    def session(self, workers: int) -> Session:
        """The ranks themselves, started where they are not there yet.

        Args:
            workers: P.

        Returns:
            The session.
        """
        from harness.session import Session

        if workers not in self._sessions:
            self._open[workers] = ExitStack()
            # A test run as a whole has no limit; every check in it has one.
            self._sessions[workers] = self._open[workers].enter_context(Session(workers, time_limit=86_400))
        return self._sessions[workers]

    def _close(self, workers: int) -> None:
        self._sessions.pop(workers, None)
        if workers in self._open:
            self._open.pop(workers).close()

    def close(self) -> None:
        """End all ranks."""
        for workers in list(self._open):
            self._close(workers)


_MADE = pytest.StashKey[list[tuple["Result", Path]]]()
_TOLD = pytest.StashKey[list[tuple[str, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--lockstep-github`.

    Args:
        parser: pytest's.
    """
    parser.addoption(
        "--lockstep-github",
        action="store_true",
        default=os.environ.get("GITHUB_ACTIONS") == "true",
        help="annotate a GitHub run with the checks of `harness_ranks`; on by itself under GITHUB_ACTIONS",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what a test has checked into words: an error where the test failed, else a notice.

    Args:
        item: the test.

    Yields:
        Nothing.

    Returns:
        The report, as it is.
    """
    report = yield
    made = item.config.stash.get(_MADE, [])
    if report.when == "call" and item.config.getoption("--lockstep-github"):
        from harness.report.check_page import to_markdown
        from harness.report.github import annotation

        told = item.config.stash.setdefault(_TOLD, [])
        for result, file in made:
            told.append((annotation(result, file, expected=report.passed), to_markdown(result)))
    made.clear()
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the annotations, where GitHub reads them, and add to the run's summary.

    Args:
        terminalreporter: pytest's.
    """
    from harness.report.github import add_to_summary

    for line, summary in terminalreporter.config.stash.get(_TOLD, []):
        terminalreporter.ensure_newline()
        terminalreporter.write_line(line)
        add_to_summary(summary)


@pytest.fixture(scope="session")
def harness_ranks(pytestconfig: pytest.Config) -> Iterator[Ranks]:
    """Ranks under Horovod, started once per test run and number of ranks.

    Args:
        pytestconfig: where results are kept until it is known whether the test expected them.

    Yields:
        What `check` is called on.
    """
    made = pytestconfig.stash.setdefault(_MADE, [])
    ranks = Ranks(lambda result, file: made.append((result, file)))
    yield ranks
    ranks.close()


def assert_in_step(result: Result, *, allow: Sequence[str] = ()) -> None:
    """Fail where a training is not shown to be in step with itself alone.

    Args:
        result: of a check.
        allow: detectors that may be inconclusive, for example those of weights where random numbers are drawn.

    Raises:
        AssertionError: with the first wrong step, rank and tensor, and the hint.
    """
    __tracebackhide__ = True
    found = {name: word for name, (word, _, counts) in result.detectors.items() if counts and word != "supported"}
    if all(word == "inconclusive" and name in allow for name, word in found.items()):
        return
    first = result.first
    place = f"\nfirst: step {first.step}, rank {first.rank}, {first.tensor} ({first.detector})" if first else ""
    hint = f"\nlooks like: {result.hint}" if result.hint else ""
    raise AssertionError(f"{result.file} is {result.word}: {result.reason}{place}{hint}")


def assert_converges_in_probability(
    gaps: ArrayLike, clocks: ArrayLike, *, epsilon: float, delta: float, alpha: float = 0.05
) -> Judgement:
    """Fail where gaps are not shown to converge: tail, decay and floor, as `harness.stats.convergence` judges.

    Args:
        gaps: (replicates, checkpoints).
        clocks: (checkpoints,) increasing.
        epsilon: the gap that counts.
        delta: the share of replicates that may exceed it.
        alpha: error probability.

    Returns:
        The judgement, where it is supported.

    Raises:
        AssertionError: it is refuted or inconclusive.
    """
    from harness.stats.convergence import judge

    __tracebackhide__ = True
    found = judge(gaps, clocks, epsilon=epsilon, delta=delta, alpha=alpha)
    if found.verdict != "supported":
        raise AssertionError(f"convergence is {found.verdict}: {found.reason}")
    return found


@dataclass(frozen=True)
class Topology:
    """Ranks as a grid.

    Args:
        data: D, groups that see different examples.
        model: M, ranks that divide a model.
    """

    data: int
    model: int

    @property
    def workers(self) -> int:
        """P = D × M."""
        return self.data * self.model


def topologies(most: int = 4) -> SearchStrategy[Topology]:
    """Grids of 2 to `most` ranks.

    Args:
        most: largest P.

    Returns:
        A strategy; it shrinks to two ranks that divide the data.
    """
    from hypothesis import strategies

    grids = [Topology(p // m, m) for p in range(2, most + 1) for m in range(1, p + 1) if p % m == 0]
    return strategies.sampled_from(grids)


def schedules(workers: int, clocks: int, staleness: int) -> SearchStrategy[NDArray[np.int64]]:
    """Legal schedules of stale reads.

    Args:
        workers: P.
        clocks: C.
        staleness: s.

    Returns:
        A strategy for (C, P, P) arrays: how many clocks of writer q the reader p holds at clock c. Own writes are
        read, no view is older than s, and none forgets; it shrinks to fresh views.
    """
    import numpy as np
    from hypothesis import strategies
    from hypothesis.extra.numpy import arrays

    def views(lags: NDArray[np.int64]) -> NDArray[np.int64]:
        clock = np.arange(clocks)[:, None, None]
        held = np.maximum.accumulate(np.maximum(clock - lags, 0), axis=0)
        own = np.arange(workers)
        held[:, own, own] = np.arange(clocks)[:, None]
        return held

    return arrays(np.int64, (clocks, workers, workers), elements=strategies.integers(0, staleness)).map(views)


def data_shards(examples: int, workers: int) -> SearchStrategy[list[NDArray[np.int64]]]:
    """Ways to deal out examples: every example to one rank, every rank at least one.

    Args:
        examples: how many there are.
        workers: P.

    Returns:
        A strategy for P arrays of ids; it shrinks to consecutive ids, most of them on the last rank.
    """
    import numpy as np
    from hypothesis import strategies

    cuts = strategies.lists(
        strategies.integers(1, examples - 1), min_size=workers - 1, max_size=workers - 1, unique=True
    ).map(sorted)
    orders = strategies.permutations(range(examples))
    return strategies.tuples(orders, cuts).map(lambda pair: np.split(np.array(pair[0]), pair[1]))
