"""Processes that are stopped while they wait, and what becomes of them when nobody is left to continue them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from harness.measure.rest import Stoppable

BUSY = "while True: pass"
# Stops a process that would end if it saw that this one is gone, and says so.
ASKER = """
import os, subprocess, sys, time
from harness.measure.rest import Stoppable
look = "import os, sys, time\\nwhile os.getppid() == int(sys.argv[1]): time.sleep(0.01)"
child = subprocess.Popen([sys.executable, "-c", look, str(os.getpid())])
Stoppable([child.pid]).stop()
print(child.pid, flush=True)
time.sleep(1000)
"""


def wait_until_stopped(process: psutil.Process) -> None:
    while process.status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)


def test_what_is_stopped_uses_no_time_and_goes_on_when_it_is_told_to() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        process, stoppable = psutil.Process(busy.pid), Stoppable([busy.pid])
        stoppable.stop()
        wait_until_stopped(process)
        before = process.cpu_times().user
        time.sleep(0.2)
        assert process.cpu_times().user == before
        stoppable.go_on()
        while process.cpu_times().user == before:
            time.sleep(0.01)
        stoppable.stop()
        stoppable.close()
        assert process.status() != psutil.STATUS_STOPPED
        busy.kill()


def test_what_has_ended_need_not_be_continued() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        stoppable = Stoppable([busy.pid])
        busy.kill()
        busy.wait()
        stoppable.stop()
        stoppable.go_on()
        stoppable.close()


@pytest.mark.timeout(60)
def test_stopped_processes_see_that_their_asker_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", ASKER], stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        child = psutil.Process(int(asker.stdout.readline()))
        wait_until_stopped(child)
        os.kill(asker.pid, signal.SIGKILL)
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
