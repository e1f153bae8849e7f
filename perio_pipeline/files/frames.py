"""The frames of this room, each defined once: the files as they are, and what of each goes to a destination."""

from __future__ import annotations

from dataclasses import dataclass

from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Column, Table

PROBLEMS = {
    "letter_empty": "there is nothing to read in the letter",
    "letter_not_printable": "something in the letter cannot be set as PDF",
    "visits_not_printable": "something in the visits cannot be set as PDF",
    "no_image_store": "the practice's file does not say where the images lie (`source.images`)",
    "file_outside": "its path leads out of the image store",
    "file_missing": "no such file is in the image store",
    "file_unreadable": "the file cannot be read",
    "file_empty": "the file has no content",
    "file_changed": "the file is not as large as PANDA says",
    "file_unknown": "what is in the file is no image, DICOM or PDF",
}
"""Reason why there is nothing to send → what it means."""

VARIANTS = {
    "full": "the file as it is",
    "reduced": "a smaller copy of the picture",
    "link": "an address in the practice's own archive",
    "listed": "not sent, and listed",
}
"""How a file goes to a destination."""

REASONS = {
    "too_large": "larger than the destination takes",
    "no_room": "no room left in the destination's file storage",
}
"""Why a file does not go as it is."""


def _stored() -> tuple[Column, ...]:
    return (
        c.text("path", "where the file lies on this machine; empty where there is none"),
        c.integer("bytes", "its size", low=0),
        c.text("sha256", "its SHA-256, in hex", phi=False),
        c.text("content_type", "its MIME type, by its content", phi=False),
    )


def _problem() -> Column:
    return c.text("problem", "why there is nothing to send; empty for most", choices=tuple(PROBLEMS), phi=False)


LETTER = Table(
    "letter",
    ("letter_id",),
    (
        c.identifier("letter_id", "the letter's key in PANDA"),
        c.identifier("patient_id", "the patient it is about"),
        c.date("written_date", "when it was written", required=True),
        *_stored(),
        _problem(),
    ),
    "Each letter as PDF.",
)

RADIOGRAPH = Table(
    "radiograph",
    ("image_id",),
    (
        c.identifier("image_id", "the image's key in PANDA"),
        c.identifier("patient_id", "the patient it shows"),
        c.date("taken_date", "when it was taken"),
        *_stored(),
        c.integer("width", "pixels; empty where the kind of file does not say", low=1, phi=False),
        c.integer("height", "pixels", low=1, phi=False),
        c.integer("modified_ns", "when the file was last changed, nanoseconds since 1970", phi=False),
        c.text("url", "where the practice's own archive shows it, if it does"),
        _problem(),
    ),
    "Each radiograph and photo as its file is found in the image store.",
)

CHART = Table(
    "chart",
    ("patient_id",),
    (
        c.identifier("patient_id", "whose charts they are, after duplicates are merged"),
        c.date("last_charted", "date of the latest one", required=True),
        c.integer("charts", "how many stand side by side", required=True, low=1, phi=False),
        *_stored(),
        _problem(),
    ),
    "Each patient's periodontal charts side by side as one PDF: the first and the latest, five at most.",
)


VISIT_HISTORY = Table(
    "visit_history",
    ("patient_id",),
    (
        c.identifier("patient_id", "whose visits they are"),
        c.date("first_visit", "the earliest of all their visits", required=True),
        c.text(
            "state",
            "whether the file is made, or would be if the practice wanted it; empty where it cannot be",
            choices=("made", "to_make"),
            phi=False,
        ),
        *_stored(),
        _problem(),
    ),
    "Each patient's visits as one PDF, as far as the destination does not take them as events.",
)


@dataclass(frozen=True)
class Source:
    """A frame of files: which column names the file, and which one dates it."""

    table: Table
    key: str
    date: str


SOURCES = {
    "letter": Source(LETTER, "letter_id", "written_date"),
    "radiograph": Source(RADIOGRAPH, "image_id", "taken_date"),
    "chart": Source(CHART, "patient_id", "last_charted"),
}
"""Kind of file → its frame, the same for every destination: the assets `files/<kind>`."""

SENT = Table(
    "files",
    ("kind", "file_id"),
    (
        c.text("kind", "kind of file", required=True, choices=tuple(SOURCES), phi=False),
        c.identifier("file_id", "its key in PANDA"),
        c.identifier("account", "the account it goes to"),
        c.text(
            "variant", "how it goes there; empty where there is nothing to send", choices=tuple(VARIANTS), phi=False
        ),
        c.text("reason", "why it does not go as it is; empty for most", phi=False),
        *_stored(),
        c.text("url", "the address that is sent in place of the file"),
        c.text("note", "what the file's name says of it: that it is a reduced copy", phi=False),
        c.integer("original_bytes", "size of the file as it is", low=0),
        c.text("original_sha256", "SHA-256 of the file as it is", phi=False),
        c.text("original_pixels", "width x height of the picture as it is", phi=False),
    ),
    "What of each file goes to the destination: the file itself, a reduced copy, a link, or a line in a list.",
)

ENDINGS = {
    "application/pdf": ".pdf",
    "application/dicom": ".dcm",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/jp2": ".jp2",
}
"""MIME type → how a file's name ends."""
