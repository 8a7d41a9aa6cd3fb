from __future__ import annotations

from harness.report.lint.markup import parse


def test_unclosed_markup_is_read() -> None:
    whole = parse("<p>a<br>b<p class=x>c</b></p><img src='y'>")
    assert whole.text == "abc"
    assert [element.attributes for element in whole.find("img", src="y")] == [{"src": "y"}]
    assert whole.find(having="class")[0].text == "c"
