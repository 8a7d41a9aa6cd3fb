from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from harness.verdict import Verdict, Word, all_of, with_controls, worst

words = st.sampled_from(Word)


def verdict(word: Word, subject: str = "x") -> Verdict:
    return Verdict(word, subject, "because")


@given(st.lists(words))
def test_worst_does_not_depend_on_order(found: list[Word]) -> None:
    assert worst(found) == worst(reversed(found)) == worst(sorted(found))


@given(st.lists(words, min_size=1), st.lists(words, min_size=1))
def test_worst_is_associative(left: list[Word], right: list[Word]) -> None:
    assert worst([worst(left), worst(right)]) == worst(left + right)


def test_nothing_to_judge_is_inconclusive() -> None:
    assert worst([]) is Word.INCONCLUSIVE
    assert all_of("empty", []).word is Word.INCONCLUSIVE


def test_exit_status_is_the_documented_one() -> None:
    assert [verdict(Word(word)).exit_status for word in ("supported", "refuted", "inconclusive")] == [0, 1, 2]


def test_reason_names_the_part_that_decides() -> None:
    joint = all_of("suite", [verdict(Word.SUPPORTED, "good"), verdict(Word.REFUTED, "bad")])
    assert joint.word is Word.REFUTED
    assert joint.reason == "bad: because"


def test_suite_is_void_unless_anchor_holds_and_control_is_refuted() -> None:
    claim = [verdict(Word.SUPPORTED)]
    for anchor, control in itertools.product(Word, Word):
        joint = with_controls("suite", claim, [verdict(anchor)], [verdict(control)])
        sound = anchor is Word.SUPPORTED and control is Word.REFUTED
        assert (joint.word is Word.SUPPORTED) == sound
        assert joint.reason.startswith("void") == (not sound)


def test_void_suite_does_not_refute_either() -> None:
    joint = with_controls("suite", [verdict(Word.REFUTED)], [verdict(Word.SUPPORTED)], [verdict(Word.SUPPORTED)])
    assert joint.word is Word.INCONCLUSIVE


def test_suite_without_anchor_or_control_is_void() -> None:
    claim, anchor, control = [verdict(Word.SUPPORTED)], [verdict(Word.SUPPORTED)], [verdict(Word.REFUTED)]
    assert with_controls("suite", claim, [], control).reason == "void: no anchor was run"
    assert with_controls("suite", claim, anchor, []).reason == "void: no negative control was run"


def test_json_form_keeps_parts() -> None:
    form = all_of("suite", [verdict(Word.REFUTED, "layer")]).to_json()
    assert form["verdict"] == "refuted"
    assert form["parts"][0]["subject"] == "layer"


def test_members_are_settings_and_claims_whatever_unites_them() -> None:
    layer = verdict(Word.SUPPORTED, "layer")
    setting = Verdict(Word.SUPPORTED, "setting", "because", {"role": "claim"}, (layer,))
    suite = Verdict(Word.SUPPORTED, "suite", "because", parts=(all_of("sane", [setting]), verdict(Word.REFUTED)))
    assert [member.subject for member in suite.members] == ["setting", "x"]
