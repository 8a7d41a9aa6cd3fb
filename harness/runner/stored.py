"""What is stored already of a sweep, and need not be repeated."""

from __future__ import annotations

from harness import registry
from harness.errors import BadInputError, DamagedError
from harness.record import Machine
from harness.runner.event import Event, Notify
from harness.spec import SeedBlock, Setting, Suite
from harness.store import Store


def is_stored(suite: Suite, setting: Setting, block: SeedBlock, store: Store, here: Machine, notify: Notify) -> bool:
    """Whether a setting need not be run again with some seeds; a damaged or stale record is set aside.

    Args:
        suite: the suite.
        setting: point of its sweep.
        block: the seeds.
        store: the results folder.
        here: the machine.
        notify: told what was set aside.

    Returns:
        Whether there is a sound record, made by the same code on this machine.

    Raises:
        BadInputError: the record is of another machine.
    """
    key = (suite.name, setting, block)
    try:
        facts = store.facts(*key)
    except DamagedError as error:
        aside = store.set_aside(*key, "damaged")
        notify(Event(f"damaged record set aside as {aside}: {error.what}"))
        return False
    if facts is None:
        return False
    if facts.machine.id != here.id:
        raise BadInputError(
            f"holds records of another machine: {facts.machine.id}",
            where=str(store.root),
            remedy="keep one results folder per machine (--results)",
        )
    if facts.code != registry.code_hash(suite.name):
        aside = store.set_aside(*key, "stale")
        notify(Event(f"record of older code set aside as {aside}"))
        return False
    return True
