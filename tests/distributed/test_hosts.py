"""Several hosts: two network namespaces on one machine, with an agent that enters them in the place of ssh.

A namespace has its own interfaces, addresses and host name, so that launchers take it for another host; files and
processes are the machine's. Like ssh, the agent passes on neither environment nor working directory.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from harness import registry
from harness.runner.run import Run
from harness.spec import Part
from harness.store import Store
from samples import setting

pytestmark = pytest.mark.distributed
POINT = setting(2).id
LONG = POINT.replace("-c12-", "-c300000-")
ROOT = Path(__file__).parent.parent.parent
_BYTES_OF_MANY_COLLECTIVES = 50_000
AGENT = """#!/bin/sh
# Called as ssh is: options, host, options, command.
host=
while [ $# -gt 0 ]; do
    case $1 in
        -o|-p|-i) shift 2;;
        -*) shift;;
        *) [ -n "$host" ] && break; host=$1; shift;;
    esac
done
case $host in
    {first}) space={space}-1;;
    {second}) space={space}-2;;
    *) echo "ssh: Could not resolve hostname $host" >&2; exit 255;;
esac
exec env -i HOME="$HOME" PATH=/usr/sbin:/usr/bin:/sbin:/bin ip netns exec $space \
    unshare --uts sh -c 'hostname "$1"; cd; shift; exec sh -c "$*"' sh "$host" "$@"
"""


@dataclass(frozen=True)
class TwoHosts:
    """Names of the namespaces, their addresses, and the folder with the agent."""

    spaces: tuple[str, str]
    addresses: tuple[str, str]
    agent: Path

    def popen(self, *words: str, name: str = "", **variables: str) -> subprocess.Popen[str]:
        """Start `harness` on the first host, whose name is its address where none is given."""
        named = f'hostname {name or self.addresses[0]}; exec "$@"'
        line = ["ip", "netns", "exec", self.spaces[0], "unshare", "--uts", "sh", "-c", named, "sh"]
        environment = os.environ | {
            "PATH": f"{self.agent.parent}{os.pathsep}{os.environ['PATH']}",
            "PRTE_MCA_plm_ssh_agent": str(self.agent),
            "PYTHONPATH": str(ROOT),
            **variables,
        }
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*line, sys.executable, "-m", "harness", *words], env=environment, cwd=ROOT, **pipes)

    def workers(self) -> dict[int, psutil.Process]:
        """Workers by rank, those that have one."""
        found = {}
        for process in self.processes():
            try:
                if process.cmdline()[1:4] == ["-m", "harness", "worker"]:
                    variables = process.environ()
                    found[int(variables.get("HOROVOD_RANK") or variables["OMPI_COMM_WORLD_RANK"])] = process
            except (psutil.Error, KeyError):
                continue
        return found

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on either host."""
        return [psutil.Process(pid) for host in (0, 1) for pid in self.pids(host) if psutil.pid_exists(pid)]

    def pids(self, host: int) -> list[int]:
        return [int(pid) for pid in ip("netns", "pids", self.spaces[host]).split()]


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoHosts]:
    missing = [program for program in ("ip", "unshare", "hostname") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"no network namespaces without {' and '.join(missing)}")
    space = f"lockstep-{uuid.uuid4().hex[:6]}"
    spaces = (f"{space}-1", f"{space}-2")
    net = f"10.{int(space[-6:-4], 16)}.{int(space[-4:-2], 16)}"
    agent = tmp_path_factory.mktemp("agent") / "ssh"
    two = TwoHosts(spaces, (f"{net}.1", f"{net}.2"), agent)
    agent.write_text(AGENT.format(space=space, first=two.addresses[0], second=two.addresses[1]))
    agent.chmod(0o755)
    try:
        for name in spaces:
            ip("netns", "add", name)
        ip("link", "add", "eth0", "netns", spaces[0], "type", "veth", "peer", "name", "eth0", "netns", spaces[1])
        for name, address in zip(spaces, two.addresses, strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", "eth0", "up")
        subprocess.run(["ip", "netns", "exec", spaces[0], "unshare", "--uts", "true"], check=True, capture_output=True)
        yield two
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no right to make network namespaces here: {error.stderr}")
    finally:
        for process in two.processes() if Path("/run/netns", spaces[1]).exists() else ():
            process.kill()
        for name in spaces:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def words(launcher: str, place: str, results: Path, point: str = POINT) -> list[str]:
    options = ["--launcher", launcher, "--hosts", place, "--time-limit", "120", "--results", str(results)]
    return ["run", "data_partition_bsp", point, "--workers", "2", *options]


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


launchers = pytest.mark.parametrize("launcher", ["mpi", "gloo"])


@launchers
def test_ranks_on_two_hosts_are_in_step(hosts: TwoHosts, launcher: str, tmp_path: Path) -> None:
    place = ",".join(f"{address}:1" for address in hosts.addresses)
    running = hosts.popen(*words(launcher, place, tmp_path / "r"), "--json", str(tmp_path / "verdict"))
    used: dict[int, set[int]] = {}
    while running.poll() is None:
        for rank, process in hosts.workers().items():
            used.setdefault(rank, set()).update(host for host in (0, 1) if process.pid in hosts.pids(host))
        time.sleep(0.1)
    assert running.returncode == 2, running.communicate()  # the sweep's own settings were not run
    assert used == {0: {0}, 1: {1}}
    (verdict,) = json.loads((tmp_path / "verdict").read_text())
    assert {part["subject"]: part["verdict"] for part in verdict["parts"]}[POINT] == "supported"


@launchers
def test_host_that_is_not_there_is_named_and_nobody_is_left(hosts: TwoHosts, launcher: str, tmp_path: Path) -> None:
    running = hosts.popen(*words(launcher, f"{hosts.addresses[0]}:1,nowhere:1", tmp_path / "r"))
    _, complaint = running.communicate(timeout=150)
    assert running.returncode == 4
    assert complaint.count("\n") == 1
    assert "host nowhere was not reached" in complaint
    assert hosts.processes() == []


def test_host_whose_name_leads_nowhere_is_told_so_under_gloo(hosts: TwoHosts, tmp_path: Path) -> None:
    place = ",".join(f"{address}:1" for address in hosts.addresses)
    running = hosts.popen(*words("gloo", place, tmp_path / "r"), name="nameless")
    _, complaint = running.communicate(timeout=150)
    assert running.returncode == 4
    assert "rank 0 failed: ranks: this host's own name 'nameless' stands for no address" in complaint
    assert hosts.processes() == []


def make_up_reference(store: Store) -> None:
    """The undistributed half of the long training, whose result is never looked at."""
    suite = registry.load("data_partition_bsp")
    point = registry.setting(suite, LONG)
    folder = Run(suite, point, point.blocks[0]).folder(store, Part.UNDISTRIBUTED)
    folder.clear()
    folder.save(0, {"made up": np.zeros(1)})


def test_killed_harness_leaves_nobody_on_any_host(hosts: TwoHosts, tmp_path: Path) -> None:
    """Under each launcher; both at once, as workers take half a minute to see that they were left alone."""
    place = ",".join(f"{address}:1" for address in hosts.addresses)
    timelines = {launcher: tmp_path / f"{launcher}.json" for launcher in ("mpi", "gloo")}
    running = []
    for launcher, timeline in timelines.items():
        make_up_reference(Store(tmp_path / launcher))
        line = words(launcher, place, tmp_path / launcher, LONG)
        running.append(hosts.popen(*line, HOROVOD_TIMELINE=str(timeline)))
    for timeline in timelines.values():
        wait_for(lambda file=timeline: file.exists() and file.stat().st_size > _BYTES_OF_MANY_COLLECTIVES)
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    wait_for(lambda: not hosts.processes(), seconds=60)
