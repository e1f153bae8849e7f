"""Noise, blur and soft edges: what all drawn images are made of. Images are arrays of floats, 0 dark to 1 bright."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

Image = Any  # an array of floats; its type parameters add nothing here
Random = np.random.Generator


@cache
def grain(seed: int, size: int = 768) -> Image:
    """Noise of two widths, which stands for the web of bone; the same one serves many films."""
    rng = np.random.default_rng(seed)
    fine = blurred(rng.standard_normal((size, size)).astype(np.float32), 2)
    coarse = blurred(rng.standard_normal((size, size)).astype(np.float32), 7)
    grain = fine / fine.std() * 0.6 + coarse / coarse.std() * 0.5
    return np.asarray(grain, dtype=np.float32)


@cache
def static(seed: int, size: int = 768) -> Image:
    """Noise of the sensor."""
    return np.random.default_rng(seed).standard_normal((size, size)).astype(np.float32)


def piece(texture: Image, rng: Random, height: int, width: int) -> Image:
    """A piece of a texture, anywhere in it, repeated where it is too small."""
    tall, wide = (int(rng.integers(0, side)) for side in texture.shape)
    rows = (np.arange(height) + tall) % texture.shape[0]
    columns = (np.arange(width) + wide) % texture.shape[1]
    return texture[rows[:, None], columns[None, :]]


def blurred(image: Image, radius: int) -> Image:
    """A box blur, twice: near enough to a round one. What leaves one side comes in at the other, so that it repeats."""
    for axis in (0, 1, 0, 1):
        total = np.cumsum(np.concatenate([image, np.take(image, range(2 * radius + 1), axis)], axis), axis)
        ahead = np.take(total, range(2 * radius + 1, total.shape[axis]), axis)
        image = (ahead - np.take(total, range(ahead.shape[axis]), axis)) / (2 * radius + 1)
    return np.asarray(image, dtype=np.float32)


def softened(image: Image) -> Image:
    """Each point with a little of those beside it; the edges stay where they are."""
    for axis in (0, 1):
        padded = np.pad(image, [(1, 1) if side == axis else (0, 0) for side in (0, 1)], mode="edge")
        ahead, behind = (np.take(padded, range(at, at + image.shape[axis]), axis) for at in (2, 0))
        image = 0.5 * image + 0.25 * (ahead + behind)
    return image


def step(value: Image, width: float) -> Image:
    """0 below zero, 1 above it, smooth in between."""
    return np.clip(value / width + 0.5, 0, 1, dtype=np.float32)


def blurred_line(line: Image, radius: int) -> Image:
    """Blur a line along itself; its ends stay where they are."""
    kernel = np.ones(2 * radius + 1, dtype=np.float32) / (2 * radius + 1)
    padded = np.pad(line, radius, mode="edge")
    return np.asarray(np.convolve(padded, kernel, mode="valid"), dtype=np.float32)
