"""Trainings drawn by hypothesis: files that equal seeds make again, and what was said to them, added up."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from harness import configurations
from harness.configurations import Configuration, drawn, write
from harness.drawn import Journal, Outcome, summary
from harness.errors import BadInputError
from harness.report.check_page import drawn_to_markdown
from harness.verdict import Word

GALLERY = Path(__file__).parents[2] / "gallery"
MANY = drawn(200, 0)


def defined(text: str) -> dict[str, ast.stmt]:
    body = ast.parse(text).body
    named = {statement.name: statement for statement in body if isinstance(statement, ast.FunctionDef)}
    return named | {
        s.targets[0].id: s for s in body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)
    }


@pytest.mark.parametrize("number", range(0, 200, 10))
def test_every_file_is_python_and_holds_what_was_drawn(number: int) -> None:
    found = defined(MANY[number].to_file(number, 0))
    assert {"dataset", "SPEC", "model" if MANY[number].keras else "training"} == set(found)
    spec = found["SPEC"]
    assert isinstance(spec, ast.Assign)
    assert ast.literal_eval(spec.value) == MANY[number].spec


def test_none_is_drawn_twice() -> None:
    assert len(MANY) == 200
    assert not any(made in MANY[:number] for number, made in enumerate(MANY))


def test_nets_are_drawn_anew_each_time() -> None:
    shapes = ("inputs", "outputs", "widths", "activation", "bias", "normalised", "dtype", "loss")
    nets = {repr([made.spec[name] for name in shapes]) for made in MANY}
    assert len(nets) > 190


def test_equal_seeds_make_equal_files_and_others_do_not(tmp_path: Path) -> None:
    texts = [
        [file.read_text() for file in write(drawn(12, seed), seed, gallery=GALLERY, folder=tmp_path)]
        for seed in (3, 3, 4)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_files_stand_beside_what_they_import_and_those_of_an_earlier_draw_are_gone(tmp_path: Path) -> None:
    write(MANY[:5], 0, gallery=GALLERY, folder=tmp_path)
    files = write(MANY[:2], 0, gallery=GALLERY, folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"drawn.py", *(file.name for file in files)}


def test_bad_input_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"holds no drawn\.py"):
        write(MANY[:1], 0, gallery=tmp_path, folder=tmp_path / "drawn")
    with pytest.raises(BadInputError, match="-1 is no number of trainings"):
        drawn(-1, 0)


def test_what_is_drawn_is_right_distributed() -> None:
    for made in MANY:
        spec = made.spec
        assert made.batch >= made.workers
        if spec["dealt"]:
            assert len(spec["dealt"]["parts"]) == made.workers
            assert spec["weighting"] in {"weighted", "scaled"}
        if spec["micro"]:
            assert not spec["normalised"]
            assert spec["transport"] != "tape"
        if made.keras:
            assert spec["weighting"] in {"average", "sum"}


def test_every_kind_is_drawn() -> None:
    kinds = summary(outcome(made) for made in MANY).kinds
    sizes = {name: len(counts) for name, counts in kinds.items()}
    assert sizes == {
        "training": 3, "hidden layers": 4, "optimizer": 6, "loss": 4, "activation": 7, "normalised": 2, "dtype": 2,
        "l2": 3, "clip": 3, "micro": 4, "start": 2, "transport": 4, "weighting": 4,
    }  # fmt: skip
    assert {made.workers for made in MANY} == {2, 3}
    assert {made.batch % made.workers for made in MANY} == {0, 1, 2}


def outcome(made: Configuration, word: Word = Word.SUPPORTED, reason: str = "all") -> Outcome:
    return Outcome(configurations.file_name(7), made, word, "" if word is Word.SUPPORTED else "D3", reason, 2.0)


def test_false_alarms_and_undecided_are_counted_and_listed_with_their_files() -> None:
    made = [
        outcome(MANY[0]),
        replace(outcome(MANY[1], Word.REFUTED, "w leaves | the reference"), file="drawn_001.py"),
        outcome(MANY[2], Word.INCONCLUSIVE, "w did not move"),
    ]
    total = summary(made)
    assert (total.configurations, total.false_alarms, total.undecided, total.seconds) == (3, 1, 1, 6.0)
    text = drawn_to_markdown({"seed": 5, "summary": total, "outcomes": made})
    assert "1 false alarms over 3 right trainings drawn" in text
    assert "w leaves / the reference |" in text
    assert text.index("drawn_001.py") < text.index("drawn_007.py")
    assert "--drawn 3 --seed 5" in text


def test_what_was_said_to_a_file_is_known_until_the_file_is_another(tmp_path: Path) -> None:
    (file,) = write(MANY[:1], 0, gallery=GALLERY, folder=tmp_path)
    said = outcome(MANY[0], Word.INCONCLUSIVE, "w did not move")
    Journal(tmp_path).add(file, said)
    assert Journal(tmp_path).known(file, MANY[0]) == said
    file.write_text(file.read_text() + "\n")
    assert Journal(tmp_path).known(file, MANY[0]) is None
