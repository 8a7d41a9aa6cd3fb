"""`harness replay` and `harness worst`: schedules of stale synchronous parallel, given and searched for."""

from __future__ import annotations

import json as text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import show
from harness.cli.options import Json
from harness.delays import NO_BITS
from harness.errors import BadInputError
from harness.spec import SeedBlock, Setting, StalePartition, Transport, VirtualPartition
from harness.verdict import Verdict, Word

if TYPE_CHECKING:
    from harness.engine.replay import Replayed
    from harness.history import Event

Name = Annotated[str, typer.Argument(help="Id of a setting; `harness list SUITE` names them, others may be made up.")]


def replay(
    file: Annotated[Path, typer.Argument(help="History, as JSON lines; each record keeps one.")],
    setting: Name,
    seeds: Annotated[str, typer.Option(help="Seed block of the run.", metavar="FIRST:COUNT")] = "0:1",
    json: Json = None,
) -> int:
    """Train once more, in one process, under the schedule of a recorded history, and compare the bits.

    Supported where every update and every final state has the bits that were recorded. A schedule that was only
    simulated holds no bits; then the gap is all there is to see.

    Examples:
    `harness replay results/ssp_history/SETTING/seeds-0-7/history.jsonl SETTING --seeds 0:8`,
    `harness replay worst.jsonl digits-64x10-tanh-b32-c300-eta0.5-p0.75-w4-s3-virtual-uniform`
    """
    import numpy as np

    from harness.engine import gaps, reference, runtime
    from harness.engine.replay import replay as run_again
    from harness.history import events_of

    point, block, events = Setting.parse(setting, 1), SeedBlock.parse(seeds), events_of(file)
    partition = point.distribution
    transport = partition.transport if isinstance(partition, StalePartition) else Transport.EAGER
    runtime.limit_threads(1)
    found = run_again(point.training, block.replicates, events, transport)
    gap = gaps.relative(found.trajectory, reference.train(point.training, block.replicates))[gaps.ALL][:, -1]
    verdict = _compared(str(file), events, found)
    out = show.console()
    middle = f"median {np.median(gap):.3g}"
    out.print(f"relative gap to the reference after {point.training.clocks} clocks: {middle}", soft_wrap=True)
    out.print(f"{file}: {show.word(verdict.word)}: {verdict.reason}", soft_wrap=True, highlight=False)
    show.write_json(json, verdict.to_json() | {"gaps": gap.tolist(), "digests": found.digests})
    return verdict.exit_status


def _compared(name: str, events: list[Event], found: Replayed) -> Verdict:
    if all(event.get("digest", NO_BITS) == NO_BITS for event in events):
        return Verdict(Word.SUPPORTED, name, "the schedule is legal; it was simulated, and holds no bits to compare")
    if found.first_difference is None:
        return Verdict(Word.SUPPORTED, name, "every update and every final state has the bits that were recorded")
    reason = f"the replay differs first in {dict(found.first_difference)}"
    return Verdict(Word.REFUTED, name, reason)


def worst(
    setting: Name,
    out: Annotated[Path, typer.Option(help="File for the worst schedule, as a history.")] = Path("worst.jsonl"),
    examples: Annotated[int, typer.Option(help="Number of schedules to try.")] = 150,
    seed: Annotated[int, typer.Option(help="Replicate to train, and seed of the search.")] = 0,
    json: Json = None,
) -> int:
    """Search the legal schedules of a virtual setting for the one that drives training furthest from the reference.

    The worst one found is written as a history, which `harness history` checks and `harness replay` runs again.

    Example: `harness worst digits-64x10-tanh-b32-c300-eta0.5-p0.75-w4-s3-virtual-uniform --examples 150`

    Raises:
        BadInputError: the setting is not a virtual one, or leaves nothing to search.
    """
    from harness.engine import runtime
    from harness.engine.worst import search
    from harness.store import write_text

    point = Setting.parse(setting, 1)
    partition = point.distributed_by(VirtualPartition)
    if examples < 1:
        raise BadInputError(f"{examples} schedules are none", where="--examples", remedy="give 1 or more")
    runtime.limit_threads(1)
    found = search(point.training, partition.workers, int(partition.staleness), examples, seed)
    write_text(out, "".join(f"{text.dumps(event)}\n" for event in found.history()))
    console = show.console()
    console.print(f"worst of {examples} schedules: relative gap {found.gap:.4g}, stored in {out}", soft_wrap=True)
    console.print(f"random ones (uniform delays): median {found.median_random:.4g}, largest {found.largest_random:.4g}")
    for law, gap in found.laws.items():
        console.print(f"all delays {law}: {gap:.4g}")
    laws = {str(law): gap for law, gap in found.laws.items()}
    show.write_json(json, {"gap": found.gap, "random": found.random.tolist(), "laws": laws, "history": str(out)})
    return 0
