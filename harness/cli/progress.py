"""What a user sees while something runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cli import show

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from harness.runner.event import Event


class Display:
    """Progress: a bar with the time remaining in a terminal, a line per step elsewhere."""

    def __init__(self) -> None:
        self._out = show.console()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Display:
        if self._out.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            # What must not be cut off comes first: names of settings are long.
            left, name = TextColumn("{task.fields[left]}"), TextColumn("{task.description}")
            columns = (MofNCompleteColumn(), BarColumn(12), TimeElapsedColumn(), left, name)
            self._progress = Progress(*columns, console=self._out, transient=True)
            self._task = self._progress.add_task("starting", total=None, left="")
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, event: Event) -> None:
        """Show a step.

        Args:
            event: what happened.
        """
        left = "" if event.seconds_left is None else f"about {duration(event.seconds_left)} left"
        if not event.total:
            self._out.print(event.text, soft_wrap=True, highlight=False)
        elif self._progress is not None and self._task is not None:
            self._progress.update(
                self._task, completed=event.done, total=event.total, description=event.text, left=left
            )
        else:
            line = f"[{event.done + 1}/{event.total}] {event.text}" + (f", {left}" if left else "")
            self._out.print(line, soft_wrap=True, markup=False)


def duration(seconds: float) -> str:
    """A time for people.

    Args:
        seconds: how long.

    Returns:
        In seconds up to a minute and a half, else in minutes.
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
