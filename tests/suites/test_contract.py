"""Rules that every suite must keep; a new suite is covered by being there."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from harness import data, registry
from harness.spec import Role, Setting, Suite
from harness.stats.intervals import replicates_to_certify
from harness.store import Store
from harness.verdict import Word

pytestmark = pytest.mark.contract
every_suite = pytest.mark.parametrize("suite", [registry.load(name) for name in registry.names()], ids=registry.names())


@every_suite
def test_claim_is_stated_in_full(suite: Suite) -> None:
    for field in fields(suite.claim):
        assert getattr(suite.claim, field.name), f"{suite.name}: CLAIM.{field.name} is empty"
    assert suite.claim.kind in {"convergence", "protocol", "scaling"}
    module = sys.modules[f"{registry.PACKAGE}.{suite.name}"]
    for word in ("Claim", "Source", "Assumptions", "refute"):
        assert word in (module.__doc__ or ""), f"{suite.name}: its docstring does not state: {word}"


@every_suite
def test_sweep_is_frozen_data_with_an_anchor_and_a_control(suite: Suite) -> None:
    assert isinstance(suite.settings, tuple)
    roles = [setting.role for setting in suite.settings]
    assert {Role.CLAIM, Role.ANCHOR, Role.CONTROL} <= set(roles), f"{suite.name}: a role is missing"
    ids = [setting.id for setting in suite.settings]
    assert len(set(ids)) == len(ids), f"{suite.name}: two settings have the same id"
    assert all(
        setting == Setting.parse(setting.id, setting.replicates)
        for setting in suite.settings
        if setting.role is not Role.ANCHOR
    )


@every_suite
def test_smallest_setting_comes_first(suite: Suite) -> None:
    sizes = [setting.training.parameters * setting.training.clocks for setting in suite.settings]
    assert sizes[0] == min(sizes)


@every_suite
def test_anchors_are_undistributed_and_controls_are_broken(suite: Suite) -> None:
    for setting in suite.settings:
        if setting.role is Role.ANCHOR:
            assert setting.distribution.workers == 1 or setting.distribution.staleness == 0
        assert (setting.distribution.fault != "none") == (setting.role is Role.CONTROL)


@every_suite
def test_replicates_can_decide(suite: Suite) -> None:
    needed = replicates_to_certify(0, suite.tolerance.delta, suite.tolerance.alpha)
    assert all(setting.replicates >= needed for setting in suite.settings), f"{suite.name}: {needed} are needed"
    assert suite.tolerance.derivation


@every_suite
def test_data_fit_the_nets(suite: Suite) -> None:
    for training in {setting.training for setting in suite.settings}:
        examples = data.load(training.data)
        assert examples.features.shape[1] == training.widths[0]
        assert examples.labels.max() < training.widths[-1]
        assert training.batch <= len(examples)


@every_suite
def test_modules_have_the_functions_that_the_harness_calls(suite: Suite) -> None:
    run, analysis = registry.run_module(suite.name), registry.analysis_module(suite.name)
    expected = (
        {"base": ["setting"], "measure": ["taken"]}
        if suite.claim.kind == "scaling"
        else {
            "undistributed": ["training", "replicates"],
            "distributed": ["setting", "replicates", "emit"],
            "measure": ["run"],
        }
    )
    for name, parameters in expected.items():
        assert list(inspect.signature(getattr(run, name)).parameters) == parameters
    assert list(inspect.signature(analysis.judge).parameters) == ["records", "rule"]
    assert registry.plots(suite.name), f"{suite.name}: no plot_… in analysis.py"
    assert all(registry.caption(draw) for draw in registry.plots(suite.name).values())


@every_suite
def test_figures_of_a_sweep_that_has_only_begun_are_drawn(suite: Suite) -> None:
    for name, plot in registry.plots(suite.name).items():
        assert isinstance(plot([]), Figure), f"{suite.name}: {name}"


@every_suite
def test_runs_neither_print_nor_open_files(suite: Suite) -> None:
    for module in (registry.run_module(suite.name), registry.analysis_module(suite.name)):
        source = inspect.getsource(module)
        assert "print(" not in source
        assert "open(" not in source
        assert not re.search(r"\.(write|write_text|write_bytes|save)\(", source)


@every_suite
def test_judging_and_loading_import_no_tensorflow(suite: Suite) -> None:
    code = (
        f"import sys; from harness import registry; registry.load({suite.name!r});"
        f"registry.run_module({suite.name!r}); registry.analysis_module({suite.name!r});"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@every_suite
def test_judge_gives_a_word_and_figures_are_drawn(suite: Suite, complete: Callable[[], Store]) -> None:
    if suite.name != "data_partition_bsp":
        pytest.skip("records made by hand exist for data_partition_bsp only")
    records = complete().records(suite.name)
    module = registry.analysis_module(suite.name)
    assert module.judge(records).word is Word.SUPPORTED
    assert module.judge(records[:1]).word is Word.INCONCLUSIVE
    for draw in registry.plots(suite.name).values():
        assert isinstance(draw(records), Figure)


def test_every_folder_of_suites_is_found() -> None:
    package = Path(inspect.getfile(sys.modules[registry.PACKAGE])).parent
    folders = {path.name for path in package.iterdir() if path.is_dir() and not path.name.startswith("_")}
    assert set(registry.names()) == folders
    for name in folders:
        for file in ("__init__.py", "sweep.py", "run.py", "analysis.py"):
            assert (package / name / file).is_file(), f"{name}/{file} is missing"
