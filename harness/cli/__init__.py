"""The `harness` command: the only code that prints. Heavy imports happen inside the commands that need them."""

from __future__ import annotations

import inspect
import signal
import sys
from collections.abc import Callable
from typing import Never

import typer

from harness.cli import (
    calibrate,
    check,
    compare,
    doctor,
    gallery,
    history,
    judge,
    lint_report,
    list_,
    plan,
    replay,
    report,
    run,
    sweep,
    worker,
)
from harness.errors import HarnessError

INTERRUPTED = 130  # what typer makes of the interrupt key

app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help=(
        "Does your distributed training stay in step with the undistributed one, and how sure are we?\n\n"
        "Exit status: 0 supported · 1 refuted · 2 inconclusive · 3 bad input or environment · "
        "4 a rank died or the time limit passed."
    ),
)
_COMMANDS: dict[str, Callable[..., int]] = {
    "list": list_.list_suites,
    "run": run.run,
    "sweep": sweep.sweep,
    "judge": judge.judge,
    "report": report.report,
    "lint-report": lint_report.lint_report,
    "compare": compare.compare,
    "check": check.check,
    "gallery": gallery.gallery,
    "history": history.check_history,
    "replay": replay.replay,
    "worst": replay.worst,
    "plan": plan.plan,
    "calibrate": calibrate.calibrate,
    "doctor": doctor.doctor,
    "worker": worker.worker,
}
for name, command in _COMMANDS.items():
    # What a command raises is for whoever calls it from Python.
    said = (inspect.getdoc(command) or "").partition("\n\nRaises:")[0]
    app.command(name=name, help=said)(command)


def main(arguments: list[str] | None = None) -> Never:
    """Run a command and exit with its documented status.

    Args:
        arguments: words after `harness`; those of the process where left out.

    Raises:
        SystemExit: always.
    """
    # So that whoever ends a command ends what it has launched too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        status = app(arguments, standalone_mode=False, prog_name="harness")
    except HarnessError as error:
        _complain(str(error))
        sys.stderr.write("".join(error.frames))
        raise SystemExit(error.exit_status) from None
    except typer.TyperException as error:
        _complain(f"{error.format_message()}; see `harness --help`")
        raise SystemExit(3) from None
    if status == INTERRUPTED:
        _complain("interrupted; finished runs are stored, and the same command goes on from there")
    raise SystemExit(status if isinstance(status, int) else 0)


def _complain(line: str) -> None:
    print(f"harness: {' '.join(line.split())}", file=sys.stderr)
