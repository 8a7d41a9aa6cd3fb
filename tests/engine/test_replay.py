from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from histories import legal
from hypothesis import HealthCheck, Phase, given, settings

from harness.delays import lockstep_events, views
from harness.engine.gaps import ALL, relative
from harness.engine.objective import Objective
from harness.engine.replay import Replayed, replay
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.engine.trajectory import Trajectory
from harness.errors import BadInputError
from harness.history import Event, merged
from harness.measure.launch import Hosts, Launcher, launch_line
from harness.schedule import share
from harness.spec import Delays, Optimizer, Regularisation, StalePartition, StepSize, Stragglers, Training, Transport

TRAINING = Training(
    data="teacher", widths=(64, 4, 10), batch=9, clocks=6, step_size=StepSize(0.1, 0.5), checkpoints=4, summed=2
)


def by_hand(training: Training, events: Sequence[Event]) -> list[np.ndarray]:
    """Final weights: every view is w_0 and all updates that it holds, one after the other, whatever the table does."""
    workers = events[0]["workers"]
    ids = batches(training, range(1))
    parts = [share(training.batch, worker, workers) for worker in range(workers)]
    objectives = [Objective(training, range(1), ids[..., part], workers / training.batch) for part in parts]
    initial = objectives[0].net.initial_weights(range(1))
    made: list[list[list[np.ndarray]]] = [[] for _ in range(workers)]

    def held(view: Sequence[int]) -> list[np.ndarray]:
        weights = [w.copy() for w in initial]
        for q, seen in enumerate(view):
            for update in made[q][:seen]:
                weights = [w + u for w, u in zip(weights, update, strict=True)]
        return weights

    seen: dict[int, Sequence[int]] = {}
    for event in events[1:]:
        if event["kind"] == "read":
            seen[event["worker"]] = event["view"]
        elif event["kind"] == "write":
            worker, clock = event["worker"], event["clock"]
            weights = [tf.constant(w) for w in held(seen[worker])]
            factor = -training.step_size.at(clock) * training.summed / workers
            gradients = objectives[worker].gradients(weights, tf.constant(clock))
            made[worker].append([factor * g.numpy() for g in gradients])
    return held([training.clocks] * workers)


@settings(deadline=None, max_examples=5, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(legal().filter(lambda events: events[0]["staleness"] != 0))
def test_a_replay_is_descent_from_what_each_read_held(events: list[dict[str, Any]]) -> None:
    clocks = max(event["clock"] for event in events if event["kind"] == "write") + 1
    training = replace(TRAINING, clocks=clocks, regularisation=Regularisation(l2=1e-2))
    layers = replay(training, range(1), events).trajectory.layers
    expected = by_hand(training, events)
    for i, layer in enumerate(layers):
        flat = np.concatenate([part.ravel() for part in expected[2 * i : 2 * i + 2]])
        np.testing.assert_allclose(layers[layer][-1, 0], flat, atol=1e-13)


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_sums_and_single_updates_come_to_the_same(workers: int) -> None:
    events = lockstep_events(views(Delays.LATEST, workers, 2, TRAINING.clocks, 0), 2)
    eager = replay(TRAINING, range(2), events).trajectory
    pipelined = replay(TRAINING, range(2), events, Transport.PIPELINED).trajectory
    assert relative(pipelined, eager)[ALL].max() < 1e-14


def test_sums_cannot_bring_what_only_one_worker_sent() -> None:
    events = lockstep_events(views(Delays.STRAGGLER, 3, 2, TRAINING.clocks, 0), 2)
    with pytest.raises(BadInputError, match=r"has seen \[0, 1, 1\], which sums over all cannot bring; replay it with"):
        replay(TRAINING, range(1), events, Transport.PIPELINED)


def without(events: list[Event], kind: str, clock: int) -> list[Event]:
    return [event for event in events if not (event["kind"] == kind and event.get("clock") == clock)]


def test_histories_that_cannot_be_replayed_are_refused() -> None:
    sound = lockstep_events(views(Delays.LATEST, 2, 1, TRAINING.clocks, 0), 1)
    swapped = list(sound)
    swapped[1], swapped[3] = swapped[3], swapped[1]
    bad: list[tuple[list[Event], str]] = [
        ([{**sound[0], "staleness": 0}, *sound[1:]], "rule 1, bounded staleness, is broken"),
        (sound[:-2], "worker 0 has no final state"),
        (without(sound, "read", 2), "holds 10 reads and 12 writes; 2 workers that train for 6 clocks make 12 of each"),
        (swapped, "worker 0 has a write of clock 0 where its read of clock 0 is due"),
    ]
    for events, message in bad:
        with pytest.raises(BadInputError, match=message) as caught:
            replay(TRAINING, range(1), events)
        assert "\n" not in str(caught.value)
    ahead = lockstep_events(views(Delays.LATEST, 2, 0, TRAINING.clocks, 0), 0)
    ahead[2:4] = [ahead[3], {**ahead[2], "view": [1, 0]}]
    with pytest.raises(BadInputError, match=r"has seen \[1, 0\], where a table reads \[0, 0\]"):
        replay(TRAINING, range(1), ahead)
    with pytest.raises(BadInputError, match="holds 12 reads and 12 writes; 2 workers that train for 7 clocks"):
        replay(replace(TRAINING, clocks=7), range(1), sound)
    with pytest.raises(BadInputError, match="2 workers cannot share 1 examples"):
        replay(replace(TRAINING, batch=1), range(1), sound)


_RUN = """
import pickle, sys
from harness.engine import runtime
runtime.limit_threads(1)
from harness.engine import ranks, ssp
from harness.history import written_out
here = ranks.join()
with open(sys.argv[1], "rb") as file:
    training, partition = pickle.load(file)
notes = bytearray()
trained = ssp.train(training, range(2), partition, here, notes.extend)
with open(f"{sys.argv[1]}.{here.rank}", "wb") as file:
    pickle.dump((trained.trajectory, written_out(bytes(notes))), file)
"""


def real(folder: Path, training: Training, *words: Any) -> tuple[list[Trajectory], list[Event]]:
    """A run on real ranks: what each of them folded, and the history."""
    partition = StalePartition(*words, stragglers=Stragglers.LOGNORMAL)
    task = folder / "task"
    task.write_bytes(pickle.dumps((training, partition)))
    line = launch_line(Launcher.MPI, partition.workers, Hosts(), [sys.executable, "-c", _RUN, str(task)])
    subprocess.run(line, check=True, timeout=120, capture_output=True)
    parts = [pickle.loads(Path(f"{task}.{rank}").read_bytes()) for rank in range(partition.workers)]
    return [part[0] for part in parts], merged(partition.workers, partition.staleness, [part[1] for part in parts])


def assert_same_bits(replayed: Replayed, trajectories: list[Trajectory], events: list[Event]) -> None:
    for trajectory in trajectories:
        for layer, weights in trajectory.layers.items():
            np.testing.assert_array_equal(replayed.trajectory.layers[layer], weights)
    assert list(replayed.digests) == [event["digest"] for event in events if event["kind"] == "final"]
    assert replayed.first_difference is None


@pytest.mark.distributed
@pytest.mark.parametrize(
    ("optimizer", "transport"),
    [(Optimizer.SGD, Transport.EAGER), (Optimizer.ADAM, Transport.EAGER), (Optimizer.MOMENTUM, Transport.PIPELINED)],
)
def test_a_real_run_is_replayed_to_the_same_bits(tmp_path: Path, optimizer: Optimizer, transport: Transport) -> None:
    training = replace(
        TRAINING, clocks=40, optimizer=optimizer, step_size=StepSize(0.01), regularisation=Regularisation(dropout=0.2)
    )
    trajectories, events = real(tmp_path, training, 2, 3, transport)
    assert_same_bits(replay(training, range(2), events, transport), trajectories, events)
    place = next(i for i, event in enumerate(events) if event["kind"] == "write" and event["clock"] == 20)
    events[place] = {**events[place], "digest": "00000000"}
    assert replay(training, range(2), events, transport).first_difference == events[place]
