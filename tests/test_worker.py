from __future__ import annotations

from pathlib import Path

import pytest

from harness.store import PartFolder
from harness.worker import Silence


def test_silence_is_measured_by_this_machines_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("harness.worker.time.monotonic", lambda: now)
    folder = PartFolder(tmp_path, 1)
    silence = Silence(folder.parent_beat)
    now = 107.0
    assert silence.seconds() == 7.0  # no sign was ever seen
    folder.beat_parent()
    assert silence.seconds() == 0.0
    now = 110.0
    assert silence.seconds() == 3.0
    folder.beat_parent()
    assert silence.seconds() == 0.0
