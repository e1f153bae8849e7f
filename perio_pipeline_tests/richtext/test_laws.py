"""What holds for every document: nothing is lost, HTML is safe and reads back the same, parts fit and are whole."""

from __future__ import annotations

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.richtext.document import Document
from perio_pipeline.richtext.html import read_html
from perio_pipeline.richtext.reading import read
from perio_pipeline.richtext.rtf import read_rtf
from perio_pipeline.richtext.splitting import LEAST, split
from perio_pipeline.richtext.writing import WRITTEN, to_html, to_text
from perio_pipeline_tests.richtext.documents import documents, said

ATTRIBUTES = {tag: names for tag, names in WRITTEN.items() if names}


def is_safe_and_whole(html: str) -> bool:
    """Whether a sanitiser, which reads as browsers do, has nothing to mend in it."""
    return nh3.clean(html, tags=set(WRITTEN), attributes=ATTRIBUTES, link_rel=None) == html


@given(documents())
@settings(max_examples=300, deadline=None)
def test_html_is_safe_and_reads_back_as_the_same_document(document: Document) -> None:
    html = to_html(document)
    assert is_safe_and_whole(html)
    assert read_html(html) == document


@given(documents())
@settings(max_examples=200, deadline=None)
def test_plain_text_says_every_letter_in_order(document: Document) -> None:
    text = iter(to_text(document))
    assert all(letter in text for letter in said(document))


@given(documents(long=True), st.integers(LEAST, 1200))
@settings(max_examples=200, deadline=None)
def test_parts_fit_are_valid_html_and_together_the_whole(document: Document, limit: int) -> None:
    parts = split(document, limit)
    written = [to_html(part) for part in parts]
    assert all(0 < len(html) <= limit for html in written)
    assert all(is_safe_and_whole(html) for html in written)
    assert letters("".join(said(part) for part in parts)) == letters(said(document))
    if len(to_html(document)) <= limit:
        assert len(parts) <= 1


def letters(text: str) -> str:
    """A row that is too long for a part becomes a line with bars between its cells."""
    return text.replace("|", "")


def test_a_part_must_have_room() -> None:
    with pytest.raises(ValueError, match="room"):
        split(Document(), LEAST - 1)


PIECES = [
    *(
        r"\par ",
        r"\'e9",
        r"\'",
        r"\u-10179?",
        r"\u8217?",
        r"\uc2 ",
        r"\ansicpg99 ",
        "{",
        "}",
        r"\*",
        "text",
        "\\",
        "\n",
    ),
    *(r"\bin3 ", r"{\fonttbl{\f1\fcharset2 Symbol;}}", r"\f1 ", r"\intbl ", r"\cell ", r"\row ", r"{\listtext 1.}"),
    *(r"{\stylesheet{\s1 heading 1;}}", r"\s1 ", r"\ilvl99999 ", r"\fcharset128 ", r"\outlinelevel-5 ", r"\deff7 "),
    *(r"{\footer x\par}", r"\strike ", r"\v ", r"\plain", r"\pard", r"\b999999999 ", r"\bin99999999 "),
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@settings(max_examples=300, deadline=None)
def test_broken_rtf_gives_what_can_be_read_and_valid_html(inside: str) -> None:
    document = read_rtf("{\\rtf1" + inside)
    assert to_text(document).encode() is not None
    assert is_safe_and_whole(to_html(document))


@given(st.binary(max_size=200), st.sampled_from(["", "{\\rtf1 ", "<p>", "<table><tr><td>", "<ol><li>"]))
@settings(max_examples=400, deadline=None)
def test_any_bytes_give_a_document(raw: bytes, before: str) -> None:
    for text in (raw.decode("cp1252", "replace"), raw.decode("utf-8", "replace"), raw.decode("latin-1")):
        document = read(before + text)
        assert to_text(document).encode() is not None
        assert is_safe_and_whole(to_html(document))


TAGS = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<ul>",
    "<li>",
    "</ul>",
    "<td>",
    "<table>",
    "<tr>",
    "</table>",
    "<br>",
    "x ",
    "&lt;",
]


@given(
    st.lists(
        st.sampled_from([*TAGS, "<s>", "</s>", "<h2>", "[struck out: ", "]", "<ol start=4>", "<pre>\n  y"]), max_size=14
    )
)
@settings(max_examples=400, deadline=None)
def test_any_html_is_brought_into_a_form_that_stays(pieces: list[str]) -> None:
    html = to_html(read_html("<p>" + "".join(pieces)))
    assert is_safe_and_whole(html)
    assert to_html(read_html(html)) == html


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.just("\n"), max_size=80)


@given(PLAIN.filter(lambda text: "<" not in text and "\ufeff" not in text))
@settings(max_examples=200, deadline=None)
def test_p2_plain_text_loses_no_character_but_blanks_at_line_ends(body: str) -> None:
    lines = [line.rstrip() for line in body.split("\n")]
    assert to_text(read(body)) == "\n".join(lines).strip("\n")


@given(st.text("abcé≥5 {}\\", max_size=30), st.lists(st.sampled_from([r"\b", r"\i", r"\ul"]), max_size=2))
@settings(max_examples=200, deadline=None)
def test_text_written_as_rtf_is_read_as_it_was(text: str, words: list[str]) -> None:
    escaped = "".join(
        rf"\u{ord(letter)}?" if ord(letter) > 127 else f"\\{letter}" if letter in "{}\\" else letter for letter in text
    )
    document = read_rtf(rf"{{\rtf1\ansi {''.join(words)} {escaped}\par}}")
    assert "".join(to_text(document).split()) == "".join(text.split())
    assert not document.malformed


def test_every_attribute_and_element_is_listed_once() -> None:
    html = to_html(read("<ol start=2><li><b><i><u><s>x</s></u></i></b></ol><ul><li>y</ul><table><td>z</table>a<br>b"))
    assert all(f"<{tag}" in html for tag in WRITTEN)
