"""Who is started to time some settings, and whether what they show is measured or emulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import BadInputError
from harness.measure.launch import Launcher, choose
from harness.measure.stage import Cast
from harness.record import Machine
from harness.runner.run import Options
from harness.spec import (
    Controller,
    DataPartition,
    Framework,
    ModelPartition,
    PeerPartition,
    Role,
    Setting,
    StalePartition,
    Stragglers,
)
from harness.spec.timings import AFTER, WARM

# Team of the one process that trains undistributed.
ALONE = "alone"


def is_emulated(setting: Setting, cores: int) -> bool:
    """Whether ranks must sleep in the place of computing: there are fewer cores than ranks, or times are prescribed.

    Args:
        setting: who is timed, one thread per rank.
        cores: of the machine, or of all hosts together.

    Returns:
        Whether its points are emulated ones.
    """
    partition = setting.distribution
    prescribed = isinstance(partition, StalePartition) and partition.stragglers is not Stragglers.NONE
    return prescribed or partition.ranks > cores


def casts(settings: Sequence[Setting], bases: Sequence[Setting], cores: int, options: Options) -> list[Cast]:
    """Teams that time some settings: one undistributed process, and one team per launcher and number of ranks.

    Args:
        settings: who is timed.
        bases: undistributed trainings whose times are T(1).
        cores: that ranks may compute on.
        options: how to launch.

    Returns:
        The teams.

    Raises:
        BadInputError: no launcher is installed.
    """
    alone = [*bases, *references(settings, cores)]
    alone += [worker for s in settings if is_emulated(s, cores) for worker in calibrated_by(s)]
    found = {ALONE: Cast(ALONE, "alone", 1, None, tuple(dict.fromkeys(alone)))}
    for setting in settings:
        name, kind, launcher = team_of(setting, options)
        before = found[name].settings if name in found else ()
        found[name] = Cast(name, kind, setting.distribution.ranks, launcher, (*before, setting))
    return list(found.values())


def references(settings: Sequence[Setting], cores: int) -> list[Setting]:
    """Undistributed trainings whose weights those are compared with that compute some.

    Args:
        settings: who is timed.
        cores: that ranks may compute on.

    Returns:
        Each once.
    """
    return list(dict.fromkeys(undistributed(setting) for setting in settings if not is_emulated(setting, cores)))


def undistributed(setting: Setting) -> Setting:
    """The same training in one process without Horovod.

    Args:
        setting: any.

    Returns:
        Its reference.
    """
    return replace(setting, role=Role.CLAIM, distribution=DataPartition(1), replicates=1)


def calibrated_by(setting: Setting) -> list[Setting]:
    """Whose worker 0 computes what a rank of the setting would.

    Args:
        setting: one that is emulated.

    Returns:
        One setting; none where times are prescribed.

    Raises:
        BadInputError: nobody knows how to emulate it.
    """
    match setting.distribution:
        case StalePartition(stragglers=Stragglers.NONE) as partition:
            return [replace(setting, distribution=DataPartition(partition.workers))]
        case DataPartition() | ModelPartition():
            return [setting]
        case PeerPartition():
            raise BadInputError(
                "a peer is timed as it is, on a core per rank", where=setting.id, remedy="use more cores or hosts"
            )
    return []


def team_of(setting: Setting, options: Options) -> tuple[str, str, Launcher]:
    """The team that a setting is timed in.

    Args:
        setting: who is timed.
        options: how to launch.

    Returns:
        Its name, its kind and what starts it.

    Raises:
        BadInputError: no launcher is installed.
    """
    partition, wanted = setting.distribution, options.launcher
    named = getattr(partition, "controller", Controller.ANY)
    launcher = choose(wanted if named is Controller.ANY else Launcher(named))[0]
    if isinstance(partition, PeerPartition) and partition.framework is not Framework.TAPE:
        return f"{partition.framework}-{partition.ranks}", str(partition.framework), Launcher.MPI
    return f"{launcher}-{partition.ranks}", "horovod", launcher


def timed_clocks(setting: Setting) -> int:
    """How many clocks of a turn are timed.

    Args:
        setting: who is timed.

    Returns:
        All but those before and after.

    Raises:
        BadInputError: there is none.
    """
    clocks = setting.training.clocks - WARM - AFTER
    if clocks < 1:
        raise BadInputError(
            f"{setting.training.clocks} clocks leave none to be timed",
            where=setting.id,
            remedy=f"{WARM} come before and {AFTER} after those that are timed",
        )
    return clocks


def cores_of(options: Options, here: Machine) -> int:
    """Cores that ranks may compute on.

    Args:
        options: hosts with their slots.
        here: this machine.

    Returns:
        All slots, or the cores of this machine.
    """
    return sum(slots for _, slots in options.hosts.slots) or here.cores
