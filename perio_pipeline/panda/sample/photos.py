"""Draws photos of teeth and gums of its own, as 8-bit RGB. Lengths are millimetres."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from perio_pipeline.panda.sample.textures import Image, Random, grain, piece, static, step

_WIDTHS = (7.2, 7.0, 6.6, 6.8, 7.6, 6.4, 8.4, 8.4, 6.4, 7.6, 6.8, 6.6, 7.0, 7.2)
_GUM = np.array([0.80, 0.46, 0.46], dtype=np.float32)
_SORE = np.array([0.70, 0.25, 0.28], dtype=np.float32)
_TOOTH = np.array([0.93, 0.89, 0.79], dtype=np.float32)
_DARK = np.array([0.16, 0.06, 0.06], dtype=np.float32)


def smile(rng: Random, loss: float, scale: float = 10.0) -> npt.NDArray[np.uint8]:
    """Draw the front of both jaws; the more attachment is lost, the longer the teeth and the redder the gums.

    Args:
        rng: source of chance.
        loss: attachment lost, mm.
        scale: pixels per millimetre.
    """
    width, height = sum(_WIDTHS) * 0.92, 46.0
    columns, rows = round(width * scale), round(height * scale)
    x = (np.arange(columns, dtype=np.float32) / scale - width / 2)[None, :]
    y = (np.arange(rows, dtype=np.float32) / scale)[:, None]
    picture = np.broadcast_to(_DARK, (rows, columns, 3)).copy()
    bend = 0.0022 * x**2
    for jaw in (1, -1):  # the upper teeth bite over the lower ones
        # Measured from where the jaws meet, outwards.
        out = jaw * (y - height / 2) + bend - 0.4
        picture = _jaw(picture, x, out, rng, loss, grown=1.0 if jaw < 0 else 0.86)
    light = 1.06 - 0.35 * (x / (width / 2)) ** 2 - 0.10 * ((y - height / 2) / (height / 2)) ** 2
    noise = 0.012 * piece(static(5), rng, rows, columns)
    return np.asarray(np.clip(picture * light[..., None] + noise[..., None], 0, 1) * 255, dtype=np.uint8)


def _jaw(picture: Image, x: Image, out: Image, rng: Random, loss: float, grown: float) -> Image:
    """Draw the gum of one jaw, and its teeth over it."""
    widths = np.array(_WIDTHS, dtype=np.float32) * grown
    edges = np.cumsum(np.concatenate([[0.0], widths])) - widths.sum() / 2
    sore = float(np.clip(loss / 6, 0.05, 0.8))
    mottled = 0.05 * piece(grain(11), rng, *picture.shape[:2])
    crowns = 9.2 * grown + loss * 0.55
    margin = np.full(x.shape, crowns, dtype=np.float32)
    for left, wide in zip(edges[:-1], widths, strict=True):
        across = np.clip((x - left) / wide, 0, 1)
        inside = (x >= left) & (x < left + wide)
        scallop = (1.5 + 0.25 * loss) * (1 - np.sin(np.pi * across) ** 0.8)
        margin = np.where(inside, crowns - scallop + float(rng.normal(0, 0.25)), margin)
    gum = step(out - margin, 0.35)
    near = np.exp(-((out - margin) ** 2) / 3.0) * sore
    tint = _GUM + (_SORE - _GUM) * near[..., None] + mottled[..., None]
    tint = tint * (1 - 0.35 * np.clip((out - margin - 6) / 9, 0, 1))[..., None]
    for left, wide in zip(edges[:-1], widths, strict=True):
        columns = np.flatnonzero((x[0] > left - 0.5) & (x[0] < left + wide + 0.5))
        if len(columns):
            part = slice(int(columns[0]), int(columns[-1]) + 1)
            own = (x[:, part] - left - wide / 2, out[:, part], float(wide), crowns)
            picture[:, part] = _tooth(picture[:, part], *own, rng)
    return np.asarray(picture * (1 - gum[..., None]) + gum[..., None] * tint, dtype=np.float32)


def _tooth(picture: Image, u: Image, out: Image, wide: float, crown: float, rng: Random) -> Image:
    """Draw one tooth: rounded at its edge, brighter in its middle, yellower towards the gum."""
    long = crown + 1.5
    across, along = u / (wide / 2 * (0.985 - 0.02 * out / long)), (out - long / 2) / (long / 2)
    depth = 1 - np.abs(across) ** 5 - np.abs(along) ** 9 * (along < 0)
    mask = step(depth, 0.10) * (out < long)
    shade = 0.80 + 0.22 * np.sqrt(np.clip(1 - across**2, 0, 1)) + float(rng.normal(0, 0.015))
    yellow = 1 - np.array([0.02, 0.06, 0.17], dtype=np.float32) * np.clip(out / long, 0, 1)[..., None]
    color = _TOOTH * shade[..., None] * yellow
    shine = 0.16 * np.exp(-(((u + wide * 0.14) / (wide * 0.10)) ** 2) - ((out - long * 0.42) / (long * 0.16)) ** 2)
    return np.asarray(picture * (1 - mask[..., None]) + mask[..., None] * (color + shine[..., None]), dtype=np.float32)
