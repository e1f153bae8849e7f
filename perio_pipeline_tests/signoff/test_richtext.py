"""What a person sees in rich text, read for the diff alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.richtext.reading import read
from perio_pipeline.richtext.writing import to_html, to_text
from perio_pipeline.signoff.causes import Cause
from perio_pipeline.signoff.comparators import RICH
from perio_pipeline.signoff.richtext import is_rich, readable, rich_html, seen_in
from perio_pipeline_tests.signoff.small_practice import Place


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (r"{\rtf1\ansi\deff0 Hello}", "Hello"),
        (r"{\rtf1{\fonttbl{\f0\fswiss Arial;}}{\colortbl;\red0\green0\blue0;}\f0\fs20 Deep pocket}", "Deep pocket"),
        (r"{\rtf1{\*\generator Msftedit;}{\info{\author Nobody}}{\pict\pngblip 89504e47}text}", "text"),
        (r"{\rtf1{\stylesheet{\s0 Normal;}}a\par b\line c\tab d}", "a\nb\nc\td"),
        (r"{\rtf1 caf\'e9 \'93quoted\'94}", "café “quoted”"),
        (r"{\rtf1 depth \u8805?5, \u-3913?}", "depth ≥5, •"),
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


LIST = r"\pard\par{\listtext\'b7\tab}one\par{\listtext 3.\tab}\ilvl1 two\par{\listtext a)\tab}x\par "
RTF = [
    *(r"\par ", r"\line ", r"\b ", r"\b0 ", r"\i ", r"\plain ", r"\ul ", r"\ulnone ", r"{\b x}", "text ", r"caf\'e9 "),
    *(r"\u8805?", "5 mm ", "{", "}", r"\pard ", r"{\strike gone\line more}", r"\tab ", r"{\f1\'b3\'b7}", r"\~", "\n"),
    *(r"\trowd\intbl a\cell\cell b\cell\row\pard ", r"\intbl x\cell ", r"\row ", r"\intbl{\listtext\'b7}z\cell "),
    *(r"\pard\par\s1 head\par\pard\s0 ", r"\pard\par\outlinelevel0 head\par\pard ", r"{\footer f\par}", r"\u-3913?"),
    *(r"{\v hid}", r"{\*\x y}", LIST),
]
WORDS = st.sampled_from(["x ", "&lt; ", "<5", "</= 3 ", " \n ", "&nbsp;", "<br>", "<b>x</b>", "<i>j<br>k</i>"]) | (
    st.sampled_from(
        ["<s>no</s>", "<del>n<b>o</b></del>", "<em><u>e</u></em>", "<span style='font-weight: bold'>b</span>"]
    )
)
INLINE = st.lists(WORDS, max_size=4).map("".join)
TABLES = st.sampled_from(
    [
        "<table><tr><td>a</td><td></td></tr><tr><td>c<ul><li>d</ul></td><td><p>e</p><p>f</p></td></tr></table>",
        "<table><caption>q</caption><tr><th>h<td>k<table><tr><td>1<td>2</table>l</table>",
        "<table><tr><td><h3>t</h3>u<tr><td><b>v</b><td><br>w</table>",
    ]
)


def blocks(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Elements around others; items need no end."""
    items = st.lists(inside.map(lambda text: f"<li>{text}") | inside.map(lambda text: f"<li>{text}</li>"), max_size=3)
    listed = st.tuples(st.sampled_from(["ul", "ol", "ol start=4"]), items.map("".join))
    around = st.tuples(st.sampled_from(["p", "div", "h2", "blockquote"]), INLINE)
    return (
        listed.map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0][:2]}>")
        | around.map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>")
        | inside.map(lambda text: f"<div>{text}</div>")
        | st.lists(inside, max_size=3).map("".join)
        | TABLES
    )


HTML = st.recursive(INLINE, blocks, max_leaves=6)
PLAIN = st.text("ab \n\t5>&\r", max_size=20)
BODIES = (
    st.lists(st.sampled_from(RTF), max_size=12).map(
        lambda parts: (
            r"{\rtf1\ansi{\fonttbl{\f1\fcharset2 Symbol;}}{\stylesheet{\s1 heading 1;}}" + "".join(parts) + "}"
        )
    )
    | HTML.map(lambda text: f"<div>{text}</div>")
    | PLAIN
)


@given(BODIES)
@settings(max_examples=500, deadline=None)
def test_f7_the_diffs_reader_sees_what_the_shaping_wrote(body: str) -> None:
    """Two readers, written apart: what one makes of a body shows the other the same as its own."""
    assert seen_in(to_html(read(body))) == seen_in(rich_html(body) or "")
    assert "".join(to_text(read(body)).split()) == "".join(readable(body).split())


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        ("<p><b>Plan:</b> SRP<br>UR</p><ul><li>PD &lt;5</li></ul>", None),
        ("<div><strong>Plan:</strong>SRP</div><div>UR</div><ul><li>PD&nbsp;&lt;5</ul>", None),
        ("Plan: SRP\nUR PD &lt;5", Cause.UNFORMATTED),
        ("<p><b>Plan:</b> SRP<br>UR</p><p>PD &lt;5</p>", Cause.UNFORMATTED),
        ("<p><b>Plan:</b> SRP UR</p><ul><li>PD &lt;5</li></ul>", Cause.UNFORMATTED),
        ("<p><b>Plan:</b> <u>SRP</u><br>UR</p><ul><li>PD &lt;5</li></ul>", Cause.REFORMATTED),
        ("<p><b>Plan:</b> SRP<br>UR</p><ol><li>PD &lt;5</li></ol>", Cause.REFORMATTED),
        ("<p><b>Plan:</b> SRP<br>UR</p><ul><li>PD &gt;5</li></ul>", Cause.ALTERED),
        ("<p><b>Plan:</b> SRP<br>UR</p>", Cause.TRUNCATED),
    ],
)
def test_f7_rich_text_is_compared_in_every_character_and_its_formatting(found: str, cause: Cause | None) -> None:
    expected = rich_html("<p><b>Plan:</b> SRP<br>UR</p><ul><li>PD &lt;5</li></ul>")
    assert expected is not None
    assert RICH.judge(expected, found, Place()) == cause
