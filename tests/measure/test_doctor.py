from __future__ import annotations

from pathlib import Path

import pytest

from harness.measure import doctor, launch, machine
from harness.measure.launch import Launcher


@pytest.mark.distributed
def test_everything_is_there_and_two_ranks_really_added_up(tmp_path: Path) -> None:
    checks = {check.name: check for check in doctor.examine(tmp_path)}
    for launcher in ("mpi", "gloo"):
        assert checks[f"two-rank allreduce ({launcher})"].detail.startswith("1 + 2 = 3 on 2 ranks")
    assert all(check.ok for check in checks.values() if check.needed)
    assert checks["controllers"].detail == "mpi, gloo"


def test_missing_things_come_with_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(launch, "_PROGRAMS", {Launcher.MPI: "no-mpirun", Launcher.GLOO: "no-horovodrun"})
    monkeypatch.setattr(doctor, "_horovod", lambda: iter(()))
    monkeypatch.setattr(doctor, "peer_checks", lambda: iter(()))
    monkeypatch.setenv("PATH", "/nowhere")
    checks = {check.name: check for check in doctor.examine(tmp_path)}
    missing = {name for name, check in checks.items() if not check.ok}
    assert missing == {
        "C++17 compiler",
        "two-rank allreduce (mpi)",
        "two-rank allreduce (gloo)",
        "a launcher that works",
    }
    assert all(checks[name].remedy for name in missing)
    assert checks["a launcher that works"].needed


def test_machine_and_versions_are_stated() -> None:
    here = machine.describe()
    assert here.cores >= 1
    assert here.memory_bytes > 2**28
    assert machine.versions()["horovod"] == "0.28.1"
