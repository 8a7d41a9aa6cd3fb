"""What every process of a check runs: job after job, until nobody asks any more."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from harness.check.contract import Batch
from harness.check.folder import INPUT, RANK, Failure, Folder, write_json
from harness.check.plan import RANKS, Job, Pass, Scenario
from harness.check.trace import Trace, Tracer, save_arrays
from harness.engine.check.ledger import recording
from harness.engine.check.program import Program, ProgramError, blamed, load
from harness.engine.runtime import tf

_POLL_SECONDS = 0.02
# How far the examples of a file's own sharding are followed beyond the steps that are trained.
_MOST_FOLLOWED_BATCHES = 4000
_EPOCHS_FOLLOWED = 2.2


class Process:
    """One process of a session.

    Args:
        folder: where jobs come from and traces go to.
        group: ranks, or the name of an undistributed process.
        rank: number of this process in its group.
        size: number of processes of the group.
    """

    def __init__(self, folder: Folder, group: str, rank: int, size: int) -> None:
        self._folder, self._group, self.rank, self.size = folder, group, rank, size

    def serve(self) -> None:
        """Do one job after another; this never returns."""
        number = 0
        _settle()
        while True:
            asked = self._folder.job(number)
            if asked is None:
                time.sleep(_POLL_SECONDS)
                continue
            self._do(*asked)
            _settle()
            number += 1

    def _do(self, name: str, job: Job) -> None:
        try:
            for made in job.passes.get(self._group, ()):
                self._run(name, job, made)
        except ProgramError as error:
            # Where training itself failed, other ranks wait in a collective, and this process is of no more use.
            if not job.optional and error.failure.kind == RANK:
                raise
            if not job.optional:
                self._folder.fail(self._group, self.rank, error.failure)
        write_json(self._folder.file(name, self._group, self.rank, "done"), "done")
        self._folder.note_stage(self._group, self.rank, "waiting for work")

    def _run(self, name: str, job: Job, made: Pass) -> None:
        file, scenario = Path(job.file), job.scenario
        self._say(file, made, "import")
        self._seed(scenario.seed)
        program = load(file, job.entry, scenario.scale, distributed=self._group == RANKS)
        timeline = self._folder.file(name, "timeline", 0, "json")
        with recording(timeline) if self._group == RANKS else nullcontext():
            trace = self._train(name, job, made, program)
        trace.save(self._folder.file(name, made.name, self.rank))

    def _train(self, name: str, job: Job, made: Pass, program: Program) -> Trace:
        self._say(program.file, made, "init")
        with blamed("init", program.file, RANK):
            program.training.init(seed=job.scenario.seed, rank=self.rank, size=self.size)
            initial = program.weights()
        steps = made.steps or job.scenario.steps
        tracer = Tracer(initial, steps)
        for number, batch in enumerate(self._batches(name, job, made, program, steps), start=1):
            self._step(program, tracer, batch, number, made)
        return tracer.trace(_history(program))

    def _step(self, program: Program, tracer: Tracer, batch: Batch, number: int, made: Pass) -> None:
        self._say(program.file, made, f"step {number}")
        with blamed(f"step {number}", program.file, RANK):
            began = time.time()
            loss = program.training.step(batch)
            ended = time.time()
            weights = program.weights(tracer.shapes)
            offered = getattr(program.training, "gradients", None)
            gradients = {str(name): np.asarray(array) for name, array in offered().items()} if offered else {}
            tracer.add(batch, _number(loss), (began, ended), weights, gradients)

    def _batches(self, name: str, job: Job, made: Pass, program: Program, steps: int) -> Iterator[Batch]:
        if program.shards is None:
            return self._planned(job.scenario, made, program, steps)
        if self._group == RANKS:
            return self._sharded(name, job.scenario, program, steps)
        return self._seen_by_ranks(job.batches_from or name, job.scenario, made, steps)

    def _planned(self, scenario: Scenario, made: Pass, program: Program, steps: int) -> Iterator[Batch]:
        with blamed("dataset()", program.file):
            rows = scenario.ids(len(program.features))
        for number, ids in enumerate(rows[:steps], start=1):
            if self._group == RANKS:
                yield program.batch(ids[0 if made.same else self.rank])
            elif made.own is not None and number == steps:
                yield program.batch(ids[made.own])
            else:
                yield made.arrange(program.batch(ids.reshape(-1)), number)

    def _sharded(self, name: str, scenario: Scenario, program: Program, steps: int) -> Iterator[Batch]:
        """The file's own batches: kept for the reference, and the examples of two epochs for the ledger.

        Raises:
            ValueError: there are too few; told as the file's own error.
        """
        assert program.shards is not None
        with blamed("batches()", program.file):
            source = iter(program.shards(seed=scenario.seed, rank=self.rank, size=self.size))
            used = [_checked(batch) for batch in islice(source, steps)]
            if len(used) < steps:
                raise ValueError(f"it ends after {len(used)} batches, and {steps} are needed")
        arrays = {f"f{n}": batch.features for n, batch in enumerate(used)}
        arrays |= {f"l{n}": batch.labels for n, batch in enumerate(used)}
        arrays |= {f"i{n}": np.asarray(batch.ids) for n, batch in enumerate(used)}
        save_arrays(self._folder.file(name, "batches", self.rank), arrays)
        yield from used
        rest = [_checked(batch).ids for batch in _followed(source, used, len(program.features) / self.size)]
        ids = [np.asarray(found) for found in [*(batch.ids for batch in used), *rest]]
        sizes = np.array([len(found) for found in ids])
        save_arrays(
            self._folder.file(name, "ids", self.rank),
            {"ids": np.concatenate(ids), "sizes": sizes, "examples": np.array(len(program.features))},
        )

    def _seen_by_ranks(self, name: str, scenario: Scenario, made: Pass, steps: int) -> Iterator[Batch]:
        paths = [self._folder.file(name, "batches", rank) for rank in range(scenario.workers)]
        while not all(path.exists() for path in paths):
            time.sleep(_POLL_SECONDS)
        shares = []
        for path in paths:
            with np.load(path, allow_pickle=False) as stored:
                shares.append([Batch(stored[f"f{n}"], stored[f"l{n}"], stored[f"i{n}"]) for n in range(steps)])
        for number, parts in enumerate(zip(*shares, strict=True), start=1):
            if made.own is not None and number == steps:
                yield parts[made.own]
                continue
            joint = [
                np.concatenate(arrays) for arrays in zip(*((b.features, b.labels, b.ids) for b in parts), strict=True)
            ]
            yield made.arrange(Batch(*joint), number)

    def _seed(self, seed: int) -> None:
        """Every rank draws numbers of its own, rank 0 those of the reference: a missing broadcast shows."""
        tf.keras.utils.set_random_seed(seed + 7919 * self.rank)
        # A file that was checked before may have chosen another precision.
        tf.keras.backend.set_floatx("float32")
        tf.keras.config.set_dtype_policy("float32")

    def _say(self, file: Path, made: Pass, stage: str) -> None:
        self._folder.note_stage(self._group, self.rank, f"{file.name}, {made.name}, {stage}")


def _settle() -> None:
    """Leave what lives on out of later collections: with all of TensorFlow each takes half a second, one per model."""
    gc.collect()
    gc.freeze()


def _followed(source: Iterator[Batch], used: Sequence[Batch], examples_per_rank: float) -> Iterator[Batch]:
    seen, wanted = sum(len(batch) for batch in used), _EPOCHS_FOLLOWED * examples_per_rank
    for batch in islice(source, _MOST_FOLLOWED_BATCHES):
        yield batch
        seen += len(batch)
        if seen >= wanted:
            return


def _checked(batch: Any) -> Batch:
    if not all(hasattr(batch, name) for name in ("features", "labels", "ids")):
        raise TypeError(f"it yields {type(batch).__name__}, not harness.Batch")
    return Batch(np.asarray(batch.features), np.asarray(batch.labels), np.asarray(batch.ids))


def _number(loss: object) -> float:
    try:
        return float(loss)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _history(program: Program) -> list[Mapping[str, Any]]:
    offered = getattr(program.training, "history", None)
    if offered is None:
        return []
    with blamed("history()", program.file):
        found = offered()
        if isinstance(found, str | Path):
            return [json.loads(line) for line in Path(found).read_text().splitlines()]
        return [dict(event) for event in found]


def watch(parent: int) -> None:
    """End this process when the one that asked for it is gone.

    Args:
        parent: process id on this machine; 0 for none.
    """
    asker = psutil.Process(parent) if parent else None

    def look() -> None:
        while asker is not None:
            if not asker.is_running() or asker.status() == psutil.STATUS_ZOMBIE:
                os._exit(1)
            time.sleep(0.25)

    threading.Thread(target=look, daemon=True, name="watch").start()


def run(folder: Folder, group: str, rank: int, size: int) -> None:
    """Serve until something fails, and leave the reason.

    Args:
        folder: of the session.
        group: ranks, or the name of an undistributed process.
        rank: number of this process.
        size: number of processes.
    """
    try:
        Process(folder, group, rank, size).serve()
    except ProgramError as error:
        traceback.print_exc()
        folder.fail(group, rank, error.failure)
    except BaseException as error:
        traceback.print_exc()
        folder.fail(group, rank, Failure("harness", f"{type(error).__name__}: {error}", (), INPUT))
    sys.stdout.flush()
    sys.stderr.flush()
    # Horovod's own shutdown would wait for ranks that wait for this one, and threads of the file's for ever.
    os._exit(1)
