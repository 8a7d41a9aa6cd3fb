"""Detectors on trainings made by hand: least squares in NumPy, with each mistake put in on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.check import outcome, samples
from harness.check.contract import Batch
from harness.check.folder import Folder
from harness.check.judge import Result, judge
from harness.check.length import length
from harness.check.noise import Noise, same_path
from harness.check.observed import Collective, Shard, _ledger
from harness.check.plan import Job, Pass, attribution_job, first_job, scenarios
from harness.check.trace import Trace, Tracer
from harness.errors import BadInputError
from harness.verdict import Word
from trainings import RAN, SCENARIO, Reduce, alone, judged, mean, seen, train


def test_a_right_training_is_supported_and_says_what_it_would_have_found() -> None:
    found = Result("right", (judged(mean),), {})
    assert found.word is Word.SUPPORTED, found.reason
    assert found.first is None
    assert found.hint == ""
    assert 1e-8 < max(found.smallest_detectable.values()) < 1e-4


MISTAKES: dict[str, tuple[Reduce, str]] = {
    "sum": (lambda parts, rank: parts[0] + parts[1], "P: summed over ranks"),
    "divided twice": (lambda parts, rank: mean(parts, rank) / 2, "1/P: divided"),
    "own": (lambda parts, rank: parts[rank], "Own update only: kernel"),
    "lost": (lambda parts, rank: parts[0] / 2, "contribution of rank 1 to kernel is lost"),
    "one percent": (
        lambda parts, rank: (parts[0] + np.float32(1.01) * parts[1]) / 2,
        "rank 1 to kernel is scaled by 1.01",
    ),
    "one per mille": (lambda parts, rank: (parts[0] + np.float32(1.003) * parts[1]) / 2, "scaled by 1.003"),
    "one in ten thousand": (
        lambda parts, rank: (parts[0] + np.float32(1.0001) * parts[1]) / 2,
        "kernel is scaled by 1.0",
    ),
    "skipped": (lambda parts, rank: mean(parts, rank) * (rank == 0), "Rank 1 makes no update"),
    "clipped": (
        lambda parts, rank: mean([p / np.linalg.norm(p) for p in parts], rank),
        "clipped or normalised per rank before the reduce",
    ),
    "not finite": (lambda parts, rank: parts[0] * np.float32(np.inf), "not finite"),
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_found_at_their_step_and_tensor_with_a_hint(name: str) -> None:
    reduce, hint = MISTAKES[name]
    found = Result(name, (judged(reduce),), {})
    assert found.word is Word.REFUTED
    assert found.first is not None
    assert (found.first.step, found.first.tensor) == (1, "kernel")
    assert hint in found.hint, found.hint


def test_the_ratio_is_that_of_the_wrong_update_to_the_right_one() -> None:
    found = Result("sum", (judged(MISTAKES["sum"][0]),), {}).first
    assert found is not None
    assert found.ratio == pytest.approx(2, rel=1e-5)


def test_the_first_wrong_step_is_named_and_of_its_tensors_the_one_nearest_to_the_output() -> None:
    made = seen(mean)
    late = [np.where(np.arange(9).reshape(-1, *[1] * (w.ndim - 1)) >= 4, w + 1, w) for w in made.ranks[0].weights]
    wrong = tuple(replace(trace, weights=tuple(late)) for trace in made.ranks)
    first = judge(replace(made, ranks=wrong)).first
    assert first is not None
    assert (first.step, first.tensor, first.detector) == (4, "bias", "D3")


def test_of_detectors_that_see_the_same_step_the_most_telling_speaks() -> None:
    found = judge(replace(seen(MISTAKES["own"][0]), ledger=()))
    assert [finding.detector for finding in found.refuted] == ["D1", "D2", "D3", "D9", "D7"]


@pytest.mark.parametrize(("factors", "word"), [((1, 1), "supported"), ((0.5, 1.5), "supported"), ((2, 2), "refuted")])
def test_gradients_may_be_offered_before_or_after_the_exchange(factors: tuple[float, float], word: str) -> None:
    made, gradient = seen(mean), np.arange(1.0, 7.0)[None]
    ranks = [replace(t, gradients={"g": f * gradient}) for t, f in zip(made.ranks, factors, strict=True)]
    alone_too = [replace(trace, gradients={"g": gradient}) for trace in (made.reference, *made.repeats)]
    found = judge(replace(made, ranks=tuple(ranks), reference=alone_too[0], repeats=tuple(alone_too[1:])))
    (update,) = [finding for finding in found.findings if finding.detector == "D2"]
    assert update.word == word
    if word == "refuted":
        assert update.first is not None
        assert (update.first.tensor, update.first.ratio) == ("g", pytest.approx(2))
        assert "P: summed over ranks" in found.hint()


def test_what_is_below_the_noise_is_not_found_and_the_check_says_so() -> None:
    made = judged(lambda parts, rank: (parts[0] + np.float32(1 + 2e-7) * parts[1]) / 2)
    assert Result("tiny", (made,), {}).word is Word.SUPPORTED
    assert made.noise.detectable(0) > 1e-7


def test_a_tensor_that_does_not_move_is_inconclusive() -> None:
    frozen = seen(mean)
    still = [np.repeat(array[:1], len(array), axis=0) for array in frozen.reference.weights]
    traces = [replace(t, weights=(t.weights[0], still[1])) for t in (*frozen.ranks, frozen.reference, *frozen.repeats)]
    made = replace(frozen, ranks=tuple(traces[:2]), reference=traces[2], repeats=tuple(traces[3:]))
    found = Result("frozen", (judge(made),), {})
    assert found.word is Word.INCONCLUSIVE
    assert "bias did not move" in found.reason


def test_different_initial_weights_are_found_before_the_first_step() -> None:
    made = seen(mean)
    other = replace(made.ranks[1], hashes=made.ranks[1].hashes + 1)
    found = Result("start", (judge(replace(made, ranks=(made.ranks[0], other))),), {})
    assert found.first is not None
    assert (found.first.step, found.first.rank, found.first.detector) == (0, 1, "D6")
    assert "broadcast" in found.hint


def test_no_collective_is_refuted_unless_the_ranks_agree() -> None:
    words = {}
    for reduce in (mean, MISTAKES["own"][0]):
        found = judge(replace(seen(reduce), ledger=()))
        (ledger,) = [finding for finding in found.findings if finding.detector == "D9"]
        words[reduce] = (ledger.word, ledger.applies)
    assert list(words.values()) == [(Word.INCONCLUSIVE, False), (Word.REFUTED, True)]


def test_half_precision_in_the_ledger_widens_the_tolerance() -> None:
    made = seen(mean)
    rounded = replace(made, ledger=tuple(replace(collective, dtype="float16") for collective in RAN))
    assert Noise(rounded).bound(0)[-1] > 100 * Noise(made).bound(0)[-1]


ODD, EVEN = [3, 1, 5, 7, 0, 2, 4, 6], [8, 9, 10, 12, 11, 13, 14, 15]


def shards(*orders: list[int]) -> tuple[Shard, ...]:
    return tuple(Shard(np.array(order), np.full(len(order) // 4, 4), 16) for order in orders)


@pytest.mark.parametrize(
    ("orders", "word", "said"),
    [
        ((ODD * 2, EVEN * 2), "refuted", "same shuffled order"),
        ((ODD, ODD), "refuted", "share 100%"),
        ((ODD, [8, 9, 10, 12, 3, 1, 14, 15]), "refuted", "share 25%"),
        (([*range(8)] * 2, [*range(8, 16)] * 2), "supported", "no example went to two ranks"),
        (([*ODD, 7, 1, 2, 0], [*EVEN, 8, 15, 9, 10]), "supported", "100% of them"),
    ],
    ids=["same order", "same shard", "overlap", "never shuffled", "right"],
)  # fmt: skip
def test_the_ledger_of_samples(orders: tuple[list[int], ...], word: str, said: str) -> None:
    found = samples.ledger(replace(seen(mean), shards=shards(*orders)))
    assert (found.word, said in found.reason) == (word, True), found.reason


@pytest.mark.parametrize(
    ("spread", "shift", "word"),
    [(0.003, 0.0, "supported"), (0.003, 0.3, "refuted"), (0.003, -0.3, "refuted"), (0.2, 0.3, "inconclusive")],
)
def test_outcomes_that_vary_are_equivalent_different_or_undecided(spread: float, shift: float, word: str) -> None:
    made, draw = seen(mean), np.random.default_rng(4)
    drawn = [replace(made.reference, losses=np.full(8, 1 + spread * draw.normal())) for _ in range(12)]
    ranks = tuple(replace(trace, losses=np.full(8, 1 + shift)) for trace in made.ranks)
    found = outcome._equivalence(replace(made, reference=drawn[0], repeats=tuple(drawn[1:]), ranks=ranks))
    assert found.word == word, found.reason


def test_a_loss_that_is_wrong_later_is_found_at_its_step() -> None:
    made = seen(mean)
    late = np.where(np.arange(8) == 5, 1.01, 1.0)
    found = judge(replace(made, ranks=tuple(replace(trace, losses=trace.losses * late) for trace in made.ranks)))
    assert [(finding.detector, finding.first and finding.first.step) for finding in found.refuted] == [("D8", 6)]


def test_traces_survive_their_file(tmp_path: Path) -> None:
    made = alone()
    made.save(tmp_path / "trace.npz")
    again = Trace.load(tmp_path / "trace.npz")
    assert again.names == made.names
    assert all((a == b).all() for a, b in zip(again.weights, made.weights, strict=True))
    assert [ids.tolist() for ids in again.ids] == [ids.tolist() for ids in made.ids]


@pytest.mark.parametrize(("elements", "kept"), [(10, 41), (2_000_000, 11), (9_000_000, 5)])
def test_of_large_nets_fewer_steps_are_kept_and_the_ends_always(elements: int, kept: int) -> None:
    steps = Tracer({"w": np.zeros(elements, np.float32)}, 40)._kept.tolist()
    assert len(steps) == kept
    assert {0, 1, 2, 39, 40} <= set(steps)


def test_the_timeline_is_read_even_where_it_is_cut_off(tmp_path: Path) -> None:
    text = (
        '[\n{"ph": "M", "pid": 0, "args": {"start_time_since_epoch_in_micros": 10000000}},\n'
        '{"ph": "M", "pid": 1, "args": {"name": "g"}},{"ph": "B", "name": "ALLREDUCE", "ts": 1, "pid": 1},'
        '{"ph": "B", "name": "MPI_ALLREDUCE", "ts": 1, "pid": 1},{"ph": "E", "ts": 2, "pid": 1},\n'
        '{"ph": "E", "ts": 2500000, "pid": 1, "args": {"dtype": "float32", "shape": "[3, 4]"}},\n{"ph": "B", "na'
    )
    (tmp_path / "t.json").write_text(text)
    times = np.array([[11.0, 11.5], [12.0, 13.0], [14.0, 15.0]])
    assert _ledger(tmp_path / "t.json", times) == (Collective("g", "allreduce", 2, "float32", 48),)


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_every_rank_has_examples_of_its_own_and_the_last_batch_is_short(workers: int) -> None:
    for scenario in scenarios(workers=workers, batch=32, steps=20):
        rows = scenario.ids(120)
        assert all(len(np.unique(ids)) == ids.size for ids in rows)
        assert {ids.shape[0] for ids in rows} == {workers}
        assert len({ids.shape[1] for ids in rows}) == 2
    with pytest.raises(BadInputError, match="without an example"):
        scenarios(workers=5, batch=4, steps=9)
    with pytest.raises(ValueError, match="too few"):
        SCENARIO.ids(12)


def test_jobs_survive_their_file(tmp_path: Path) -> None:
    job = first_job("file.py", "entry", SCENARIO)
    folder = Folder(tmp_path)
    assert folder.job(0) is None
    name = folder.ask(0, job)
    assert folder.job(0) == (name, job)
    own = attribution_job(job, SCENARIO, 3, "job-0000")
    assert Job.from_json(own.to_json()) == own
    assert own.passes["alone"][1] == Pass("own-1", own=1, steps=3)


@pytest.mark.filterwarnings("error")
def test_paths_are_the_same_up_to_float_noise_and_never_where_they_overflow() -> None:
    one, other = alone(), alone(order=1)
    assert same_path(one, other)
    assert not same_path(one, train(lambda parts, rank: parts[rank])[0])
    diverged = replace(one, weights=tuple(w.astype(float) * 1e200 for w in one.weights))
    assert not same_path(diverged, diverged)


@pytest.mark.parametrize("order", [0, 1, 5])
@pytest.mark.parametrize("copies", [1, 3])
def test_a_pass_holds_every_example_as_often_as_asked_in_its_order(order: int, copies: int) -> None:
    ids = np.arange(7, 16)
    found = Pass("any", order=order, copies=copies).arrange(Batch(2.0 * ids, -ids, ids), 4)
    assert np.array_equal(np.sort(found.ids), np.repeat(ids, copies))
    assert np.array_equal(found.features, 2.0 * found.ids)
    assert np.array_equal(found.labels, -found.ids)
    expected = {0: np.tile(ids, copies), 1: np.tile(ids[::-1], copies)}
    assert order == 5 or np.array_equal(found.ids, expected[order])


@pytest.mark.parametrize(
    ("staleness", "word"),
    [(1, Word.REFUTED), (8, Word.INCONCLUSIVE), (None, Word.INCONCLUSIVE)],
)
def test_a_short_way_under_staleness_counts_only_where_views_cannot_lack_as_much(
    staleness: int | None, word: Word
) -> None:
    made, header = seen(mean), {"kind": "header", "version": 1, "workers": 2, "staleness": staleness}
    assert made.reference.steps == 8

    def shortened(trace: Trace) -> Trace:
        """The first step whole, then half of the way."""
        paths = [np.concatenate([w[:2], w[1] + (w[2:] - w[1]) * np.float32(0.5)]) for w in trace.weights]
        return replace(trace, weights=tuple(paths), history=(header,))

    late = replace(made, ranks=tuple(map(shortened, made.ranks)))
    found = length(late, Noise(late))
    assert (found.word, found.applies) == (word, word is Word.REFUTED), found.reason
