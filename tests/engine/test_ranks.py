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


def test_ranks_start_without_what_only_keras_would_like_and_find_it_later() -> None:
    code = (
        "import sys, harness.engine.ranks; early = {'sklearn', 'pandas', 'matplotlib'} & set(sys.modules);"
        "import sklearn, pandas, matplotlib, keras; assert keras.Sequential; sys.exit(', '.join(early) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_file_under_check_finds_all_of_keras() -> None:
    code = (
        "import sys, harness.engine.check; from harness.engine.runtime import tf;"
        "sys.exit(not {'sklearn', 'pandas'} <= set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
