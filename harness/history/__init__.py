"""Histories of distributed training: what writes them, and the proof from them that it was what was meant."""

from harness.history.checker import check
from harness.history.events import BLOCK_RULES, RULES, VERSION, Checked, Event, Violation, events_of
from harness.history.journal import Journal, lines_of
from harness.history.recorder import BlockRecorder, Recorder, merged
from harness.history.shorthand import written_out

__all__ = [
    "BLOCK_RULES",
    "RULES",
    "VERSION",
    "BlockRecorder",
    "Checked",
    "Event",
    "Journal",
    "Recorder",
    "Violation",
    "check",
    "events_of",
    "lines_of",
    "merged",
    "written_out",
]
