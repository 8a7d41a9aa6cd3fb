"""Discovery of suites: every folder of the package `suites` is one; nothing to register."""

from __future__ import annotations

import hashlib
import pkgutil
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, Never

from harness.errors import UnknownNameError
from harness.spec import Role, Setting, Suite

PACKAGE = "suites"
# What a result depends on, besides the suite's own sweep and run.
_DEPENDENCIES = (
    "engine",
    "data",
    "schedule.py",
    "spec",
    "layout.py",
    "scheduler.py",
    "delays.py",
    "stragglers.py",
    "turns.py",
    "history",
)


def names() -> tuple[str, ...]:
    """Names of all suites.

    Returns:
        Folder names in alphabetical order.
    """
    package = import_module(PACKAGE)
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg))


def load(name: str) -> Suite:
    """Claim, tolerance and settings of a suite, without what runs or judges it.

    Args:
        name: name of its folder.

    Returns:
        The suite.

    Raises:
        UnknownNameError: there is no suite of that name.
    """
    if name not in names():
        _refuse("suite", name, names())
    package, sweep = import_module(f"{PACKAGE}.{name}"), import_module(f"{PACKAGE}.{name}.sweep")
    return Suite(name, package.CLAIM, sweep.TOLERANCE, sweep.SETTINGS)


def setting(suite: Suite, name: str) -> Setting:
    """A setting by its name: one of the sweep, or any other point, since names are built from parameters.

    Args:
        suite: the suite.
        name: id of the setting.

    Returns:
        The setting; beyond the sweep, with as many replicates as the first setting has.

    Raises:
        UnknownNameError: the name is neither.
    """
    for candidate in suite.settings:
        if candidate.id == name:
            return candidate
    try:
        return Setting.parse(name, suite.settings[0].replicates)
    except UnknownNameError as error:
        _refuse(f"setting of {suite.name}", name, [candidate.id for candidate in suite.settings], error)


def select(suite: Suite, patterns: Sequence[str], workers: Sequence[int]) -> tuple[Setting, ...]:
    """Settings that a user asks for.

    Args:
        suite: the suite.
        patterns: ids or shell patterns; empty for all.
        workers: numbers of workers that replace those of the sweep's claims; empty to keep them.

    Returns:
        Settings without repetition, in the order of the sweep.

    Raises:
        UnknownNameError: a pattern fits no setting, or a number of workers cannot be used.
    """
    chosen = list(suite.settings)
    if workers:
        sweep = import_module(f"{PACKAGE}.{suite.name}.sweep")
        change = getattr(sweep, "with_workers", Setting.with_workers)
        claims = [change(s, count) for s in chosen if s.role is Role.CLAIM for count in workers]
        chosen = claims + [s for s in chosen if s.role is not Role.CLAIM]
    if patterns:
        named = [_matching(suite, pattern, chosen) for pattern in patterns]
        chosen = list(chain.from_iterable(named))
    return tuple({s.id: s for s in chosen}.values())


def _matching(suite: Suite, pattern: str, settings: Sequence[Setting]) -> list[Setting]:
    return [s for s in settings if fnmatchcase(s.id, pattern)] or [setting(suite, pattern)]


def run_module(name: str) -> ModuleType:
    """Module with the suite's `undistributed`, `distributed` and `measure`.

    Args:
        name: name of the suite.

    Returns:
        The module.
    """
    return import_module(f"{PACKAGE}.{name}.run")


def analysis_module(name: str) -> ModuleType:
    """Module with the suite's `judge` and `plot_…`.

    Args:
        name: name of the suite.

    Returns:
        The module.
    """
    return import_module(f"{PACKAGE}.{name}.analysis")


def plots(name: str) -> dict[str, Callable[..., Any]]:
    """Figures that a suite can draw.

    Args:
        name: name of the suite.

    Returns:
        Function by figure name: `plot_gaps` is `gaps`.
    """
    module = analysis_module(name)
    return {key.removeprefix("plot_"): value for key, value in vars(module).items() if key.startswith("plot_")}


def caption(draw: Callable[..., Any]) -> str:
    """What a figure shows: the docstring of the function that draws it, up to its arguments.

    Args:
        draw: one of `plots`.

    Returns:
        One line.
    """
    return " ".join((draw.__doc__ or "").partition("Args:")[0].split())


def code_files(name: str) -> list[Path]:
    """Files that a suite's records depend on.

    Args:
        name: name of the suite.

    Returns:
        Paths in a fixed order.
    """
    harness = Path(__file__).parent
    suite = Path(next(iter(import_module(PACKAGE).__path__))) / name
    roots = [harness / part for part in _DEPENDENCIES] + [suite / "run.py"]
    return [file for root in roots for file in (_sources(root) if root.is_dir() else [root])]


def _sources(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix in {".py", ".cpp"})


@cache
def code_hash(name: str) -> str:
    """Hash of the code that a suite's records depend on: see `code_files`.

    Settings are left out, because records are named by them; so are judging and drawing, which are repeated
    on stored records.

    Args:
        name: name of the suite.

    Returns:
        SHA-256 in hexadecimal.
    """
    return _hash(code_files(name))


def code_changed(name: str) -> bool:
    """Whether that code is another now than when this process first hashed it: what is launched now does other work.

    Args:
        name: name of the suite.
    """
    return _hash(code_files(name)) != code_hash(name)


def _hash(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _refuse(kind: str, name: str, known: Sequence[str], cause: Exception | None = None) -> Never:
    nearest = get_close_matches(name, known, n=2, cutoff=0.3) or known[:2]
    hint = f"did you mean {' or '.join(nearest)}? `harness list` names all"
    raise UnknownNameError(f"there is no {kind} {name!r}", remedy=hint) from cause
