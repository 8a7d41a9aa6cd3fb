"""Timed rounds on real ranks: everybody computes the reference's weights, what dies is named, what is stored stays."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness import registry, rounds
from harness.errors import LaunchError
from harness.measure import machine
from harness.measure.launch import Hosts, Launcher
from harness.measure.stage import Cast, Stage
from harness.record import ALONE, EMULATED, SECONDS, SLEPT, STEP, TRAJECTORY, Record
from harness.runner.event import Event
from harness.runner.run import Options
from harness.spec import Setting
from harness.spec.timings import SMALL
from harness.stats.speed import times
from harness.stats.timed import judge_timed
from harness.store import Store
from harness.turns import Ask
from harness.verdict import Word

pytestmark = pytest.mark.distributed
SUITE = registry.load("strong_scaling")
NET = replace(SMALL, timed=20)
_GLOO_WAITS_SECONDS = 5
NAMES = ("w1", "w2", "w2-s1-pipelined", "w2-s1-eager", "w2-neuron", "w2-alternate", "w2-no-exchange", "w4-d2-neuron")


def setting(name: str, replicates: int = 2) -> Setting:
    found = next(s for s in SUITE.settings if s.distribution.id == name)
    return replace(found, training=NET.training(64), replicates=replicates)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("timed"))


@pytest.fixture(scope="module")
def records(store: Store) -> dict[str, Record]:
    rounds.run_suite(SUITE, [setting(name) for name in NAMES], store, Options(time_limit=120), lambda event: None)
    return {record.facts.setting.distribution.id: record for record in store.records(SUITE.name)}


def test_everybody_is_timed_once_per_round_beside_the_reference(records: dict[str, Record]) -> None:
    assert set(records) == set(NAMES)
    for record in records.values():
        gaps, ranks = record.gaps, record.facts.setting.distribution.ranks
        for layer, expected in ((STEP, 2 * ranks), (ALONE, 2)):
            seconds = gaps.value[(gaps.gap == SECONDS) & (gaps.layer == layer)]
            assert len(seconds) == expected
            assert (seconds > 0).all()


def test_what_exchanges_computes_the_weights_of_the_reference(records: dict[str, Record]) -> None:
    settings = [record.facts.setting for record in records.values()]
    verdict = judge_timed(SUITE.name, settings, list(records.values()), epsilon=1e-4, stale=0.06)
    words = {part.subject: part.word for part in verdict.parts}
    assert words.pop(setting("w2-no-exchange").id) is Word.REFUTED
    assert set(words.values()) == {Word.SUPPORTED}, verdict


def test_ranks_beyond_the_cores_sleep_and_are_called_emulated(records: dict[str, Record]) -> None:
    cores = machine.describe().cores
    for record in records.values():
        emulated = record.facts.setting.distribution.ranks > cores
        assert bool(record.facts.measured[EMULATED]) == emulated
        assert bool((record.gaps.gap == TRAJECTORY).any()) != emulated
        assert (record.facts.measured[SLEPT] > 0) == emulated


def test_times_are_those_of_the_slowest_rank(records: dict[str, Record]) -> None:
    gaps = records["w2"].gaps
    found = times([records["w2"]])[setting("w2").id].step
    rows = (gaps.gap == SECONDS) & (gaps.layer == STEP)
    assert found == {n: max(gaps.value[rows & (gaps.replicate == n)]) for n in (0, 1)}


def test_what_is_stored_is_not_played_again(records: dict[str, Record], store: Store) -> None:
    said: list[Event] = []
    before = time.monotonic()
    rounds.run_suite(SUITE, [setting(name) for name in NAMES], store, Options(), said.append)
    assert not [event for event in said if "starting" in event.text]
    assert time.monotonic() - before < 60
    points, seconds = rounds.expected(SUITE, [setting("w1")], store, Options())
    assert (points[0].rounds_left, seconds) == (0, 0.0)


def test_a_team_under_gloo_goes_on_after_standing_still_for_longer_than_gloo_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOROVOD_GLOO_TIMEOUT_SECONDS", str(_GLOO_WAITS_SECONDS))
    point = setting("w2")
    cast = Cast("gloo-2", "horovod", 2, Launcher.GLOO, (point,))
    with Stage([cast], Hosts(), 120) as stage:
        before = stage.turn("gloo-2", Ask(point.id, 20))
        time.sleep(_GLOO_WAITS_SECONDS + 3)
        after = stage.turn("gloo-2", Ask(point.id, 20))
    assert [answer.checksum for answer in after] == [answer.checksum for answer in before]


_HOLDS_A_STAGE = """
import time
from harness.measure.launch import Hosts, Launcher
from harness.measure.stage import Cast, Stage
from harness.spec import Setting
with Stage([Cast("mpi-2", "horovod", 2, Launcher.MPI, (Setting.parse({name!r}, 1),))], Hosts(), 120):
    print("ready", flush=True)
    time.sleep(600)
"""


def test_teams_that_stand_still_end_with_whoever_started_them() -> None:
    words = [sys.executable, "-c", _HOLDS_A_STAGE.format(name=setting("w2").id)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        assert len(_ranks_of(holder.pid)) == 2
        holder.kill()
    deadline = time.monotonic() + 30
    while (left := _ranks_of(holder.pid)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not left


@pytest.fixture
def killer() -> Iterator[list[int]]:
    """Kills a process of the two-rank team as soon as it has started."""
    killed: list[int] = []

    def kill() -> None:
        while not killed:
            for process in _ranks_of(os.getpid())[:1]:
                killed.append(process.pid)
                process.kill()
            time.sleep(0.2)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    yield killed
    killed.append(0)
    thread.join()


def _ranks_of(parent: int) -> list[psutil.Process]:
    """Processes of the two-rank team that a process has asked for."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if {"harness.engine.timed", "mpi-2", str(parent)} <= set(words) and "python" in words[0]:
                found.append(process)
    return found


def test_a_rank_that_dies_ends_the_visit_and_leaves_nothing_behind(killer: list[int], tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"mpi-2.*died"):
        rounds.run_suite(SUITE, [setting("w2", 1)], Store(tmp_path), Options(time_limit=120), lambda event: None)
    assert killer
    assert not _ranks_of(os.getpid())
    assert not Store(tmp_path).records(SUITE.name)
