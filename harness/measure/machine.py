"""Facts about the machine and the installed versions, without importing what they are about."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from harness.record import Machine

PACKAGES = ("lockstep", "tensorflow-cpu", "tensorflow", "horovod", "openmpi", "torch", "numpy", "scipy")


def describe() -> Machine:
    """The machine that this process runs on.

    Returns:
        Its name, processor, usable cores and memory.
    """
    return Machine(
        node=platform.node(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()}",
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def versions() -> dict[str, str]:
    """Installed versions of what a result depends on.

    Returns:
        Version by package, Python included; packages that are not installed are left out.
    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
