"""Reads a letter or note into a `Document`, whatever it is written in: the content says so, not its label."""

from __future__ import annotations

from itertools import groupby

from perio_pipeline.files.document import Document, Paragraph, Run
from perio_pipeline.files.html_text import is_html, read_html
from perio_pipeline.files.rtf import is_rtf, read_rtf


def read(text: str) -> Document:
    """Read RTF, HTML or plain text."""
    if is_rtf(text):
        return read_rtf(text)
    return read_html(text) if is_html(text) else read_plain(text)


def read_plain(text: str) -> Document:
    """Read plain text: empty lines part its paragraphs, every line is a line, and blanks stay where they are."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks: list[Paragraph] = []
    for filled, group in groupby((line.rstrip() for line in lines), key=bool):
        kept = list(group)
        blocks += [Paragraph((Run("\n".join(map(_indented, kept))),))] if filled else [Paragraph() for _ in kept]
    while blocks and not blocks[-1].parts:
        blocks.pop()
    return Document(tuple(blocks))


def _indented(line: str) -> str:
    """A line whose first blanks stay."""
    bare = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(bare)) + bare
