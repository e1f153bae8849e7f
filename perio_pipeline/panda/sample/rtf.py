"""Writes paragraphs as RTF, HTML or plain text in CP1252, the way PANDA's legacy text columns hold them."""

from __future__ import annotations

import html

HEADER = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Calibri;}}\viewkind4\uc1\pard\f0\fs22 "

_SPECIAL = {"\\": r"\\", "{": r"\{", "}": r"\}", "\n": "\\line\n"}
_UPPER_HALF = (bytes([code]).decode("cp1252", "ignore") for code in range(128, 256))
_ESCAPES = str.maketrans(
    _SPECIAL | {letter: f"\\'{letter.encode('cp1252')[0]:02x}" for letter in _UPPER_HALF if letter}
)
"""RTF's own letters, and every CP1252 letter outside ASCII as its byte in hexadecimal."""


def escape(text: str) -> str:
    """Return a text as RTF holds it."""
    return text.translate(_ESCAPES)


def headed_rtf(sections: list[tuple[str, str]]) -> bytes:
    """Return an RTF document with a bold heading before each text."""
    body = "".join(f"\\b {escape(heading)}:\\b0  {escape(text)}\\par\r\n" for heading, text in sections)
    return (HEADER + body + "}").encode("ascii")


def headed_html(sections: list[tuple[str, str]]) -> bytes:
    """Return an HTML fragment with a bold heading before each text."""
    body = "".join(
        f"<p><b>{html.escape(heading)}:</b> {html.escape(text, quote=False)}</p>" for heading, text in sections
    )
    return f"<div>{body}</div>".encode("cp1252")


def headed_text(sections: list[tuple[str, str]]) -> bytes:
    """Return plain text, a line per section."""
    return "\r\n".join(f"{heading}: {text}" for heading, text in sections).encode("cp1252")
