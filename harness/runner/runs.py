"""The runs of a suite: planned, and carried out and stored where they are not stored yet."""

from __future__ import annotations

from collections.abc import Sequence

from harness import registry
from harness.measure import machine
from harness.measure.launch import choose, quote
from harness.runner.event import Event, Notify, in_turn
from harness.runner.execution import carry_out
from harness.runner.run import Options, Run
from harness.runner.stored import is_stored
from harness.spec import Part, SeedBlock, Setting, Suite
from harness.stats.suites import SEQUENTIAL, covered
from harness.store import Store
from harness.verdict import Word

# Replicates that are added at a time until a setting is decided: two blocks decide a clean one at δ = 0.10.
_BLOCK = 16


def plan(suite: Suite, settings: Sequence[Setting], store: Store, options: Options) -> list[str]:
    """Launch lines that the runs of some settings consist of, in order.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.

    Returns:
        One line per launch, without repetition, ready for a shell.

    Raises:
        BadInputError: no launcher is installed.
    """
    runs = [Run(suite, setting, block) for setting in settings for block in setting.blocks]
    lines: dict[object, str] = {}
    for run in runs:
        for part in Part:
            launcher = run.launchers(options)[0]
            lines.setdefault(run.folder(store, part), quote(run.line(store, part, options, launcher)))
    return list(lines.values())


def run_suite(suite: Suite, settings: Sequence[Setting], store: Store, options: Options, notify: Notify) -> None:
    """Run all planned replicates of some settings.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.
        notify: told of every step.

    Raises:
        BadInputError: the folder cannot be used, or holds records of another machine.
        LaunchError: a rank died or the time limit passed; what was finished before is stored.
    """
    run_blocks(suite, [(setting, block) for setting in settings for block in setting.blocks], store, options, notify)


def run_blocks(
    suite: Suite, blocks: Sequence[tuple[Setting, SeedBlock]], store: Store, options: Options, notify: Notify
) -> None:
    """Run what has no sound, up-to-date record yet.

    Args:
        suite: the suite.
        blocks: settings, each with seeds.
        store: the results folder.
        options: how to launch.
        notify: told of every step.

    Raises:
        BadInputError: the folder cannot be used, or holds records of another machine.
        LaunchError: a rank died or the time limit passed; what was finished before is stored.
    """
    here = machine.describe()
    choose(options.launcher)
    with store.locked():
        runs = [Run(suite, setting, block) for setting, block in blocks]
        waiting = [run for run in runs if not is_stored(suite, run.setting, run.block, store, here, notify)]
        if len(waiting) < len(runs):
            notify(Event(f"{len(runs) - len(waiting)} of {len(runs)} runs are stored already"))
        for run in in_turn(waiting, notify):
            store.save(carry_out(run, store, options, here, notify))
            run.folder(store, Part.DISTRIBUTED).discard()
        store.discard_work(suite.name)


def run_until_decided(
    suite: Suite, settings: Sequence[Setting], store: Store, options: Options, notify: Notify, most: int
) -> None:
    """Add replicates to each setting, a block at a time, until the sequential rule decides it.

    What is on disk is the state: stopped at any moment, it goes on from there.

    Args:
        suite: the suite.
        settings: points of its sweep.
        store: the results folder.
        options: how to launch.
        notify: told of every step.
        most: replicates per setting at most.

    Raises:
        BadInputError: as `run_suite`.
        LaunchError: as `run_suite`.
    """
    here, undecided = machine.describe(), list(settings)
    for setting in settings:
        for block in store.blocks(suite.name, setting):
            is_stored(suite, setting, block, store, here, notify)
    while undecided:
        # All settings go on together, so that those with the same training share its undistributed part.
        records, blocks = store.records(suite.name), []
        verdict = registry.analysis_module(suite.name).judge(records, SEQUENTIAL)
        words = {part.subject: part.word for part in verdict.parts}
        for setting in tuple(undecided):
            word = words.get(setting.id, Word.INCONCLUSIVE)
            reached = covered(setting, records)
            if reached and (word is not Word.INCONCLUSIVE or reached >= most):
                notify(Event(f"{setting.id}: {word} after {reached} replicates"))
                undecided.remove(setting)
            else:
                blocks.append((setting, SeedBlock(reached, min(_BLOCK, most - reached))))
        if blocks:
            run_blocks(suite, blocks, store, options, notify)
