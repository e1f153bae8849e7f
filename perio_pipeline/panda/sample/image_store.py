"""The files that images refer to: drawn, varied and written to a folder beside the database.

Drawing takes long, so each kind of picture is drawn once per region and bone level, and every image is one of these,
shifted, lit and grained in its own way. Volumes (CBCT) are files of their size with a head and nothing else in them,
which take no room on most disks.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from perio_pipeline.panda.sample.films import bitewing, panoramic, periapical
from perio_pipeline.panda.sample.photos import smile
from perio_pipeline.panda.sample.textures import piece, static
from perio_pipeline.panda.sample.tooth_drawing import Tooth, form_of

Pixels = npt.NDArray[np.uint8]
Drawing = tuple[Any, ...]
"""What names a drawing: kind, then what it shows."""

_LEVELS = (0.8, 2.4, 4.2, 6.5)
"""Attachment lost at each of the bone levels that are drawn, mm."""
_LEVEL_EDGES = (1.6, 3.2, 5.2)
_VARIANTS = {"PAN": 3, "PH": 2}
_WORK = ("none", "none", "none", "filling", "crown", "root canal")
_FILM_SCALE, _PANORAMIC_SCALE, _PHOTO_SCALE = 15.0, 6.0, 11.0
_QUALITY = 85
_MOST_SHIFT = 0.05
_MEGABYTE = 1_000_000
_VOLUME_MEGABYTES = (26, 48)
_LARGE_PHOTO = 3
"""How many times wider than others a photo is that somebody took at full size."""

_MARKER = "SYNTHETIC.txt"
_DRAWN: dict[Drawing, Pixels] = {}
"""What has been drawn in this process."""


@dataclass(frozen=True)
class Images:
    """A folder of images, written one after another."""

    folder: Path

    def clear(self) -> None:
        """Begin anew: remove what an earlier generation made, and nothing else."""
        marker = self.folder / _MARKER
        if marker.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        marker.write_text("Every image in this folder is drawn; nobody's teeth are on it.\n", encoding="utf-8")

    def write(self, kind: str, path: str, teeth: list[int], loss: float, implant: bool, chance: float) -> int:
        """Write an image and return its size in bytes.

        Args:
            kind: PANDA's code: PA, BW, PAN, CT or PH.
            path: as PANDA writes it, with backslashes.
            teeth: those it shows, by Universal numbers; for PA.
            loss: attachment lost there, mm.
            implant: the tooth is an implant.
            chance: 0 to 1; another one gives another image.
        """
        target = self.place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "CT":
            return _write_volume(target, chance)
        rng = np.random.default_rng(int(chance * 2**53))
        level = int(np.digitize(loss, _LEVEL_EDGES))
        name: Drawing = (kind, level, *_shown(kind, teeth, implant, rng))
        target.write_bytes(_jpeg(_varied(_drawing(name), rng)))
        return target.stat().st_size

    def place(self, path: str) -> Path:
        """Where a file lies that PANDA writes with backslashes."""
        return self.folder.joinpath(*path.split("\\"))

    def enlarge(self, path: str) -> int:
        """Replace a photo by one at full size; returns its size."""
        target = self.place(path)
        with Image.open(target) as photo:
            grown = photo.resize((photo.width * _LARGE_PHOTO, photo.height * _LARGE_PHOTO), Image.Resampling.BICUBIC)
        grain = (piece(static(5), np.random.default_rng(grown.width), grown.height, grown.width) * 9).astype(np.int16)
        lit = np.asarray(grown).astype(np.int16)
        lit += grain[..., None]
        target.write_bytes(_jpeg(np.clip(lit, 0, 255, out=lit).astype(np.uint8)))
        return target.stat().st_size


def _shown(kind: str, teeth: list[int], implant: bool, rng: np.random.Generator) -> tuple[Any, ...]:
    """What a drawing of this kind depends on besides the bone level."""
    if kind == "PA":
        return (tuple(teeth), implant)
    if kind == "BW":
        return (bool(rng.integers(2)),)
    return (int(rng.integers(_VARIANTS[kind])),)


def _drawing(name: Drawing) -> Pixels:
    if name not in _DRAWN:
        # Of the name alone, so that the same drawing comes out whatever was drawn before.
        rng = np.random.default_rng(list(repr(name).encode()))
        kind, level, *shown = name
        _DRAWN[name] = _DRAWERS[kind](rng, _LEVELS[level], *shown)
    return _DRAWN[name]


def _draw_periapical(rng: np.random.Generator, loss: float, teeth: tuple[int, ...], implant: bool) -> Pixels:
    upper = teeth[0] <= 16
    first, last = (1, 16) if upper else (17, 32)
    shown = list(range(max(first, min(teeth) - 2), min(last, max(teeth) + 2) + 1))
    drawn = [_tooth(rng, number, loss, implant=implant and number in teeth) for number in shown]
    return periapical(rng, drawn if upper else drawn[::-1], upper=upper, scale=_FILM_SCALE)


def _draw_bitewing(rng: np.random.Generator, loss: float, right: bool) -> Pixels:
    upper, lower = (range(1, 6), range(32, 27, -1)) if right else (range(12, 17), range(21, 16, -1))
    top, bottom = ([_tooth(rng, number, loss) for number in arch] for arch in (upper, lower))
    return bitewing(rng, top, bottom, scale=_FILM_SCALE)


def _draw_panoramic(rng: np.random.Generator, loss: float, variant: int) -> Pixels:
    top, bottom = ([_tooth(rng, number, loss) for number in arch] for arch in (range(1, 17), range(32, 16, -1)))
    return panoramic(rng, top, bottom, scale=_PANORAMIC_SCALE)


def _draw_photo(rng: np.random.Generator, loss: float, variant: int) -> Pixels:
    return smile(rng, loss, scale=_PHOTO_SCALE)


_DRAWERS: dict[str, Any] = {
    "PA": _draw_periapical,
    "BW": _draw_bitewing,
    "PAN": _draw_panoramic,
    "PH": _draw_photo,
}
"""Code of a kind of image → what draws it."""


def _tooth(rng: np.random.Generator, number: int, loss: float, *, implant: bool = False) -> Tooth:
    """A tooth around which about so much attachment is lost, more of it at some sides than at others."""
    uneven = rng.gamma(1.6, 0.5, 2) * 0.6 * loss
    left, right = np.clip(0.45 * loss + uneven, 0.2, 9.0).tolist()
    work = "implant" if implant else str(rng.choice(_WORK))
    return Tooth(form_of(number), (left, right), work, missing=not implant and loss > 4 and rng.random() < 0.08)


def _varied(drawing: Pixels, rng: np.random.Generator) -> Pixels:
    """A drawing shifted a little, in other light, with grain of its own."""
    rows, columns = drawing.shape[:2]
    top, left = (int(rng.integers(0, max(1, round(side * _MOST_SHIFT)))) for side in (rows, columns))
    bottom, right = (int(rng.integers(0, max(1, round(side * _MOST_SHIFT)))) for side in (rows, columns))
    part = drawing[top : rows - bottom, left : columns - right]
    levels = np.arange(256) / 255
    table = np.clip(levels ** rng.uniform(0.85, 1.15) * rng.uniform(0.92, 1.03) + rng.uniform(0, 0.03), 0, 1) * 255
    grain = (piece(static(5), rng, *part.shape[:2]) * 3.2).astype(np.int16)
    lit = table.astype(np.int16)[part]
    return np.asarray(np.clip(lit + (grain if lit.ndim == 2 else grain[..., None]), 0, 255), dtype=np.uint8)


def _jpeg(pixels: Pixels) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()


def _write_volume(target: Path, chance: float) -> int:
    """A file with the head of a DICOM file, the size of a volume, and holes for the rest."""
    low, high = _VOLUME_MEGABYTES
    size = int((low + (high - low) * chance) * _MEGABYTE)
    with target.open("wb") as file:
        file.write(b"\0" * 128 + b"DICM")
        file.truncate(size)
    return size
