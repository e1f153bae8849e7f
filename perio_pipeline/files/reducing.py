"""Smaller copies of pictures that are too large for a destination. What the original was stands in the copy itself."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

CONTENT_TYPE = "image/jpeg"
REDUCTION = 1
"""Goes up whenever the same picture is to be reduced another way."""

_SCALES = (1.0, 0.75, 0.5, 0.35, 0.25)
_QUALITY = 90
_LEAST_PIXELS = 800
"""A copy whose longer side is shorter shows too little to be of use."""
_MOST_PIXELS = 200_000_000
_SIXTEEN_BIT = ("I", "I;16", "I;16L", "I;16B", "F")


class NotReducibleError(Exception):
    """No copy of use can be made: no picture, several in one file, or still too large."""


def reduced(path: Path, most_bytes: int, remark: str) -> bytes:
    """Return a copy as JPEG: in full pixel size where that is small enough, else scaled down step by step.

    Args:
        path: the picture.
        most_bytes: how large the copy may be.
        remark: stands in the copy as its comment.

    Raises:
        NotReducibleError: there is no such copy.
    """
    picture = _opened(path)
    for scale in _SCALES:
        size = (round(picture.width * scale), round(picture.height * scale))
        if scale < 1 and max(size) < _LEAST_PIXELS:
            break
        copy = picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        target = io.BytesIO()
        copy.save(target, "JPEG", quality=_QUALITY, comment=remark.encode())
        if target.tell() <= most_bytes:
            return target.getvalue()
    raise NotReducibleError


def _opened(path: Path) -> Image.Image:
    """The picture the right way up, 8 bits a channel, grey or in colour."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if getattr(picture, "n_frames", 1) > 1 or picture.width * picture.height > _MOST_PIXELS:
                    raise NotReducibleError
                upright = ImageOps.exif_transpose(picture)
                if upright.mode in _SIXTEEN_BIT:
                    return _eight_bit(upright)
                return upright.convert("L" if upright.mode in ("1", "L", "LA") else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise NotReducibleError from None


def _eight_bit(picture: Image.Image) -> Image.Image:
    """A picture with more than 8 bits of grey, from its darkest to its brightest."""
    grey = picture.convert("F")
    extrema = grey.getextrema()
    low, high = float(extrema[0]), float(extrema[1])  # type: ignore[arg-type]  # of one channel
    scale = 255 / (high - low) if high > low else 0.0
    return grey.point(lambda value: value * scale - low * scale).convert("L")
