"""All that was seen of one scenario, and its arrays as the detectors look at them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.check.folder import Folder
from harness.check.plan import ALONE, REFERENCE, REPEATS, TOGETHER, Job, Pass, Scenario
from harness.check.trace import Trace
from harness.errors import BadInputError

Flat = NDArray[np.float64]
_COLLECTIVES = ("ALLREDUCE", "ALLGATHER", "BROADCAST", "ALLTOALL", "REDUCESCATTER", "ADASUM")
_ITEM_BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "int32": 4, "float64": 8, "int64": 8}


@dataclass(frozen=True)
class Collective:
    """A collective that ran.

    Args:
        name: of the tensor, as Horovod knows it.
        kind: allreduce, allgather, broadcast, …
        step: during which it ran; 0 before the first.
        dtype: of its elements; empty where Horovod does not say.
        bytes: of its result; 0 where Horovod does not say.
    """

    name: str
    kind: str
    step: int
    dtype: str
    bytes: int


@dataclass(frozen=True, eq=False)
class Shard:
    """Examples that a rank drew from a sharding of the file's own.

    Args:
        ids: all of them, in order.
        sizes: examples per batch.
        examples: number of examples of the data set.
    """

    ids: NDArray[np.int64]
    sizes: NDArray[np.int64]
    examples: int


@dataclass(frozen=True, eq=False)
class Observed:
    """What was seen of a scenario.

    Args:
        scenario: what was run.
        ranks: one trace per rank.
        reference: trace of the training alone.
        repeats: the reference against itself.
        ledger: collectives in the order in which they ended.
        shards: per rank, where the file shards its own data.
        own: per rank what the first wrong step would have been with its share alone.
        same: per rank the first step with rank 0's share, where random numbers are drawn.
        by_composition: whether the reference depends on which examples stand together, without random numbers.
    """

    scenario: Scenario
    ranks: tuple[Trace, ...]
    reference: Trace
    repeats: tuple[Trace, ...]
    ledger: tuple[Collective, ...] = ()
    shards: tuple[Shard, ...] = ()
    own: tuple[Trace, ...] = ()
    same: tuple[Trace, ...] = ()
    by_composition: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Tensors, input side first."""
        return self.reference.names

    @property
    def staleness(self) -> float | None:
        """The bound that a history declares; 0 without a history, None for no bound."""
        for event in self.ranks[0].history:
            if event.get("kind") == "header":
                return event.get("staleness")
        return 0

    def flat(self, trace: Trace, tensor: int) -> Flat:
        """Weights of a tensor.

        Args:
            trace: whose.
            tensor: its number.

        Returns:
            (kept, elements).
        """
        array = trace.weights[tensor]
        return array.reshape(len(array), -1).astype(np.float64)

    def with_own(self, own: Sequence[Trace]) -> Observed:
        """The same with the ranks' own updates.

        Args:
            own: per rank.

        Returns:
            A copy.
        """
        return replace(self, own=tuple(own))

    def with_same(self, same: Sequence[Trace]) -> Observed:
        """The same with a first step in which all ranks had the same examples.

        Args:
            same: per rank.

        Returns:
            A copy.
        """
        return replace(self, same=tuple(same))

    def same_order_only(self) -> Observed:
        """The same without the repetitions in another order, where the order is what makes the difference.

        Returns:
            A copy.
        """
        return replace(self, repeats=self.repeats[1:2], by_composition=True)

    def with_repeats(self, more: Sequence[Trace]) -> Observed:
        """The same with more repetitions of the reference.

        Args:
            more: their traces.

        Returns:
            A copy.
        """
        return replace(self, repeats=(*self.repeats, *more))


def read(folder: Folder, name: str, job: Job) -> Observed:
    """Read what a job left.

    Args:
        folder: of the session.
        name: of the job.
        job: what was asked for.

    Returns:
        What was seen.

    Raises:
        BadInputError: the processes do not hold the same tensors.
    """
    ranks = tuple(read_ranks(folder, name, TOGETHER, job.scenario.workers))
    reference = Trace.load(folder.file(name, REFERENCE.name, 0))
    for rank, trace in enumerate(ranks):
        _require_same_form(reference, trace, rank, Path(job.file).name)
    return Observed(
        scenario=job.scenario,
        ranks=ranks,
        reference=reference,
        repeats=tuple(read_passes(folder, name, [made for group in ALONE for made in REPEATS[group]])),
        ledger=_ledger(folder.file(name, "timeline", 0, "json"), ranks[0].times),
        shards=_shards(folder, name, job.scenario.workers),
    )


def read_ranks(folder: Folder, name: str, made: Pass, workers: int) -> list[Trace]:
    """Traces of the ranks.

    Args:
        folder: of the session.
        name: of the job.
        made: the pass.
        workers: P.

    Returns:
        One per rank.
    """
    return [Trace.load(folder.file(name, made.name, rank)) for rank in range(workers)]


def read_passes(folder: Folder, name: str, passes: Sequence[Pass]) -> list[Trace]:
    """Traces of undistributed passes.

    Args:
        folder: of the session.
        name: of the job.
        passes: which.

    Returns:
        One per pass.
    """
    return [Trace.load(folder.file(name, made.name, 0)) for made in passes]


def _require_same_form(reference: Trace, trace: Trace, rank: int, file: str) -> None:
    ours, theirs = _shapes(reference), _shapes(trace)
    if ours == theirs:
        return
    other = next(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
    raise BadInputError(
        f"weights()[{other!r}]: shape {theirs.get(other, 'none')} on rank {rank}, {ours.get(other, 'none')} alone",
        where=file,
        remedy="return the full weights on every rank, under the same names",
    )


def _shapes(trace: Trace) -> dict[str, tuple[int, ...]]:
    return {name: array.shape[1:] for name, array in zip(trace.names, trace.weights, strict=True)}


def _shards(folder: Folder, name: str, workers: int) -> tuple[Shard, ...]:
    paths = [folder.file(name, "ids", rank) for rank in range(workers)]
    if not all(path.exists() for path in paths):
        return ()
    found = []
    for path in paths:
        with np.load(path, allow_pickle=False) as stored:
            found.append(Shard(stored["ids"], stored["sizes"], int(stored["examples"])))
    return tuple(found)


def _ledger(path: Path, times: NDArray[np.float64]) -> tuple[Collective, ...]:
    """Horovod's timeline: names are announced once, then every collective begins and ends under its number."""
    start, names, open_, found = 0.0, {}, dict[int, list[str]](), list[Collective]()
    for event in _events(path):
        number, arguments = event.get("pid", 0), event.get("args", {})
        if event["ph"] == "M" and "start_time_since_epoch_in_micros" in arguments:
            start = arguments["start_time_since_epoch_in_micros"] / 1e6
        elif event["ph"] == "M" and "name" in arguments:
            names[number] = arguments["name"]
        elif event["ph"] == "B":
            open_.setdefault(number, []).append(event["name"])
        elif event["ph"] == "E" and open_.get(number):
            kind = open_[number].pop()
            if kind in _COLLECTIVES:
                step = int(np.searchsorted(times[:, 0], start + event["ts"] / 1e6)) if len(times) else 0
                found.append(_collective(names.get(number, "?"), kind, step, arguments))
    return tuple(found)


def _collective(name: str, kind: str, step: int, arguments: Mapping[str, Any]) -> Collective:
    dtype, shape = arguments.get("dtype", ""), arguments.get("shape", "")
    sizes = [int(size) for size in shape.strip("[]").split(",") if size.strip()]
    known = bool(shape) and dtype in _ITEM_BYTES
    return Collective(
        name, kind.lower(), step, dtype, int(np.prod(sizes, dtype=np.int64)) * _ITEM_BYTES[dtype] if known else 0
    )


def _events(path: Path) -> list[Mapping[str, Any]]:
    """The file's events, up to where Horovod has stopped writing."""
    text = path.read_text(errors="replace") if path.exists() else ""
    decoder, position, found = json.JSONDecoder(), text.find("{"), []
    while position >= 0:
        try:
            event, end = decoder.raw_decode(text, position)
        except ValueError:
            break
        found.append(event)
        position = text.find("{", end)
    return [event for event in found if "ph" in event]


def counts(ledger: Sequence[Collective]) -> dict[str, Counter[int]]:
    """How often what ran in which step.

    Args:
        ledger: collectives.

    Returns:
        By name and kind, by step.
    """
    found: dict[str, Counter[int]] = {}
    for collective in ledger:
        found.setdefault(f"{collective.kind} {collective.name}", Counter())[collective.step] += 1
    return found
