"""Reads a body, whatever it is written in: RTF, HTML or plain text."""

from __future__ import annotations

from perio_pipeline.richtext.document import BREAKS, Builder, Document
from perio_pipeline.richtext.html import is_html, read_html
from perio_pipeline.richtext.rtf import is_rtf, read_rtf


def read(body: str) -> Document:
    """Read a body; its form is told by what it says, since what a column says about it may be wrong.

    Never raises: what is damaged gives what can be read, and `malformed`.
    """
    if is_rtf(body):
        return read_rtf(body)
    return read_html(body) if is_html(body) else read_plain(body)


def read_plain(text: str) -> Document:
    """Read plain text: lines that follow each other are one paragraph, an empty line ends it."""
    out = Builder()
    for line in BREAKS.sub("\n", text).split("\n"):
        if line.strip():
            out.end_line()
            out.write(line)
        else:
            if out.last:
                out.end_paragraph()
            out.end_paragraph(keep_empty=True)
    return out.document()
