"""Histories of stale synchronous parallel: what writes them, and the proof from them that it was what was meant."""

from harness.history.checker import RULES, Checked, Event, Violation, check, events_of
from harness.history.recorder import Recorder, merged

__all__ = ["RULES", "Checked", "Event", "Recorder", "Violation", "check", "events_of", "merged"]
