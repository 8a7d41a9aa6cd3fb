from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.errors import BadInputError

SUITE = registry.load("data_partition_bsp")
DIGITS = "digits-64x32x10-tanh-b32-c2000-eta0.1"


def test_unknown_names_come_with_a_suggestion() -> None:
    suggestion = "no suite 'data_partition'; did you mean data_partition_ssp or data_partition_bsp"
    with pytest.raises(BadInputError, match=suggestion):
        registry.load("data_partition")
    with pytest.raises(BadInputError, match=f"no setting of data_partition_bsp 'digits-w2'; did you mean .*{DIGITS}"):
        registry.setting(SUITE, "digits-w2")


def test_settings_of_the_sweep_keep_their_role() -> None:
    assert registry.setting(SUITE, f"{DIGITS}-w1").role == "anchor"
    assert registry.setting(SUITE, f"{DIGITS}-w2-no-exchange").role == "control"


def test_any_other_point_is_a_claim() -> None:
    point = registry.setting(SUITE, "teacher-64x8x10-relu-b12-c50-eta0.05-w3")
    assert (point.role, point.distribution.workers, point.training.clocks) == ("claim", 3, 50)


def test_patterns_select_in_order_without_repetition() -> None:
    chosen = registry.select(SUITE, [f"{DIGITS}*", "mnist*-w2"], [])
    assert [point.id for point in chosen][:3] == [f"{DIGITS}-w2", f"{DIGITS}-w4", f"{DIGITS}-w1"]
    assert len({point.id for point in chosen}) == len(chosen) == 7


def test_workers_replace_those_of_the_claims() -> None:
    chosen = registry.select(SUITE, [f"{DIGITS}*"], [3, 5])
    claims = [point.distribution.workers for point in chosen if point.role == "claim"]
    assert claims == [3, 5]
    assert [point.role for point in chosen].count("control") == 3


@pytest.mark.parametrize(
    ("workers", "said"), [(0, "0 workers cannot train"), (33, "33 workers cannot share 32 examples")]
)
def test_impossible_workers_are_refused(workers: int, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        registry.select(SUITE, [], [workers])


def test_code_hash_covers_training_but_not_judging() -> None:
    first = registry.code_hash("data_partition_bsp")
    assert len(first) == 64
    assert first == registry.code_hash("data_partition_bsp")
    covered = {file.name for file in registry.code_files("ssp_history")}
    assert "folding.cpp" in covered
    assert {"table.py", "delays.py", "stragglers.py", "recorder.py", "checker.py", "schedule.py", "run.py"} <= covered
    assert not {"convergence.py", "analysis.py", "sweep.py", "figures.py"} & covered


def test_code_that_is_another_than_it_was_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.code_hash("ssp_history")
    assert not registry.code_changed("ssp_history")
    files = registry.code_files("ssp_history")
    other = tmp_path / files[0].name
    other.write_text("pass")
    monkeypatch.setattr(registry, "code_files", lambda name: [other, *files[1:]])
    assert registry.code_changed("ssp_history")
