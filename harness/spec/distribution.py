"""How a training is divided among workers, and the names of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from harness.errors import BadInputError
from harness.spec.choices import Controller, Delays, Fault, Framework, Layout, Policy, Stragglers, Transport
from harness.spec.data_partitions import DataPartition, StalePartition, VirtualPartition
from harness.spec.model_partition import ModelPartition
from harness.spec.names import refuse
from harness.spec.peer_partition import PeerPartition
from harness.spec.scheduled_partition import ScheduledPartition

Distribution = DataPartition | StalePartition | VirtualPartition | ModelPartition | ScheduledPartition | PeerPartition


def _any(words: type[StrEnum]) -> str:
    return "|".join(words)


_FAULT = rf"(?:-(?P<fault>{_any(Fault)}))?"
_DATA = re.compile(rf"w(?P<workers>\d+){_FAULT}")
_STALE = re.compile(
    rf"w(?P<workers>\d+)-s(?P<staleness>\d+|inf)-(?P<transport>{_any(Transport)})"
    rf"(?:-(?P<controller>{_any(Controller)}))?(?:-(?P<stragglers>{_any(Stragglers)}))?{_FAULT}"
)
_MODEL = re.compile(
    rf"w(?P<workers>\d+)(?:-d(?P<groups>\d+))?-(?P<layout>neuron|weight|alternate|grid(?P<rows>\d+)x(?P<columns>\d+))"
    rf"{_FAULT}"
)
_SCHEDULED = re.compile(
    rf"w(?P<workers>\d+)-(?P<layout>neuron|weight|alternate)-(?P<policy>{_any(Policy)})-s(?P<staleness>\d+)"
    rf"(?:-virtual-(?P<delays>{_any(Delays)}))?{_FAULT}"
)
_VIRTUAL = re.compile(rf"w(?P<workers>\d+)-s(?P<staleness>\d+)-virtual-(?P<delays>{_any(Delays)}){_FAULT}")
_PEER = re.compile(rf"w(?P<workers>\d+)-(?P<framework>{_any(Framework)})(?:-(?P<controller>{_any(Controller)}))?")


def parse_distribution(name: str) -> Distribution:
    """Inverse of a distribution's `id`.

    Args:
        name: for example `w2`, `w2-no-exchange`, `w4-s3-eager`, `w64-s8-virtual-uniform`,
            `w8-d2-grid2x2`, `w4-weight-random-s0` or `w2-tape-gloo`.

    Returns:
        The distribution of that name.

    Raises:
        UnknownNameError: none has that name.
        BadInputError: a number in it is out of range.
    """
    makers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Distribution]], ...] = (
        (_DATA, lambda m: DataPartition(int(m["workers"]), Fault(m["fault"] or "none"))),
        (
            _STALE,
            lambda m: StalePartition(
                int(m["workers"]),
                float(m["staleness"]),
                Transport(m["transport"]),
                Controller(m["controller"] or "any"),
                Stragglers(m["stragglers"] or "none"),
                Fault(m["fault"] or "none"),
            ),
        ),
        (
            _VIRTUAL,
            lambda m: VirtualPartition(
                int(m["workers"]), float(m["staleness"]), Delays(m["delays"]), Fault(m["fault"] or "none")
            ),
        ),
        (_MODEL, _model_partition),
        (
            _SCHEDULED,
            lambda m: ScheduledPartition(
                int(m["workers"]),
                Layout(m["layout"]),
                Policy(m["policy"]),
                int(m["staleness"]),
                Delays(m["delays"]) if m["delays"] else None,
                Fault(m["fault"] or "none"),
            ),
        ),
        (
            _PEER,
            lambda m: PeerPartition(int(m["workers"]), Framework(m["framework"]), Controller(m["controller"] or "any")),
        ),
    )
    for pattern, make in makers:
        found = pattern.fullmatch(name)
        if found:
            return make(found)
    refuse("distribution", name, "w2, w4-s3-eager or w4-neuron")


def _model_partition(found: re.Match[str]) -> ModelPartition:
    workers, groups, rows = int(found["workers"]), int(found["groups"] or 1), int(found["rows"] or 1)
    fault = Fault(found["fault"] or "none")
    layout = Layout.GRID if found["rows"] else Layout(found["layout"])
    partition = ModelPartition(workers, layout, groups, rows, fault)
    if found["columns"] and partition.columns != int(found["columns"]):
        raise BadInputError(
            f"{partition.members} workers of a group do not form {rows} × {found['columns']}",
            where="distribution",
            remedy="rows × columns must be P / D",
        )
    return partition
