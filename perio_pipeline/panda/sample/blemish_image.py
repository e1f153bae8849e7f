"""Plants problems in images and their files. Every function returns the keys it planted."""

from __future__ import annotations

from pathlib import Path

from perio_pipeline.panda.sample.world import Bundle, World
from perio_pipeline.panda.sample.writer import Row

_DRAWN = frozenset({"PA", "BW", "PAN", "PH"})
_LEFT_OVER = 0.6
"""How much of a file came through when its copy was broken off."""


def missing_file(world: World, bundle: Bundle) -> list[str]:
    """A reference whose file somebody deleted or moved."""
    row, path = _chosen(world, bundle)
    if row is None:
        return []
    path.unlink()
    return [str(row["ImageNo"])]


def broken_file(world: World, bundle: Bundle) -> list[str]:
    """A file whose copy was broken off: it is not as large as the database says."""
    row, path = _chosen(world, bundle)
    if row is None:
        return []
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * _LEFT_OVER)])
    return [str(row["ImageNo"])]


def no_image(world: World, bundle: Bundle) -> list[str]:
    """A file of the right size in which there is no image, as a failed restore leaves it."""
    row, path = _chosen(world, bundle)
    if row is None:
        return []
    path.write_bytes(b"\xf6" * int(str(row["FileBytes"])))
    return [str(row["ImageNo"])]


def outside(world: World, bundle: Bundle) -> list[str]:
    """A reference to somebody's own drive."""
    row, _ = _chosen(world, bundle)
    if row is None:
        return []
    row["FilePath"] = f"C:\\Users\\frontdesk\\Desktop\\{str(row['FilePath']).rsplit(chr(92), 1)[-1]}"
    return [str(row["ImageNo"])]


def other_case(world: World, bundle: Bundle) -> list[str]:
    """A path in capitals, which Windows does not mind."""
    row, _ = _chosen(world, bundle)
    if row is None:
        return []
    row["FilePath"] = str(row["FilePath"]).upper()
    return [str(row["ImageNo"])]


def large_photo(world: World, bundle: Bundle) -> list[str]:
    """A photo at the full size of its camera."""
    photos = [row for row in bundle.of("ImageRef") if row["ImageType"] == "PH"]
    if not photos:
        return []
    photos[0]["FileBytes"] = world.images.enlarge(str(photos[0]["FilePath"]))
    return [str(photos[0]["ImageNo"])]


def _chosen(world: World, bundle: Bundle) -> tuple[Row | None, Path]:
    """One of the patient's drawn images, and its file."""
    rows = [row for row in bundle.of("ImageRef") if row["ImageType"] in _DRAWN]
    if not rows:
        return None, world.images.folder
    row = bundle.rng.choice(rows)
    return row, world.images.place(str(row["FilePath"]))
