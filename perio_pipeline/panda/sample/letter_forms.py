"""Writes a letter as RTF, HTML or plain text in CP1252, the way PANDA's legacy text columns hold them.

A letter is a list of paragraphs: `**bold**`, items that begin with `- `, and rows of cells between tabs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from perio_pipeline.panda.sample.rtf import HEADER, escape

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CELLS_END = (5600, 7400, 9000)
"""Right edges of the columns of a table, twips."""


@dataclass(frozen=True)
class Written:
    """A letter: what stands in the head of its paper, and its paragraphs."""

    head: list[str]
    paragraphs: list[str]


def as_rtf(letter: Written) -> bytes:
    """Return an RTF document; the head is its page header."""
    head = "".join(rf"\pard\qc {_rtf(line)}\par" + "\r\n" for line in letter.head)
    body = "".join(_rtf_block(paragraph) for paragraph in _lists_apart(letter.paragraphs))
    return (HEADER + "{\\header " + head + "}\r\n" + body + "}").encode("ascii")


def as_html(letter: Written) -> bytes:
    """Return an HTML page without the head, which is printed on the paper."""
    blocks = "".join(_html_block(paragraph) for paragraph in letter.paragraphs)
    page = f"<html><head><title>Letter</title></head><body>{blocks}</body></html>"
    return page.replace("</ul><ul>", "").encode("cp1252")


def as_text(letter: Written) -> bytes:
    """Return plain text without the head, an empty line between paragraphs."""
    text = "\n\n".join(_text_block(paragraph) for paragraph in letter.paragraphs)
    return text.replace("\n\n- ", "\n- ").replace("\n", "\r\n").encode("cp1252")


FORMS: dict[str, Callable[[Written], bytes]] = {"R": as_rtf, "H": as_html, "T": as_text}
"""Code of a format → its writer."""


def _lists_apart(paragraphs: list[str]) -> list[str]:
    """Paragraphs with an empty one after each list."""
    apart: list[str] = []
    for paragraph in paragraphs:
        if apart and apart[-1].startswith("- ") and not paragraph.startswith("- "):
            apart.append("")
        apart.append(paragraph)
    return apart


def _rtf(text: str) -> str:
    return _BOLD.sub(r"\\b \1\\b0 ", escape(text))


def _rtf_block(paragraph: str) -> str:
    if "\t" in paragraph:
        edges = "".join(f"\\cellx{edge}" for edge in _CELLS_END)
        rows = (row.split("\t") for row in paragraph.split("\n"))
        cells = ("".join(f"{_rtf(cell)}\\cell " for cell in row) for row in rows)
        return "".join(f"\\trowd{edges}\\pard\\intbl {row}\\row\r\n" for row in cells) + "\\pard\\par\r\n"
    if paragraph.startswith("- "):
        return f"{{\\pntext\\'95\\tab}}\\pard\\fi-300\\li600 {_rtf(paragraph[2:])}\\par\r\n"
    return f"\\pard {_rtf(paragraph)}\\par\\par\r\n" if paragraph else "\\pard\\par\r\n"


def _html(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", html.escape(text, quote=False)).replace("\n", "<br>")


def _html_block(paragraph: str) -> str:
    if "\t" in paragraph:
        rows = ("".join(f"<td>{_html(cell)}</td>" for cell in row.split("\t")) for row in paragraph.split("\n"))
        return "<table border=1>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"
    if paragraph.startswith("- "):
        return f"<ul><li>{_html(paragraph[2:])}</li></ul>"
    return f"<p>{_html(paragraph)}</p>"


def _text_block(paragraph: str) -> str:
    plain = _BOLD.sub(r"\1", paragraph)
    if "\t" not in plain:
        return plain
    rows = [row.split("\t") for row in plain.split("\n")]
    return "\n".join(f"  {row[0][:44]:<46}{row[1]:<16}{row[2]:>12}".rstrip() for row in rows)
