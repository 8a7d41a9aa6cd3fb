"""The results folder: the only opener of files under it.

    <root>/<suite>/<setting>/<seed block>/record.json, gaps.parquet    records, never changed
    <root>/<suite>/<setting>/<seed block>.stale-…, .damaged-…          records set aside
    <root>/calibration.json, gallery.json, drawn.json                  how often verdicts err, and the check
    <root>/machines/<machine>.json, …-validation.md                    what a machine does in a second; forecasts
    <root>/benchmarks/baseline.json, latest.json                       timings of pieces, by pytest-benchmark
    <root>/.work/<suite>/<code>/…                                      parts of runs in progress, logs of ranks

Files are written under a temporary name, synced and renamed, so that a file that has its name is whole.
"""

from harness.store.benchmarks import read_timings
from harness.store.files import write_bytes, write_text
from harness.store.format import GAPS, RECORD
from harness.store.parts import PartFolder
from harness.store.records import Store

__all__ = ["GAPS", "RECORD", "PartFolder", "Store", "read_timings", "write_bytes", "write_text"]
