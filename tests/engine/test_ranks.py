from __future__ import annotations

import subprocess
import sys


def test_only_training_imports_tensorflow() -> None:
    code = (
        "import sys, harness.cli, harness.runner.runs, harness.worker, suites.data_partition_bsp.run,"
        "suites.data_partition_bsp.analysis;"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'horovod')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_reference_does_not_import_horovod() -> None:
    code = "import sys, harness.engine.reference; sys.exit('horovod' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
