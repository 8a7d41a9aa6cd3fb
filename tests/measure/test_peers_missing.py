"""Peers that are not installed are named with a remedy, and looking for them starts none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.measure import doctor
from harness.measure.peers import missing
from harness.spec import Framework


def test_what_is_missing_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("torch", "tensorflow", "horovod"):
        monkeypatch.setitem(sys.modules, module, None)
    reasons = {framework: missing(framework) or "" for framework in Framework}
    assert "torch is not installed; pip install 'lockstep[peers]'" in reasons[Framework.DDP]
    assert "tensorflow is not installed" in reasons[Framework.MIRRORED]
    assert "horovod is not installed" in reasons[Framework.TAPE]
    checks = {check.name: check for check in doctor.peer_checks()}
    assert checks["peer ddp"].remedy == "pip install 'lockstep[peers]'"
    assert not any(check.ok or check.needed for check in checks.values())


def test_what_is_there_is_not_missing() -> None:
    assert missing(Framework.TAPE) is None
    assert missing(Framework.MIRRORED) is None


def test_looking_for_peers_imports_none_of_them() -> None:
    program = """
import sys
from harness.measure.peers import missing
from harness.spec import Framework
for framework in Framework:
    missing(framework)
sys.exit(", ".join({"torch", "tensorflow", "horovod"} & set(sys.modules)) or 0)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
