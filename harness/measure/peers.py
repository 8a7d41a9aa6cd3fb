"""Which peers can be timed here, found out without importing or starting any."""

from __future__ import annotations

from importlib.util import find_spec

from harness.spec import Framework

# What a framework is imported as, and how it gets here.
_NEEDED = {
    Framework.TAPE: ("horovod", "run `make verify`, which builds it"),
    Framework.DDP: ("torch", "pip install 'lockstep[peers]'"),
    Framework.MIRRORED: ("tensorflow", "pip install 'lockstep[cpu]'"),
}


def remedy(framework: Framework) -> str:
    """What to do where a peer is missing.

    Args:
        framework: of the peer.

    Returns:
        A command, or what to run.
    """
    return _NEEDED[framework][1]


def missing(framework: Framework) -> str | None:
    """Why a peer cannot be timed here.

    Args:
        framework: of the peer.

    Returns:
        One line that names the remedy; None where nothing is missing.
    """
    module, _ = _NEEDED[framework]
    return None if find_spec(module) else f"{framework.words}: {module} is not installed; {remedy(framework)}"
