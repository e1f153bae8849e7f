"""What a person reads in a note stays, and how it was set goes."""

from __future__ import annotations

import pytest

from perio_pipeline.signoff.richtext import is_rich, readable


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (r"{\rtf1\ansi\deff0 Hello}", "Hello"),
        (r"{\rtf1{\fonttbl{\f0\fswiss Arial;}}{\colortbl;\red0\green0\blue0;}\f0\fs20 Deep pocket}", "Deep pocket"),
        (r"{\rtf1{\*\generator Msftedit;}{\info{\author Nobody}}{\pict\pngblip 89504e47}text}", "text"),
        (r"{\rtf1{\stylesheet{\s0 Normal;}}a\par b\line c\tab d}", "a\nb\nc\td"),
        (r"{\rtf1 caf\'e9 \'93quoted\'94}", "café “quoted”"),
        (r"{\rtf1 depth \u8805?5, \u-3913?}", "depth ≥5, \uf0b7"),
        (r"{\rtf1\uc2 \u8805\'3e\'3d5 and \u233ex6}", "≥5 and é6"),
        (r"{\rtf1 \u-10179?\u-8704?}", "\U0001f600"),
        (r"{\rtf1 \{a\} \\ b\~c\_d}", "{a} \\ b c-d"),
        ("{\\rtf1 one\r\ntwo}", "onetwo"),
        (r"{\rtf1 {\field{\*\fldinst HYPERLINK x}{\fldrslt shown}}}", "shown"),
        (r"{\rtf1 torn {\b open", "torn open"),
        (r"{\rtf1 a}} b", "a b"),
    ],
)
def test_rtf(rtf: str, text: str) -> None:
    assert is_rich(rtf)
    assert readable(rtf) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\nTwo"),
        ("Depth &lt; 4&nbsp;mm<br>BOP &amp; plaque", "Depth < 4\xa0mm\nBOP & plaque"),
        ("<DIV>Up<BR/>down</DIV>", "Up\ndown"),
        ("<p>seen</p><style>p{color:red}</style><script>alert(1)</script>", "seen"),
    ],
)
def test_html(html: str, text: str) -> None:
    assert is_rich(html)
    assert readable(html) == text


@pytest.mark.parametrize("text", ["PD <5 mm and > 3", "a < b", "x {y} \\par", "Tooth <x> & y"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert not is_rich(text)
    assert readable(text) == text
