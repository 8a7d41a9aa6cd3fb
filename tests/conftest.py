"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from harness import registry
from harness.record import Machine
from harness.spec import Role
from harness.store import Store
from samples import MACHINE, record

# Examples are not timed: the machine may be busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty results folder."""
    return Store(tmp_path / "results")


@pytest.fixture
def complete(store: Store) -> Callable[..., Store]:
    """Fills a results folder with a record for every setting of a suite; controls exceed, the rest do not."""

    def fill(machine: Machine = MACHINE, into: Store = store) -> Store:
        for point in registry.load("data_partition_bsp").settings:
            size = 0.5 if point.role is Role.CONTROL else 1e-15
            draws = np.random.default_rng(0).uniform(0.5, 1.5, size=(point.replicates, 14))
            into.save(record(point, size * draws, machine=machine, code=registry.code_hash("data_partition_bsp")))
        return into

    return fill
