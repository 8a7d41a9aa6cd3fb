"""Compiles `harness/engine/folding.cpp` into the package, where the harness is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Sums must be the same bits everywhere: so no product and sum are made one operation.
FLAGS = ("-std=c++17", "-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-shared", "-fPIC")


class Compiled(BuildHookInterface):
    """The build hook."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say that a wheel is for this kind of machine.

        Args:
            version: not used.
            build_data: what becomes of the wheel.

        Raises:
            RuntimeError: there is no compiler.
        """
        compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
        if compiler is None:
            raise RuntimeError("no C++17 compiler is on the path: install one; Horovod needs it too")
        source = Path(self.root, "harness", "engine", "folding.cpp")
        finished = source.with_name("libfolding.so")
        made = finished.with_suffix(".new")
        subprocess.run([*compiler.split(), *FLAGS, str(source), "-o", str(made)], check=True)
        # What is loaded already keeps the file that it has.
        made.replace(finished)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
