"""RTF, HTML and plain text are read with what a person sees in them: words, look, lists, tables, pictures."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from perio_pipeline.files.document import Align, PageBreak, Paragraph, Picture, Rule, Run, Table
from perio_pipeline.files.reading import read
from perio_pipeline.panda.sample.rtf import escape


def png() -> bytes:
    target = io.BytesIO()
    Image.new("L", (4, 4), 128).save(target, "PNG")
    return target.getvalue()


def rtf(body: str, fonts: str = r"{\f0 Arial;}") -> str:
    return rf"{{\rtf1\ansi\ansicpg1252\deff0{{\fonttbl{fonts}}}\uc1\pard\f0\fs22 {body}}}"


def paragraphs(text: str) -> list[str]:
    return [paragraph.text for paragraph in read(text).paragraphs()]


def runs(text: str, **look: Any) -> list[str]:
    """The texts that have this look."""
    parts = [part for paragraph in read(text).paragraphs() for part in paragraph.parts if isinstance(part, Run)]
    return [run.text.strip() for run in parts if all(getattr(run, name) == value for name, value in look.items())]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (r"caf\'e9 \'93quoted\'94 5 \'95 6\par", "café “quoted” 5 • 6"),
        (r"\u8364?100, \u-10179?\u-8704? and \uc0\u233 nd\par", "€100, 😀 and énd"),
        (r"a\~b\_c \emdash  \lquote x\rquote\par", "a\u00a0b-c — ‘x’"),
        (r"one\line two\tab three\par", "one\ntwo\tthree"),
        (r"{\*\generator Riched20;}{\info{\author Nobody}}said{\v hidden}\par", "said"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt the link}}\par", "the link"),
        (r"{\f1\'cf\'f0\'e8\'e2\'e5\'f2}\par", "Привет"),
        (r"cut off {\b in the mid", "cut off in the mid"),
        (r"\caps shout\par", "SHOUT"),
    ],
)
def test_f8_rtf_says_what_it_says(body: str, said: str) -> None:
    assert paragraphs(rtf(body, r"{\f0 Arial;}{\f1\fcharset204 Arial Cyr;}")) == [said]


def test_f8_rtf_keeps_its_look() -> None:
    text = rtf(r"\b bold\b0  plain {\i italic \ul both} \strike gone\strike0  x\super 2\nosupersub\plain  end\par")
    assert runs(text, bold=True) == ["bold"]
    assert runs(text, italic=True) == ["italic", "both"]
    assert runs(text, underline=True) == ["both"]
    assert runs(text, strike=True) == ["gone"]
    assert runs(text, raised=1) == ["2"]
    sizes = rtf(r"{\fs32 large} small\par")
    assert (runs(sizes, size=16.0), runs(sizes, size=11.0)) == (["large"], ["small"])


def test_f8_rtf_has_header_footer_lists_tables_and_page_breaks() -> None:
    table = r"\trowd\cellx3000\cellx9000\intbl {\b Code}\cell Fee\cell\row\trowd\intbl D4341\cell $ 350\cell\row\pard"
    items = r"{\pntext\'95\tab}\fi-360\li720 first\par{\pntext\'95\tab}second\par\pard"
    document = read(
        rtf(rf"{{\header\qc Harbor\par}}{{\footer bye\par}}\qr right\par\pard {items}{table}\page last\par")
    )
    assert [block.text for block in document.header if isinstance(block, Paragraph)] == ["Harbor"]
    assert document.header[0].align is Align.CENTER  # type: ignore[union-attr]
    assert [block.text for block in document.footer if isinstance(block, Paragraph)] == ["bye"]
    right, first, second, grid, page, last = document.body
    assert isinstance(right, Paragraph)
    assert right.align is Align.RIGHT
    assert [(item.bullet, item.text, item.indent) for item in (first, second)] == [  # type: ignore[union-attr]
        ("•", "first", 36.0),
        ("•", "second", 36.0),
    ]
    assert isinstance(grid, Table)
    assert [[cell.paragraphs[0].text for cell in row] for row in grid.rows] == [["Code", "Fee"], ["D4341", "$ 350"]]
    assert grid.widths == (150.0, 300.0)
    assert isinstance(page, PageBreak)
    assert isinstance(last, Paragraph)


def test_f8_pictures_come_along_and_those_nobody_can_show_are_named() -> None:
    shown = rtf(rf"{{\pict\pngblip\picwgoal1440\pichgoal720 {png().hex()}}}\par")
    ((picture,),) = [paragraph.parts for paragraph in read(shown).paragraphs()]
    assert picture == Picture(png(), 72.0, 36.0)
    assert paragraphs(rtf(r"{\pict\wmetafile8 0102}\par")) == ["[picture]"]
    held = f'<p><img width="40" src="data:image/png;base64,{base64.b64encode(png()).decode()}"></p>'
    ((picture,),) = [paragraph.parts for paragraph in read(held).paragraphs()]
    assert picture == Picture(png(), 30.0, None)
    assert paragraphs('<p><img src="http://x/logo.png" alt="logo"></p>') == ["[picture: logo]"]


def test_f8_html_says_what_a_page_shows() -> None:
    page = """<html><head><title>no</title><style>p {}</style></head><body>
      <h2>Your plan</h2><p align=center>Dear <b>Ms. Reed</b>,<br> hello &amp; <i>welcome</i></p>
      <ul><li>one<li>two<ol><li>inner</li></ol></li></ul><hr>
      <table><tr><th>Code</th><th>Fee</th></tr><tr><td>D4341</td><td>$&nbsp;350</td></tr></table>
      <script>never()</script></body></html>"""
    document = read(page)
    heading, text, one, two, inner, rule, grid = document.body
    assert isinstance(heading, Paragraph)
    assert (heading.text, heading.heading) == ("Your plan", 2)
    assert isinstance(text, Paragraph)
    assert (text.text, text.align) == ("Dear Ms. Reed,\nhello & welcome", Align.CENTER)
    assert [(item.bullet, item.text) for item in (one, two, inner)] == [  # type: ignore[union-attr]
        ("•", "one"),
        ("•", "two"),
        ("1.", "inner"),
    ]
    assert isinstance(rule, Rule)
    assert isinstance(grid, Table)
    assert [[cell.paragraphs[0].text for cell in row] for row in grid.rows] == [["Code", "Fee"], ["D4341", "$\xa0350"]]
    assert grid.rows[0][0].heading
    assert (runs(page, bold=True), runs(page, italic=True)) == (["Ms. Reed", "Code", "Fee"], ["welcome"])


def test_text_with_signs_in_it_is_no_html() -> None:
    text = "Depths < 5 mm and > 3 mm\r\n  indented\r\n\r\nend\r\n"
    assert paragraphs(text) == ["Depths < 5 mm and > 3 mm\n\u00a0\u00a0indented", "", "end"]


@given(st.text(st.characters(codec="cp1252", exclude_categories=("Cc",)), max_size=80))
@settings(max_examples=150, deadline=None)
def test_rtf_gives_back_any_text_that_was_put_into_it(text: str) -> None:
    assert "".join(paragraphs(rtf(f"x{escape(text)}x\\par"))) == f"x{text}x"


@given(st.text("{}\\'bui0* \nparx;", max_size=120))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_letter_is_read_without_an_error(text: str) -> None:
    read("{\\rtf1 " + text)
    read("<p>" + text.replace("{", "<").replace("}", ">"))
