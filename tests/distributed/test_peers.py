"""Peers on real ranks: each computes what the undistributed reference computes, and starts again when asked to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import sqrt

import pytest

from harness.errors import LaunchError
from harness.measure.launch import Hosts, Launcher, execute, launch_line
from harness.measure.peers import missing
from harness.spec import DataPartition, Framework, PeerPartition, Role, Setting, Training
from harness.turns import Answer, Ask, TurnFolder

pytestmark = pytest.mark.distributed
KINDS = {Framework.TAPE: "horovod", Framework.DDP: "ddp", Framework.MIRRORED: "mirrored"}
# One batch that two workers share evenly and one that they do not; different shapes one after the other.
TRAININGS = tuple(
    Training.parse(name)
    for name in (
        "digits-64x32x10-relu-b64-c15-eta0.05-float32",
        "digits-64x24x12x10-tanh-b63-c15-eta0.05-float32",
    )
)
CLOCKS, ROUNDS = 10, 2


def taken(
    folder: TurnFolder, team: str, kind: str, settings: Sequence[Setting], asks: Sequence[Ask]
) -> list[list[Answer]]:
    """What the ranks of a team answer, turn by turn; it is started as a stage would start it."""
    folder.cast(team, settings)
    for number, ask in enumerate([*asks, None]):
        folder.ask(team, number, ask)
    mark, size = f"peers-{team}-{folder.path.name}", settings[0].distribution.ranks
    words = [sys.executable, "-m", "harness.engine.timed", str(folder.path), team, kind, "0", mark]
    line = words if kind == "alone" else launch_line(Launcher.MPI, size, Hosts(), words)
    try:
        execute(line, log=folder.launch_log(team), mark=mark, time_limit=180)
    except LaunchError as error:
        logs = [file for file in (folder.launch_log(team), folder.log(team, 0)) if file.exists()]
        pytest.fail(f"{error.what}\n" + "\n".join(file.read_text()[-3000:] for file in logs))
    turns = [folder.answers(team, number, size) for number in range(len(asks))]
    assert all(isinstance(answer, Answer) for turn in turns for answer in turn.values()), turns
    return [[answer for _, answer in sorted(turn.items()) if isinstance(answer, Answer)] for turn in turns]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> TurnFolder:
    """A folder with the weights of the reference."""
    made = TurnFolder(tmp_path_factory.mktemp("turns"))
    settings = [Setting(Role.CLAIM, training, DataPartition(1), 1) for training in TRAININGS]
    taken(made, "alone", "alone", settings, [Ask(setting.id, CLOCKS, keep=True) for setting in settings])
    return made


def gap(answer: Answer) -> float:
    """‖w − w_ref‖ / ‖w_ref − w_0‖."""
    return sqrt(sum(answer.differences) / sum(answer.travelled))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("framework", Framework)
def test_a_peer_computes_what_the_reference_computes(folder: TurnFolder, framework: Framework, workers: int) -> None:
    reason = missing(framework)
    if reason:
        pytest.skip(reason)
    settings = [Setting(Role.CLAIM, training, PeerPartition(workers, framework), 1) for training in TRAININGS]
    asks = [Ask(setting.id, CLOCKS) for setting in settings] * ROUNDS
    turns = taken(folder, f"{framework}{workers}", KINDS[framework], settings, asks)
    for ranks in turns:
        assert all(0 < gap(answer) < 3e-6 for answer in ranks), [gap(answer) for answer in ranks]
        assert len({answer.checksum for answer in ranks}) == 1, "workers ended with different weights"
        assert all((answer.exchange_seconds > 0) == (workers > 1) for answer in ranks)
    first, second = (turns[at : at + len(TRAININGS)] for at in range(0, len(turns), len(TRAININGS)))
    assert [[a.checksum for a in ranks] for ranks in first] == [[a.checksum for a in ranks] for ranks in second]


def test_a_team_refuses_settings_of_other_teams_and_sleep(folder: TurnFolder) -> None:
    ours = Setting(Role.CLAIM, TRAININGS[0], PeerPartition(1, Framework.TAPE), 1)
    team = "refusing"
    folder.cast(team, [ours])
    for number, ask in enumerate([Ask(ours.id, CLOCKS, seconds=0.01), None]):
        folder.ask(team, number, ask)
    mark = f"peers-{team}-{folder.path.name}"
    words = [sys.executable, "-m", "harness.engine.timed", str(folder.path), team, "horovod", "0", mark]
    execute(launch_line(Launcher.MPI, 1, Hosts(), words), log=folder.launch_log(team), mark=mark, time_limit=180)
    assert "sleep cannot take the place of its computing" in str(folder.answers(team, 0, 1)[0])
