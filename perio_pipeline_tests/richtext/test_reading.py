"""What is read of each form, and how it is written."""

from __future__ import annotations

import pytest

from perio_pipeline.richtext.document import Item, Paragraph, Run, Style, Table
from perio_pipeline.richtext.reading import read
from perio_pipeline.richtext.writing import to_html, to_text

BOLD = Style(bold=True)
RTF = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Calibri;}{\f1\fnil\fcharset2 Symbol;}{\f2\fcharset204 Arial;}}"
)


def html(body: str) -> str:
    return to_html(read(body))


def text(body: str) -> str:
    return to_text(read(body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (r"\pard Caf\'e9 \'93stable\'94\par Patient\u8217?s call\line ended}", "Café “stable”\nPatient’s call\nended"),
        (r"\pard Happy \u-10179?\u-8704? today}", "Happy 😀 today"),
        (r"\uc2 \u8805\'3e\'3d5 mm and \u233ex6}", "≥5 mm and é6"),
        (r"PD {\f1\'b3}5 mm, {\f1 \u-3917?}6 {\f1 m}m}", "PD ≥5 mm, ≥6 μm"),
        (r"{\f2\'cf\'f0\'e8} caf\'e9}", "При café"),
        (r"\{a\} \\ b\~c\_d\-e}", "{a} \\ b c-de"),
        (r"{\*\generator Msftedit;}{\info{\author Nobody}}{\pict\pngblip 89504e47}seen}", "seen"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt shown}}}", "shown"),
        (r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt a box\par}}}}", "a box"),
        (r"seen {\v hidden}{\deleted gone}\v0 after}", "seen after"),
        (r"a\bin4 }{\\ b}", "a b"),
        ("one\r\ntwo\\\r\nthree}", "onetwo\nthree"),
        (r"{\footer page 1\par}first\par}", "first\npage 1"),
        (r"{\listtext\f1\'b7\tab}one\par{\listtext\'b7\tab}\ilvl1 in\par}", "- one\n  - in"),
        (r"{\pntext 2.\tab}two\par{\pntext 3)\tab}three}", "2. two\n3. three"),
        (r"{\listtext a)\tab}first\par}", "a) first"),
        (r"\trowd\intbl #3\cell\cell 5\par mm\cell\row\trowd #4\cell 6\row\pard end}", "#3 |  | 5 mm\n#4 | 6\nend"),
        (r"a\par\par b}", "a\n\nb"),
        (r"allergy: \strike penicillin\strike0  none}", "allergy: [struck out: penicillin] none"),
    ],
)  # fmt: skip
def test_rtf_says_what_a_person_reads(body: str, said: str) -> None:
    assert text(RTF + body) == said
    assert not read(RTF + body).malformed


def test_rtf_in_two_bytes_per_character() -> None:
    assert text(r"{\rtf1\ansi\ansicpg932 \'93\'fa\'96\'7b}") == "日本"


@pytest.mark.parametrize("body", [r"{\rtf1 torn {\b open", r"{\rtf1 a}} b", r"{\rtf1 odd \'zz byte}", "{\\rtf1 cut \\"])
def test_damaged_rtf_says_so_and_gives_what_can_be_read(body: str) -> None:
    document = read(body)
    assert document.malformed
    assert to_text(document).split()[0] in ("torn", "a", "odd", "cut")


def test_rtf_keeps_bold_italic_underline_and_headings() -> None:
    body = r"{\stylesheet{\s0 Normal;}{\s3\b heading 2;}{\*\cs4 Heading 1 Char;}}\s3 Findings\par\pard\s0 "
    found = read(RTF + body + r"\b a\b0\i b\plain\ul c\ulnone d\par{\b e}f}").blocks
    assert found == (
        Paragraph((Run("Findings"),), heading=2),
        Paragraph((Run("a", BOLD), Run("b", Style(italic=True)), Run("c", Style(underline=True)), Run("d"))),
        Paragraph((Run("e", BOLD), Run("f"))),
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<p>BOP &lt; 10&#37; &amp; stable</p><p>Caf&eacute;&nbsp;au lait</p>", "BOP < 10% & stable\nCafé au lait"),
        ("Plan:<ul><li>SRP UR</li><li>SRP LR</li></ul>then recall", "Plan:\n- SRP UR\n- SRP LR\nthen recall"),
        ("<ol start=3><li>a<ol><li>in</ol><li value=7>b</ol>", "3. a\n  1. in\n7. b"),
        ("<ul><li><p>one</p><p>more</p><li>two</ul>tail", "- one\n  more\n- two\ntail"),
        ("one<br />two<BR>three<br/>four", "one\ntwo\nthree\nfour"),
        ("<DIV>first</DIV>\n  <div>second\n third</div>", "first\nsecond third"),
        ("<table><tr><td>#3<td>5 mm</tr><tr><td>#4<td><table><tr><td>a<td>b</table></table>", "#3 | 5 mm\n#4 | a\tb"),
        ("<table><tr><td>x<ul><li>1<li>2</ul></table>", "x • 1 • 2"),
        ("shown<script>hidden()</script><style>p{}</style><b> too</b>", "shown too"),
        ("written &amp;lt; as code</p>", "written &lt; as code"),
        ("<p>PD <5 & CAL </= 3", "PD <5 & CAL </= 3"),
        ("PD </= 3 mm, CAL <5 & stable", "PD </= 3 mm, CAL <5 & stable"),
        ("<p>no <del>pain</del></p>", "no [struck out: pain]"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<p> </p>", ""),
    ],
)
def test_html_says_what_a_person_reads(body: str, said: str) -> None:
    assert text(body) == said


def test_html_of_an_editor_that_uses_styles() -> None:
    body = (
        '<span style="FONT-WEIGHT: bold">a</span><span style="font-style:italic; text-decoration: underline">b</span>'
    )
    body += '<b>c<span style="font-weight:400">d</span></b>'
    styles = [run.style for run in read(body).blocks[0].runs]  # type: ignore[union-attr]
    assert styles == [BOLD, Style(italic=True, underline=True), BOLD, Style()]


def test_a_table_is_a_table() -> None:
    cell = Paragraph((Run("#3"),))
    assert read("<table><tr><td>#3</td><td></td></tr></table>").blocks == (Table(((cell, Paragraph()),)),)


def test_plain_text_has_paragraphs_and_lines() -> None:
    assert html("  A <5\r\nb\r\n\r\nc  d\te") == "<p>&nbsp;&nbsp;A &lt;5<br>\nb</p>\n<p>c &nbsp;d\u2003e</p>"


def test_lists_in_html_count_on_and_nest() -> None:
    assert html("<ol><li>a<li>b<ul><li>in</ul></ol>x<ol start=3><li>c</ol>") == (
        "<ol>\n<li>a</li>\n<li>b\n<ul>\n<li>in</li>\n</ul></li>\n</ol>\n<p>x</p>\n<ol start=\"3\">\n<li>c</li>\n</ol>"
    )  # fmt: skip


def test_h8_a_bold_label_stands_on_a_line_of_its_own_in_plain_text() -> None:
    assert text(RTF + r"\b Subjective:\b0  Gums bleed.\par \b Plan: \b0 Recall.\par}") == (
        "Subjective:\nGums bleed.\nPlan:\nRecall."
    )
    assert text("<p><b>deep</b> pocket: 6</p>") == "deep pocket: 6"


def test_headings_are_bold_since_not_every_reader_keeps_heading_elements() -> None:
    assert html("<h2>Plan <i>now</i></h2>") == "<p><b>Plan </b><b><i>now</i></b></p>"


@pytest.mark.parametrize("number", [Item(0, None), Item(0, 2)])
def test_empty_items_vanish(number: Item) -> None:
    assert html(f"<ol start={number.number or 1}><li></li></ol>x") == "<p>x</p>"
