"""The check on real ranks: what it finds, what it does not flag, and what it says to files that cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from harness.checking import Request
from harness.configurations import Configuration, drawn, write
from harness.drawn import judged
from harness.errors import HarnessError
from harness.gallery import Exhibit, exhibits, score
from harness.pytest_plugin import Ranks
from harness.session import Session
from harness.verdict import Word

pytestmark = pytest.mark.distributed
ROOT = Path(__file__).parents[2]
GALLERY = exhibits(ROOT / "gallery")
RIGHT_EXAMPLES = [
    "accumulation", "adam_clipped", "allreduce", "batch_norm", "dropout", "embedding", "neuron_partition", "tape",
]  # fmt: skip
PLAIN = """
import os, sys, threading, time
import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf

def dataset():
    features = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    return features, features.sum(axis=1, keepdims=True)

class Training:
    def init(self, *, seed, rank, size):
        hvd.init()
        self.rank, self.size, self.clock, self.kernel = rank, size, 0, np.zeros((4, 1), np.float32)
        self.mean = tf.function(lambda g: hvd.allreduce(g, name="g"), input_signature=[tf.TensorSpec([4, 1])])
    def step(self, batch):
        self.clock += 1
        self.hook()
        error = batch.features @ self.kernel - batch.labels
        self.kernel -= 0.1 * self.mean(tf.constant(batch.features.T @ error / len(batch))).numpy()
        return float((error ** 2).mean())
    def hook(self):
        pass
    def weights(self):
        return {"kernel": self.kernel.copy()}

def training():
    return Training()
"""


def on_rank_1(line: str) -> str:
    return PLAIN.replace("        pass", f"        if self.clock == 3 and self.size > 1 and self.rank == 1: {line}")


UNUSABLE = {
    "no-import": ("import nothing_of_that_name", "import: ModuleNotFoundError: No module named"),
    "syntax": ("def dataset(:", "import: SyntaxError"),
    "exits": ("import sys; sys.exit(0)", "import: it calls sys.exit(0) (alone)"),
    "lacks": ("x = 1", "defines no training() or model()"),
    "methods": (PLAIN.replace("def step", "def stop"), "which lacks step"),
    "shapes": (PLAIN.replace("self.kernel.copy()", "self.kernel[self.rank:]"), "shape (3, 1) on rank 1, (4, 1) alone"),
    "lists": (
        PLAIN.replace('{"kernel": self.kernel.copy()}', "[self.kernel]"),
        "it returns list, not a non-empty dict",
    ),
}
LOST = {
    "dies": ("os._exit(7)", 300.0, "rank 1 of 2 died during file.py, together, step 3"),
    "hangs": ("time.sleep(1000)", 10.0, "rank 1 is in file.py, together, step 3"),
}
# Where random numbers follow from an example's place in the batch, weights cannot be compared.
DRAWN_AT_RANDOM = {"r01_same_noise"}
# Checks a file, leaves its session without work, and says so.
IDLE = """
import sys, time
from pathlib import Path
from harness.checking import Request, check_in
from harness.measure.launch import Launcher
from harness.session import Session
with Session(2, launcher=Launcher.GLOO) as session:
    print(check_in(session, Request(Path(sys.argv[1]), (2,), steps=4))[0].refuted, flush=True)
    time.sleep(1000)
"""


@pytest.fixture(scope="module")
def ranks() -> Iterator[Ranks]:
    made = Ranks()
    yield made
    made.close()


@dataclass(frozen=True)
class Ended:
    pid: int
    returncode: int
    stdout: str
    stderr: str


def command(file: Path, *words: str) -> Ended:
    line = [sys.executable, "-m", "harness", "check", str(file), "--workers", "2", "--steps", "6", *words]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        stdout, stderr = process.communicate(timeout=400)
    return Ended(process.pid, process.returncode, stdout, stderr)


def processes_of(asker: int) -> list[psutil.Process]:
    """Processes of a session that this process has started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if words[1:3] == ["-m", "harness.engine.check"] and str(asker) in words:
                found.append(process)
    return found


@pytest.mark.parametrize("exhibit", [e for e in GALLERY if e.expected], ids=lambda exhibit: exhibit.file.stem)
def test_mutants_are_found_where_they_are_and_right_twins_are_not(exhibit: Exhibit, ranks: Ranks) -> None:
    request = Request(exhibit.file, (2,), steps=12, batch=24)
    mutant, *twins = score([exhibit], request, ranks.session(2), lambda _: None)
    assert (mutant.found, mutant.localised, mutant.hinted) == (True, True, True), mutant.said
    right = Word.INCONCLUSIVE if exhibit.file.stem in DRAWN_AT_RANDOM else Word.SUPPORTED
    assert [twin.word for twin in twins] == [right] * len(twins)


@pytest.mark.parametrize("workers", [2, 3])
def test_other_ways_to_the_same_sums_are_not_flagged(workers: int, ranks: Ranks) -> None:
    (equivalent,) = [exhibit for exhibit in GALLERY if exhibit.expected is None]
    request = Request(equivalent.file, (workers,), steps=8, batch=24)
    scores = score([equivalent], request, ranks.session(workers), lambda _: None)
    assert {made.entry: made.word for made in scores} == dict.fromkeys(equivalent.right, Word.SUPPORTED)


@pytest.mark.parametrize("name", RIGHT_EXAMPLES)
def test_examples_are_in_step(name: str, ranks: Ranks) -> None:
    result = ranks.check(ROOT / "examples" / f"{name}.py", steps=8)
    assert result.word is Word.SUPPORTED, result.reason


def test_plain_batch_norm_is_refuted_and_plain_dropout_is_not(ranks: Ranks) -> None:
    norm = ranks.check(ROOT / "examples" / "batch_norm.py", steps=6, entry="plain")
    assert (norm.word, norm.first and norm.first.step) == (Word.REFUTED, 1)
    assert "statistics" in norm.hint
    dropout = ranks.check(ROOT / "examples" / "dropout.py", steps=6, entry="plain")
    assert dropout.word is Word.INCONCLUSIVE
    assert dropout.detectors["D1"][0] is Word.SUPPORTED


@pytest.mark.parametrize("workers", [2, 3])
def test_right_trainings_that_were_drawn_are_not_accused(workers: int, tmp_path: Path, ranks: Ranks) -> None:
    chosen = [made for made in drawn(30, 2) if made.workers == workers][1:4]
    files = write(chosen, 2, gallery=ROOT / "gallery", folder=tmp_path)
    made = judged(files, chosen, ranks.session(workers), lambda _: None, time_limit=300.0)
    assert len(made) == 3
    assert not [outcome for outcome in made if outcome.word is Word.REFUTED]
    assert Word.SUPPORTED in {outcome.word for outcome in made}


MISTAKES = {
    "no exchange": ("gradients", lambda spec: spec["weighting"] == "average"),
    "sum for mean": (
        "[hvd.size() * gradient for gradient in super().exchange(gradients)]",
        lambda spec: not spec["clip"] and spec["optimizer"]["name"] == "SGD",
    ),
}
WRONG = """

import horovod.tensorflow as hvd
from drawn import Net


class Wrong(Net):
    def exchange(self, gradients):
        return {instead}


def training():
    return Wrong(SPEC)
"""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_training_that_was_drawn_is_accused_once_a_mistake_is_put_in(
    mistake: str, tmp_path: Path, ranks: Ranks
) -> None:
    instead, suits = MISTAKES[mistake]
    loops = [c for c in drawn(100, 0) if not c.keras and not c.spec["dealt"] and c.spec["transport"] != "tape"]
    made = next(c for c in loops if c.workers == 2 and c.spec["widths"] and suits(c.spec))
    right, wrong = write([made, made], 0, gallery=ROOT / "gallery", folder=tmp_path)
    with wrong.open("a") as file:
        file.write(WRONG.format(instead=instead))
    words = [ranks.check(file, steps=made.steps, batch=made.batch).word for file in (right, wrong)]
    assert words[0] is not Word.REFUTED
    assert words[1] is Word.REFUTED


NET = {"inputs": 5, "outputs": 2, "widths": [], "activation": "gelu", "bias": False, "normalised": False}
HOW = {"micro": 0, "start": "broadcast", "transport": "tensors", "dtype": "float32", "dealt": None}
ADAM = {"amsgrad": False, "name": "Adam", "learning_rate": 0.01, "beta_1": 0.0, "beta_2": 0.999, "epsilon": 1e-8}
NESTEROV = {"name": "SGD", "learning_rate": 0.3, "momentum": 0.5, "nesterov": True}
LITTLE_BUT_ROUNDING = [
    # Logits are so large that σ(z) − y is a few units in the last place of 1, and Adam makes a step of it.
    Configuration(
        3, 7, 3, False, NET | HOW | {"loss": "logistic", "l2": 0.0, "optimizer": ADAM, "clip": 1.0, "weighting": "sum"}
    ),
    # A bias in front of a normalisation, and two examples, whose sum is the same in either order.
    Configuration(
        2, 16, 10, False,
        NET | HOW | {
            "inputs": 11, "outputs": 3, "widths": [20, 18], "activation": "leaky_relu", "bias": True,
            "normalised": True, "loss": "huber", "l2": 0.001, "optimizer": NESTEROV, "clip": 0.0,
            "weighting": "average",
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize("made", LITTLE_BUT_ROUNDING, ids=["saturated", "normalised"])
def test_a_gradient_that_is_little_but_rounding_accuses_nobody(
    made: Configuration, tmp_path: Path, ranks: Ranks
) -> None:
    (file,) = write([made], 119, gallery=ROOT / "gallery", folder=tmp_path)
    found = ranks.check(file, workers=made.workers, steps=made.steps, batch=made.batch)
    assert found.word is not Word.REFUTED, found.reason


def written(folder: Path, text: str) -> Path:
    file = folder / "file.py"
    file.write_text(text)
    return file


def complaint(ranks: Ranks, file: Path, time_limit: float = 300.0) -> HarnessError:
    with pytest.raises(HarnessError) as raised:
        ranks.check(file, steps=6, time_limit=time_limit)
    return raised.value


def test_files_that_cannot_be_used_get_one_line_and_end_no_process(tmp_path: Path, ranks: Ranks) -> None:
    session = ranks.session(2)
    for name, (text, said) in UNUSABLE.items():
        error = complaint(ranks, written(tmp_path, text))
        assert (error.exit_status, said in str(error)) == (3, True), (name, str(error))
        assert not [frame for frame in getattr(error, "frames", ()) if "harness/engine" in frame]
    assert ranks.check(written(tmp_path, PLAIN), steps=6).word is Word.SUPPORTED
    assert ranks.session(2) is session


@pytest.mark.parametrize("name", LOST)
def test_files_that_lose_a_rank_get_one_line_and_the_next_file_gets_fresh_ranks(
    name: str, tmp_path: Path, ranks: Ranks
) -> None:
    line, limit, said = LOST[name]
    assert ranks.check(written(tmp_path, PLAIN), steps=6).word is Word.SUPPORTED
    session = ranks.session(2)
    error = complaint(ranks, written(tmp_path, on_rank_1(line)), limit)
    assert (error.exit_status, said in str(error)) == (4, True), str(error)
    assert ranks.session(2) is not session


def test_the_command_shows_the_own_frames_of_a_file_that_fails_and_leaves_no_process(tmp_path: Path) -> None:
    ended = command(written(tmp_path, on_rank_1("self.nothing()")))
    line, *below = [line for line in ended.stderr.splitlines() if "and once alone" not in line]
    said = "step 3: AttributeError: 'Training' object has no attribute 'nothing'"
    assert (ended.returncode, said in line) == (4, True), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "self.nothing()" in "".join(below)
    assert "harness/engine" not in "".join(below)
    assert not processes_of(ended.pid)


def test_a_session_without_work_is_stopped_until_there_is_some(tmp_path: Path, ranks: Ranks) -> None:
    for _ in range(2):
        assert ranks.check(written(tmp_path, PLAIN), steps=6).word is Word.SUPPORTED
        mine = [process for process in processes_of(os.getpid()) if "ranks" in process.cmdline()]
        while {process.status() for process in mine} != {psutil.STATUS_STOPPED}:
            time.sleep(0.01)


def test_a_session_without_work_ends_when_its_asker_is_killed(tmp_path: Path) -> None:
    file = written(tmp_path, PLAIN)
    with subprocess.Popen(
        [sys.executable, "-c", IDLE, str(file)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as asker:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "[]\n"
        left = processes_of(asker.pid)
        assert len(left) >= 4
        while {process.status() for process in left} != {psutil.STATUS_STOPPED}:
            time.sleep(0.01)
        asker.kill()
    psutil.wait_procs(left)


def test_a_file_that_prints_much_and_leaves_threads_is_checked_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "loud.py"
    loud = "print('x' * 100_000); threading.Thread(target=time.sleep, args=(10_000,)).start()"
    file.write_text(PLAIN.replace("        pass", f"        {loud}"))
    out, page = tmp_path / "out.json", tmp_path / "page.html"
    ended = command(file, "--json", str(out), "--html", str(page), "--github")
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout) < 10_000
    assert "::notice file=" in ended.stdout
    written = json.loads(out.read_text())
    assert (written["verdict"], written["first"], set(written["detectors"])) == (
        "supported",
        None,
        {f"D{number}" for number in range(1, 10)},
    )
    assert 0 < written["smallest_detectable"]["kernel"] < 1e-3
    assert "data:image/png" in page.read_text()


def test_keras_3_under_horovod_never_averages(ranks: Ranks) -> None:
    found = ranks.check(ROOT / "examples" / "keras_optimizer.py", steps=6)
    assert (found.word, found.first and found.first.step) == (Word.REFUTED, 1)
    assert "never calls allreduce" in found.hint
    assert found.detectors["D9"][1].startswith("no collective ran in 6 steps")


def test_what_the_template_holds_is_in_step(tmp_path: Path, ranks: Ranks) -> None:
    file = tmp_path / "mine.py"
    assert command(file, "--init").returncode == 0
    assert command(file, "--init").returncode == 3
    assert ranks.check(file, steps=6).word is Word.SUPPORTED


def test_the_example_project_passes_its_own_tests_and_tells_github(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "pytest", "-q", "-p", "harness.pytest_plugin", "-c", os.devnull]
    line += ["--lockstep-github"]
    summary = tmp_path / "summary.md"
    folder = str(ROOT / "examples" / "project")
    ended = subprocess.run(
        [*line, "--rootdir", folder, folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"GITHUB_STEP_SUMMARY": str(summary)},
    )
    assert ended.returncode == 0, ended.stdout
    assert "5 passed" in ended.stdout
    told = [
        line.partition("title=harness check::")[2] for line in ended.stdout.splitlines() if line.startswith("::notice")
    ]
    assert [line.partition(":")[0] for line in told] == ["supported", "supported", "refuted"]
    assert summary.read_text().count("## train.py: ") == 3


@pytest.mark.parametrize(
    ("name", "detector"),
    [
        ("m43_metric_summed", "D8"),
        ("m43_metric_never_reset", "D8"),
        ("r01_same_noise", "D6"),
        ("r02_stale_step_root_p", "D7"),
    ],
)
def test_some_mistakes_are_found_by_one_detector_alone(name: str, detector: str, ranks: Ranks) -> None:
    file = ROOT / "gallery" / f"{name}.py"
    mutant, twin = (ranks.check(file, steps=6, batch=24, entry=entry) for entry in ("", "right"))
    assert [n for n, (word, _, _) in mutant.detectors.items() if word is Word.REFUTED] == [detector]
    assert twin.detectors[detector][0] is Word.SUPPORTED


def test_a_session_needs_two_ranks() -> None:
    with pytest.raises(Exception, match="1 ranks exchange nothing"):
        Session(1)
