from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.delays import lockstep_events, views
from harness.engine import reference, replay, virtual
from harness.engine.gaps import ALL, relative
from harness.errors import BadInputError
from harness.spec import Delays, Fault, Optimizer, Precision, Regularisation, StepSize, Training, VirtualPartition

# Batch 13 is divided evenly by no number of workers that is tried.
TRAINING = Training(
    data="teacher",
    widths=(64, 4, 10),
    batch=13,
    clocks=9,
    step_size=StepSize(0.05, 0.5),
    regularisation=Regularisation(l1=1e-4, l2=1e-3, dropout=0.2),
    checkpoints=5,
)
optimizers = pytest.mark.parametrize("optimizer", Optimizer)


def gap(training: Training, partition: VirtualPartition, replicates: int = 2) -> NDArray[np.float64]:
    """(replicates, checkpoints) relative gaps to the reference."""
    trained = virtual.train(training, range(replicates), partition)
    return relative(trained, reference.train(training, range(replicates)))[ALL]


@optimizers
def test_without_staleness_it_is_the_reference(optimizer: Optimizer) -> None:
    assert gap(replace(TRAINING, optimizer=optimizer), VirtualPartition(3, 0)).max() < 1e-12


@pytest.mark.parametrize(("workers", "staleness"), [(1, 0), (1, 3), (5, 2), (13, 0)])
def test_what_is_fresh_is_the_reference(workers: int, staleness: int) -> None:
    assert gap(TRAINING, VirtualPartition(workers, staleness, Delays.NONE)).max() < 1e-12


@pytest.mark.parametrize(
    ("optimizer", "law"), [*((optimizer, Delays.UNIFORM) for optimizer in Optimizer), (Optimizer.ADAM, Delays.LATEST)]
)
def test_it_is_what_tables_compute_under_the_same_views(optimizer: Optimizer, law: Delays) -> None:
    training, partition = replace(TRAINING, optimizer=optimizer), VirtualPartition(3, 2, law)
    seen = views(law, 3, 2, training.clocks, 4)
    ours = virtual.Lockstep(training, [1], partition).run(seen[:, None])
    tables = replay.replay(training, range(1, 2), lockstep_events(seen, 2)).trajectory
    assert relative(ours, tables)[ALL].max() < 1e-13
    assert relative(ours, reference.train(training, range(1, 2)))[ALL][0, -1] > 1e-4


def test_summed_gradients_are_those_of_the_reference() -> None:
    assert gap(replace(TRAINING, summed=3), VirtualPartition(3, 0)).max() < 1e-12


def test_staleness_and_lateness_widen_the_gap() -> None:
    training = replace(TRAINING, clocks=40)
    last = [np.median(gap(training, VirtualPartition(4, s), 4)[:, -1]) for s in (1, 3, 6)]
    assert last == sorted(last)
    latest = np.median(gap(training, VirtualPartition(4, 3, Delays.LATEST), 4)[:, -1])
    assert latest > last[1] > np.median(gap(training, VirtualPartition(4, 3, Delays.GEOMETRIC), 4)[:, -1])


def test_blocks_of_replicates_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = virtual.train(TRAINING, range(1, 6), VirtualPartition(4, 2))
    monkeypatch.setattr(virtual, "_replicates_at_once", lambda *_: 2)
    parts = virtual.train(TRAINING, range(1, 6), VirtualPartition(4, 2))
    np.testing.assert_array_equal(whole.clocks, parts.clocks)
    for layer, weights in whole.layers.items():
        assert weights.shape == parts.layers[layer].shape
        np.testing.assert_allclose(weights, parts.layers[layer], atol=1e-14)
        np.testing.assert_array_equal(whole.initial[layer], parts.initial[layer])


def test_large_simulations_are_cut_into_blocks() -> None:
    net = replace(TRAINING, widths=(64, 32, 10), batch=256)
    assert virtual._replicates_at_once(net, VirtualPartition(256, 8)) == 1
    assert virtual._replicates_at_once(net, VirtualPartition(2, 1)) > 100


def test_faults_are_not_the_reference() -> None:
    for fault in (Fault.NO_EXCHANGE, Fault.SUM_FOR_MEAN, Fault.SAME_SHARD):
        assert gap(TRAINING, VirtualPartition(4, 0, fault=fault)).min() > 0.1


def test_sum_for_mean_is_a_step_that_many_times_as_long() -> None:
    np.testing.assert_allclose(gap(TRAINING, VirtualPartition(3, 0, fault=Fault.SUM_FOR_MEAN))[:, 0], 2.0)


def test_without_exchange_worker_0_descends_its_own_share() -> None:
    alone = virtual.train(TRAINING, range(2), VirtualPartition(4, 2, fault=Fault.NO_EXCHANGE))
    same = virtual.train(TRAINING, range(2), VirtualPartition(4, 0, fault=Fault.SAME_SHARD))
    assert relative(alone, same)[ALL].max() < 1e-12


@pytest.mark.parametrize(("clock", "seen"), [(3, 4), (5, 2), (5, 3)])
def test_views_that_are_not_legal_are_refused(clock: int, seen: int) -> None:
    drawn = views(Delays.NONE, 2, 2, TRAINING.clocks, 0)[:, None]
    drawn[clock, 0, 0, 1] = seen
    with pytest.raises(BadInputError, match=f"clock {clock}: not legal at staleness 2"):
        virtual.Lockstep(TRAINING, [0], VirtualPartition(2, 2)).run(drawn)


def test_too_few_views_and_views_of_other_workers_are_refused() -> None:
    lockstep = virtual.Lockstep(TRAINING, [0], VirtualPartition(2, 2))
    with pytest.raises(BadInputError, match="fewer than 9 clocks"):
        lockstep.run(views(Delays.NONE, 2, 2, 8, 0)[:, None])
    with pytest.raises(BadInputError, match=r"shape \(1, 3, 3\) is not \(1, 2, 2\)"):
        lockstep.run(views(Delays.NONE, 3, 2, 9, 0)[:, None])


def test_single_precision_stays_single() -> None:
    narrow = virtual.train(replace(TRAINING, precision=Precision.FLOAT32), range(2), VirtualPartition(3, 2))
    wide = virtual.train(TRAINING, range(2), VirtualPartition(3, 2))
    assert narrow.layers["layer 1"].dtype == np.float32
    np.testing.assert_allclose(narrow.layers["layer 1"], wide.layers["layer 1"], atol=1e-4)
