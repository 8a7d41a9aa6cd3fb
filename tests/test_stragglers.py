from __future__ import annotations

import numpy as np
import pytest

from harness.spec import Stragglers
from harness.stragglers import MEAN_SECONDS, service


def test_laws_are_what_they_say() -> None:
    shape = (4, 20_000)
    assert not service(Stragglers.NONE, *shape, 0).any()
    lognormal = np.log(service(Stragglers.LOGNORMAL, *shape, 0) / MEAN_SECONDS)
    # Five standard errors of 80,000 draws.
    assert lognormal.std() == pytest.approx(0.5, abs=0.0063)
    assert np.exp(lognormal).mean() == pytest.approx(1.0, abs=0.0095)
    pauses = service(Stragglers.PAUSES, *shape, 0) / MEAN_SECONDS
    assert set(np.unique(pauses).tolist()) == {1.0, 5.0}
    assert (pauses == 5).mean() == pytest.approx(0.05, abs=0.0039)
    slow = service(Stragglers.SLOW_RANK, *shape, 0) / MEAN_SECONDS
    assert (slow[0] == 2).all()
    assert (slow[1:] == 1).all()


def test_times_come_from_the_seed_and_are_the_same_on_every_rank() -> None:
    one, again, other = (service(Stragglers.LOGNORMAL, 4, 10, first) for first in (8, 8, 16))
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()
