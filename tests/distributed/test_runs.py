"""Real ranks under Horovod: what they compute, and what happens when they die, hang or are abandoned."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from harness import registry
from harness.errors import BadInputError, HarnessError, LaunchError
from harness.measure import launch
from harness.measure.launch import Launcher
from harness.measure.machine import describe
from harness.runner.event import Event
from harness.runner.run import Options, Run
from harness.runner.runs import plan, run_suite, run_until_decided
from harness.spec import Fault, Part, Role, SeedBlock, Setting
from harness.stats.suites import judge_suite
from harness.store import Store
from samples import TINY, record, setting
from suites.data_partition_bsp.sweep import FAULTS

pytestmark = pytest.mark.distributed
SUITE = registry.load("data_partition_bsp")
LONG = replace(setting(2, replicates=2), training=replace(TINY, clocks=300_000))
MPI, GLOO = Options(Launcher.MPI, time_limit=120), Options(Launcher.GLOO, time_limit=120)
launchers = pytest.mark.parametrize("options", [MPI, GLOO], ids=["mpi", "gloo"])
_BYTES_OF_MANY_COLLECTIVES = 50_000


def quiet(_: Event) -> None:
    """Nobody watches."""


def workers_of(store: Store) -> list[psutil.Process]:
    """Worker processes that write into a results folder, launchers left out."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if words[1:4] == ["-m", "harness", "worker"] and str(store.root) in words:
            found.append(process)
    return found


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Records of real runs: sound ones on 1, 2 and 3 ranks (3 do not divide the batch), and one per fault."""
    store = Store(tmp_path_factory.mktemp("results"))
    faults = [setting(2, fault, replicates=30) for fault in FAULTS]
    sound = [setting(1, role=Role.ANCHOR, replicates=30), *(setting(p, replicates=30) for p in (2, 3))]
    run_suite(SUITE, [*sound, *faults], store, MPI, quiet)
    run_suite(SUITE, [setting(4, replicates=30)], store, GLOO, quiet)
    return store


def test_sound_runs_are_in_step_and_faults_are_not(trained: Store) -> None:
    parts = judge_suite(SUITE.name, (), trained.records(SUITE.name), SUITE.tolerance).parts
    words = {Setting.parse(part.subject, 1).distribution.id: part.word for part in parts}
    assert words == {
        "w1": "supported",
        "w2": "supported",
        "w3": "supported",
        "w4": "supported",
        "w2-no-exchange": "refuted",
        "w2-sum-for-mean": "refuted",
        "w2-same-shard": "refuted",
    }


def test_ranks_hold_the_same_bits_where_they_exchange(trained: Store) -> None:
    for made in trained.records(SUITE.name):
        gaps = made.gaps
        rows = [(gaps.gap == "trajectory") & (gaps.rank == rank) for rank in (0, 1)]
        if made.facts.setting.distribution.workers == 1:
            continue
        same = np.array_equal(gaps.value[rows[0]], gaps.value[rows[1]])
        assert same == (made.facts.setting.distribution.fault is not Fault.NO_EXCHANGE)


def test_sum_for_mean_is_a_step_twice_as_long(trained: Store) -> None:
    (made,) = [r for r in trained.records(SUITE.name) if r.facts.setting.distribution.fault is Fault.SUM_FOR_MEAN]
    gaps, clocks = made.gaps.worst_over_ranks(gap="trajectory", layer="all")
    assert clocks[0] == 1
    np.testing.assert_allclose(gaps[:, 0], 1.0)


def test_records_say_how_they_were_made(trained: Store) -> None:
    facts = {made.facts.setting.distribution.id: made.facts for made in trained.records(SUITE.name)}
    assert (facts["w2"].launcher, facts["w4"].launcher) == ("mpi", "gloo")
    assert "-np 2" in facts["w2"].commands[-1]
    assert "--mark" not in facts["w2"].commands[-1]
    assert facts["w2"].versions["horovod"] == "0.28.1"


def test_stored_runs_are_not_repeated_and_damaged_or_stale_ones_are(
    trained: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    point = setting(2, replicates=30)
    run_suite(SUITE, [point], trained, MPI, lambda event: told.append(event.text))
    assert told == ["1 of 1 runs are stored already"]
    folder = trained.root / SUITE.name / point.id / "seeds-0-29"
    (folder / "gaps.parquet").write_bytes(b"rubbish")
    run_suite(SUITE, [point], trained, MPI, lambda event: told.append(event.text))
    assert "damaged record set aside" in told[1]
    assert len(list(folder.parent.glob("seeds-0-29.damaged-*"))) == 1
    assert trained.facts(SUITE.name, point, SeedBlock(0, 30)) is not None
    monkeypatch.setattr(registry, "code_hash", lambda _: "f" * 64)
    launched: list[object] = []
    monkeypatch.setattr("harness.runner.runs.carry_out", lambda run, *_: launched.append(run))
    with pytest.raises(AttributeError):  # nothing was trained, so there is nothing to store
        run_suite(SUITE, [point], trained, MPI, lambda event: told.append(event.text))
    assert "record of older code set aside" in told[-2]
    assert len(launched) == 1


def test_records_of_another_machine_are_not_added_to(trained: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    other = trained.records(SUITE.name)[0].facts.machine.model_copy(update={"node": "elsewhere"})
    monkeypatch.setattr("harness.measure.machine.describe", lambda: other)
    with pytest.raises(BadInputError, match="holds records of another machine"):
        run_suite(SUITE, [setting(1, role=Role.ANCHOR, replicates=30)], trained, MPI, quiet)


def test_stale_blocks_do_not_decide(store: Store) -> None:
    """Replicates made by other code are set aside before the sequential rule looks at them."""
    store.save(record(setting(2), np.full((40, 6), 1e-15), machine=describe()))
    told: list[str] = []
    with pytest.raises(LaunchError):
        run_until_decided(
            SUITE, [setting(2)], store, replace(MPI, time_limit=1e-3), lambda event: told.append(event.text), 64
        )
    assert "record of older code set aside" in told[0]
    assert store.records(SUITE.name) == []


def test_parts_launched_by_hand_are_used(store: Store) -> None:
    point = setting(2, replicates=2)
    run = Run(SUITE, point, SeedBlock(0, 2))
    lines = plan(SUITE, [point], store, GLOO)
    assert len(lines) == 2
    for line in lines:
        subprocess.run(shlex.split(line), check=True, timeout=120, capture_output=True)
    assert all(run.folder(store, part).complete for part in Part)
    run_suite(SUITE, [point], store, replace(MPI, time_limit=1e-3), quiet)  # any launch would pass this limit
    (made,) = store.records(SUITE.name)
    assert made.facts.launcher == "by hand"


def test_auto_goes_on_with_gloo_where_mpi_starts_no_rank(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_PROGRAMS", {Launcher.MPI: "false", Launcher.GLOO: "horovodrun"})
    told: list[str] = []
    run_suite(SUITE, [setting(2)], store, Options(time_limit=120), lambda event: told.append(event.text))
    assert any("mpi starts no rank here" in text for text in told)
    assert store.records(SUITE.name)[0].facts.launcher == "gloo"


def test_launch_with_another_number_of_ranks_is_refused() -> None:
    code = (
        "from samples import setting\nfrom suites.data_partition_bsp.run import distributed\n"
        "distributed(setting(2), range(2), print)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "the launch has 1 ranks and the setting 2 workers" in done.stderr


def run_and_disturb(store: Store, options: Options, disturb: Callable[[list[psutil.Process]], None]) -> HarnessError:
    """Start two ranks that would train for minutes, disturb them amid their collectives, and return the error."""
    for part in Part:  # the undistributed half is made up, because its result is never looked at
        folder = Run(SUITE, LONG, SeedBlock(0, 2)).folder(store, part)
        folder.clear()
        if part is Part.UNDISTRIBUTED:
            folder.save(0, {"made up": np.zeros(1)})
    caught: list[HarnessError] = []
    timeline = store.root.parent / "timeline.json"

    def go() -> None:
        try:
            run_suite(SUITE, [LONG], store, options, quiet)
        except HarnessError as error:
            caught.append(error)

    thread = threading.Thread(target=go)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOROVOD_TIMELINE", str(timeline))
        thread.start()
        wait_for(lambda: timeline.exists() and timeline.stat().st_size > _BYTES_OF_MANY_COLLECTIVES)
    disturb(workers_of(store))
    thread.join(timeout=120)
    assert not thread.is_alive()
    assert workers_of(store) == []
    return caught[0]


def rank_of(process: psutil.Process) -> int:
    environment = process.environ()
    return int(environment.get("HOROVOD_RANK") or environment["OMPI_COMM_WORLD_RANK"])


def send(number: signal.Signals, rank: int) -> Callable[[list[psutil.Process]], None]:
    def act(processes: list[psutil.Process]) -> None:
        (victim,) = [process for process in processes if rank_of(process) == rank]
        victim.send_signal(number)

    return act


@launchers
def test_rank_that_dies_is_named_and_nobody_is_left(store: Store, options: Options) -> None:
    error = run_and_disturb(store, options, send(signal.SIGKILL, 1))
    assert isinstance(error, LaunchError)
    assert error.exit_status == 4
    assert "rank 1 stopped first" in str(error)
    assert "rank.1.log" in str(error)
    assert "\n" not in str(error)


@launchers
def test_rank_that_hangs_is_named_when_the_time_is_over(
    store: Store, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Run(SUITE, LONG, SeedBlock(0, 2)).folder(store, Part.DISTRIBUTED)

    def stop_and_let_time_pass(processes: list[psutil.Process]) -> None:
        send(signal.SIGSTOP, 1)(processes)
        wait_for(lambda: np.ptp(list(folder.last_beats().values())) > 3)
        later = SimpleNamespace(monotonic=lambda: time.monotonic() + options.time_limit, sleep=time.sleep)
        monkeypatch.setattr(launch, "time", later)

    error = run_and_disturb(store, options, stop_and_let_time_pass)
    assert "the time limit of 120 s passed; rank 1 stopped first" in str(error)


def command(store: Store, *points: Setting) -> list[str]:
    words = [sys.executable, "-m", "harness", "run", SUITE.name, *(point.id for point in points)]
    return [*words, "--results", str(store.root), "--time-limit", "120"]


def test_killed_harness_leaves_nobody_and_the_next_one_goes_on(store: Store) -> None:
    points = [setting(2), setting(3)]
    first = subprocess.Popen(command(store, *points), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = store.root / SUITE.name / points[0].id
    wait_for(done.exists)
    wait_for(lambda: len(workers_of(store)) == 3)
    first.kill()
    first.wait()
    wait_for(lambda: not workers_of(store), seconds=20)
    made = next(done.iterdir()).stat().st_mtime_ns
    again = subprocess.run(command(store, *points), capture_output=True, text=True, check=False)
    assert "1 of 2 runs are stored already" in again.stdout
    assert again.returncode == 2  # the sweep's own settings were not run
    assert next(done.iterdir()).stat().st_mtime_ns == made
    assert len(store.records(SUITE.name)) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_harness_says_so_and_leaves_nobody(store: Store, number: signal.Signals) -> None:
    process = subprocess.Popen(command(store, setting(2)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: workers_of(store))
    process.send_signal(number)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert complaint == "harness: interrupted; finished runs are stored, and the same command goes on from there\n"
    wait_for(lambda: not workers_of(store), seconds=10)


def test_measuring_that_is_ended_leaves_nobody(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "harness", "plan", "--net", "8,8", "--measure", "--results", str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # A process alone comes first.
    wait_for(lambda: psutil.Process(process.pid).children(recursive=True))
    launched = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    assert process.wait(timeout=60) == 130
    assert not psutil.wait_procs(launched, timeout=10)[1]


def test_replicates_are_added_until_decided_and_no_longer(store: Store) -> None:
    told: list[str] = []
    points = [setting(2), setting(2, Fault.NO_EXCHANGE)]
    run_until_decided(SUITE, points, store, MPI, lambda event: told.append(event.text), 64)
    assert f"{points[0].id}: supported after 32 replicates" in told
    assert f"{points[1].id}: refuted after 16 replicates" in told
    before = len(told)
    run_until_decided(SUITE, points, store, replace(MPI, time_limit=1e-3), lambda e: told.append(e.text), 64)
    assert len(told) == before + 2


def test_adding_stops_at_the_limit(store: Store) -> None:
    told: list[str] = []
    run_until_decided(SUITE, [setting(2)], store, MPI, lambda event: told.append(event.text), 10)
    assert told[-1] == f"{setting(2).id}: inconclusive after 10 replicates"
