"""Which variant of each file goes to a destination, given what it takes and what the practice decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from perio_pipeline.crm.protocol import FileLimits
from perio_pipeline.files import reducing
from perio_pipeline.files.frames import SENT, SOURCES
from perio_pipeline.files.reducing import NotReducibleError
from perio_pipeline.files.shelf import Shelf, Stored
from perio_pipeline.panda.frames import PANDAS_TYPES, table_kinds

Policy = Literal["reduce", "link", "list"]
Row = dict[Any, Any]
Reduce = Callable[[Row, int], Stored | None]
"""(file, most bytes) → a smaller copy; None where there is no such copy."""

_UNIFIED = ("patient_id", "path", "bytes", "sha256", "content_type", "url", "width", "height", "problem")
_KINDS = table_kinds(SENT)
_REDUCED_BY = 4
"""A copy made for want of room is smaller by this factor at least."""


@dataclass(frozen=True)
class StorageNeed:
    """What the files of a practice ask of an account's storage (requirement G7).

    Attributes:
        files, bytes: of all files that can be sent.
        room: bytes that the account has; None where that is not known.
        full, full_bytes: those that go as they are.
        too_large, too_large_bytes: those that are larger than one file may be.
        no_room, no_room_bytes: those for which there is no room, the oldest ones.
    """

    files: int
    bytes: int
    room: int | None
    full: int
    full_bytes: int
    too_large: int
    too_large_bytes: int
    no_room: int
    no_room_bytes: int

    @property
    def fits(self) -> bool:
        """Whether every file goes as it is."""
        return self.full == self.files


def unified(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Put frames of files (kind → `files/<kind>`) together.

    Returns:
        kind, file_id, patient_id, date, path, bytes, sha256, content_type, url, width, height, problem.
    """
    parts = []
    for kind, frame in frames.items():
        source = SOURCES[kind]
        part = frame.assign(kind=kind, file_id=frame[source.key], date=frame[source.date])
        parts.append(part.reindex(columns=["kind", "file_id", "date", *_UNIFIED]))
    return (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["kind", "file_id", "date", *_UNIFIED])
    )


def fit(files: pd.DataFrame, limits: FileLimits, policy: Policy, reduce: Reduce) -> pd.DataFrame:
    """Decide on the files of one account: the newest ones get the room, and what does not go as it is, by policy.

    Args:
        files: `unified`, with `account`, and `placed`: whether the account holds the file already, so that its room is
            taken.
        limits: what the account takes.
        policy: what becomes of a file that does not go as it is. `reduce` falls back to `link`, and `link` to `list`.
        reduce: makes smaller copies.

    Returns:
        The columns of `frames.SENT`, in the order of the files.
    """
    files = files.reset_index(drop=True)
    room = _Room(limits)
    variants: list[str | None] = [None] * len(files)
    reasons: list[str | None] = files["problem"].astype(object).where(files["problem"].notna(), None).tolist()
    copies: dict[int, Stored] = {}
    for place, size in _in_turn(files):
        obstacle = room.obstacle(size)
        if not obstacle:
            variants[place] = "full"
            room.take(size)
            continue
        reasons[place], file = obstacle, files.loc[[place]].to_dict("records")[0]
        copy = _copy(file, room, obstacle, reduce) if policy == "reduce" else None
        if copy is not None:
            variants[place], copies[place] = "reduced", copy
            room.take(copy.bytes)
        else:
            variants[place] = "link" if policy != "list" and pd.notna(file["url"]) else "listed"
    return _sent(files, variants, reasons, copies)


def _copy(file: Row, room: _Room, obstacle: str, reduce: Reduce) -> Stored | None:
    """A smaller copy of a picture, where there is one and it finds room."""
    if not str(file["content_type"]).startswith("image/"):
        return None
    copy = reduce(file, room.most(file["bytes"], obstacle))
    return copy if copy is not None and not room.obstacle(copy.bytes) else None


def _sent(
    files: pd.DataFrame, variants: list[str | None], reasons: list[str | None], copies: dict[int, Stored]
) -> pd.DataFrame:
    """The frame of what was decided."""
    frame = files[["kind", "file_id", "account"]].assign(note=None)
    frame["variant"], frame["reason"] = (
        pd.Series(each, index=files.index, dtype=object) for each in (variants, reasons)
    )
    full, linked = frame["variant"] == "full", frame["variant"] == "link"
    for name in ("path", "bytes", "sha256"):
        frame[name] = files[name].where(full)
    frame["content_type"] = files["content_type"].where(full | linked)
    frame["url"] = files["url"].where(linked)
    frame["original_bytes"], frame["original_sha256"] = files["bytes"], files["sha256"]
    pixels = files["width"].astype(str) + " x " + files["height"].astype(str)
    frame["original_pixels"] = pixels.where(files["width"].notna())
    frame = frame.astype({name: PANDAS_TYPES[kind] for name, kind in _KINDS.items()})[list(_KINDS)]
    made = list(copies)
    frame.loc[made, "path"] = [str(copy.path) for copy in copies.values()]
    frame.loc[made, "bytes"] = [copy.bytes for copy in copies.values()]
    frame.loc[made, "sha256"] = [copy.sha256 for copy in copies.values()]
    frame.loc[made, "content_type"] = reducing.CONTENT_TYPE
    frame.loc[made, "note"] = "reduced copy"
    return frame


def storage_need(files: pd.DataFrame, limits: FileLimits) -> StorageNeed:
    """Say what the files of one account need and how much of it finds room; makes and sends nothing.

    Args:
        files: `unified`; those with a problem do not count.
        limits: what the account takes.
    """
    room = _Room(limits)
    counts = {reason: [0, 0] for reason in ("", "too_large", "no_room")}
    for _, size in _in_turn(files):
        counted = counts[room.obstacle(size)]
        counted[0] += 1
        counted[1] += size
        room.take(size if counted is counts[""] else 0)
    (full, full_bytes), (large, large_bytes), (late, late_bytes) = counts.values()
    return StorageNeed(
        files=full + large + late,
        bytes=full_bytes + large_bytes + late_bytes,
        room=limits.room,
        full=full,
        full_bytes=full_bytes,
        too_large=large,
        too_large_bytes=large_bytes,
        no_room=late,
        no_room_bytes=late_bytes,
    )


def reducer(shelf: Shelf) -> Reduce:
    """Return what makes smaller copies and keeps them on a shelf."""

    def reduce(file: Row, most_bytes: int) -> Stored | None:
        pixels: str = f", {file['width']} x {file['height']} pixels" if pd.notna(file["width"]) else ""
        remark = f"Reduced copy. Original: {file['bytes']} bytes{pixels}, sha-256 {file['sha256']}"
        made_of = {"reduction": reducing.REDUCTION, "original": file["sha256"], "most_bytes": most_bytes}
        try:
            return shelf.keep(made_of, lambda: reducing.reduced(Path(file["path"]), most_bytes, remark))
        except (NotReducibleError, OSError):
            return None

    return reduce


class _Room:
    """What is left of an account's storage."""

    def __init__(self, limits: FileLimits) -> None:
        self.limits = limits
        self.left = limits.room

    def obstacle(self, size: int) -> str:
        """Why a file of this size does not go as it is; empty where it does."""
        if self.limits.file is not None and size > self.limits.file:
            return "too_large"
        return "no_room" if self.left is not None and size > self.left else ""

    def take(self, size: int) -> None:
        """Use some of it up."""
        if self.left is not None:
            self.left = max(0, self.left - size)

    def most(self, size: int, obstacle: str) -> int:
        """How large a smaller copy of a file may be: always the same for a file, whatever else is sent."""
        most = size // _REDUCED_BY
        return most if self.limits.file is None or obstacle == "no_room" else self.limits.file


def _in_turn(files: pd.DataFrame) -> list[tuple[int, int]]:
    """Place and size of the files that can be sent, in the order in which they get room.

    Those that have it already come first, then the newest.
    """
    keys = files[["kind", "file_id"]].reset_index(drop=True).assign(size=files["bytes"].to_numpy())
    keys["date"] = pd.to_datetime(files["date"]).to_numpy()
    keys["placed"] = files["placed"].to_numpy(dtype=bool) if "placed" in files else False
    keys = keys[files["problem"].isna().to_numpy()]
    order = keys.sort_values(["placed", "date", "kind", "file_id"], ascending=[False, False, True, True], kind="stable")
    return list(zip(order.index.tolist(), order["size"].astype("int64").tolist(), strict=True))
