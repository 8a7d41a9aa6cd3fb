from __future__ import annotations

from pathlib import Path

import pytest

from harness.measure.deaths import host_not_reached, rank_that_died, rank_waited_for


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("Process name: [prterun-host-123@1,2]\nExit code:    9\n", 2),
        ("[0]<stderr>:x\nProcess 1 exit with status code 9.\n", 1),
        ("prterun noticed that process rank 3 with PID 0 on node host exited on signal 9 (Killed).\n", 3),
        ("all is well\n", None),
    ],
)
def test_launchers_name_the_rank_that_ended_first(tmp_path: Path, text: str, rank: int | None) -> None:
    (tmp_path / "log").write_text(text)
    assert rank_that_died(tmp_path / "log") == rank


@pytest.mark.parametrize(
    ("text", "host"),
    [
        (
            "A daemon failed to report back:\n\n  Local host:    h1\n  Remote host:   h2\n  Daemon exit status: 255\n",
            "h2",
        ),
        ("ssh not successful for host h3:\nssh: Could not resolve hostname h3\n", "h3"),
        ("all is well\n", None),
    ],
)
def test_launchers_name_the_host_that_they_do_not_reach(tmp_path: Path, text: str, host: str | None) -> None:
    (tmp_path / "log").write_text(text)
    assert host_not_reached(tmp_path / "log") == host


@pytest.mark.parametrize(
    ("text", "rank"), [("Missing ranks:\n2: [gradients]\n", 2), ("missing ranks: 1\n", 1), ("", None)]
)
def test_horovod_names_the_rank_that_it_waits_for(tmp_path: Path, text: str, rank: int | None) -> None:
    (tmp_path / "log").write_text(text)
    assert rank_waited_for(tmp_path / "log") == rank


def test_a_log_that_is_not_there_names_nobody(tmp_path: Path) -> None:
    assert rank_that_died(tmp_path / "none") is None
