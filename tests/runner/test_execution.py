from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.errors import LaunchError
from harness.measure.launch import Launcher
from harness.runner import execution
from harness.runner.event import Event
from harness.runner.run import Options, Run
from harness.spec import Role, SeedBlock, Setting, StalePartition, StepSize, Training
from harness.store import Store
from samples import MACHINE

POINT = Setting(Role.CLAIM, Training("digits", (64, 8, 10), 16, 30, StepSize(0.1)), StalePartition(2, 1), 2)


@pytest.mark.parametrize(
    ("changed", "said"), [(True, "the code changed while it ran; run it again"), (False, "ended without a result")]
)
def test_a_launch_that_leaves_nothing_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: bool, said: str
) -> None:
    """Processes that find other code leave what they made elsewhere, under its hash."""
    monkeypatch.setattr(execution, "execute", lambda *given, **named: None)
    monkeypatch.setattr(registry, "code_changed", lambda name: changed)
    run = Run(registry.load("ssp_history"), POINT, SeedBlock(0, 2))
    with pytest.raises(LaunchError, match=said):
        execution.carry_out(run, Store(tmp_path), Options(Launcher.MPI), MACHINE, _quiet)


def _quiet(event: Event) -> None:
    """Say nothing."""
