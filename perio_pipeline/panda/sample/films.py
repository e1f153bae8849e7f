"""Draws radiographs of its own: periapicals, bitewings and panoramics, as 8-bit grey.

Nothing is taken from a real film. Bone is a web of bright threads under a bright edge that lies as far below the necks
of the teeth as the patient has lost attachment. Everything is in millimetres.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from perio_pipeline.panda.sample.textures import (
    Image,
    Random,
    blurred_line,
    grain,
    piece,
    softened,
    static,
    step,
)
from perio_pipeline.panda.sample.tooth_drawing import Tooth, implant_on_film, tooth_on_film

_DARK, _SOFT, _BONE = 0.05, 0.16, 0.43


class Film:
    """One film being drawn. `y` grows towards the roots; upper teeth are drawn the same way and turned over."""

    def __init__(self, rng: Random, width: float, height: float, scale: float) -> None:
        self.rng, self.scale = rng, scale
        columns, rows = round(width * scale), round(height * scale)
        self.x = (np.arange(columns, dtype=np.float32) / scale)[None, :]
        self.y = (np.arange(rows, dtype=np.float32) / scale)[:, None]
        self.width, self.height = width, height
        self.image = np.full((rows, columns), _DARK, dtype=np.float32)

    def arch(self, teeth: list[Tooth], left: float, neck: float) -> None:
        """Draw teeth side by side.

        Args:
            teeth: from left to right; the outer ones may be cut by the film's edge.
            left: where the first one begins.
            neck: how far down the film the necks of the teeth are.
        """
        places = []
        for tooth in teeth:
            middle = left + tooth.form.width / 2
            places.append((tooth, middle, float(self.rng.normal(0, 0.035))))
            left += tooth.form.width + 0.15
        crest = self._crest(places, neck)
        self._tissue(crest, neck)
        for tooth, middle, tilt in places:
            if not tooth.missing:
                self._tooth(tooth, middle, neck, tilt, crest)

    def _crest(self, places: list[tuple[Tooth, float, float]], neck: float) -> Image:
        """Height of the bone's edge in each column: as far below the neck as attachment is lost, plus its 1.5 mm."""
        at, height = [-20.0], [neck + 2.5]
        for tooth, middle, _ in places:
            half = tooth.form.width / 2
            if tooth.missing:
                at += [middle - half * 0.3, middle + half * 0.3]
                height += [neck + 2.5 + max(tooth.loss), neck + 2.7 + max(tooth.loss)]
                continue
            for side, lost in zip((-1, 1), tooth.loss, strict=True):
                at.append(middle + side * (half - 0.1))
                height.append(neck + 1.5 + lost + float(self.rng.normal(0, 0.15)))
        at.append(self.width + 20)
        height.append(neck + 2.5)
        order = np.argsort(at)
        line = np.interp(self.x[0], np.array(at)[order], np.array(height)[order]).astype(np.float32)
        return blurred_line(line, max(2, round(0.5 * self.scale)))[None, :]

    def _tissue(self, crest: Image, neck: float) -> None:
        """Gum above the bone, and the bone with its threads and its bright edge."""
        rows, columns = self.image.shape
        gum = step(self.y - (neck - 1.2), 2.2) * (_SOFT - _DARK)
        below = self.y - crest
        inside = step(below, 0.35)
        threads = piece(grain(11), self.rng, rows, columns)
        density = _BONE + 0.045 * threads + 0.05 * np.clip(below / self.height, 0, 1)
        edge = np.exp(-((below - 0.25) ** 2) / 0.10) * 0.17
        self.image = np.maximum(self.image, self.image + gum)
        self.image = self.image * (1 - inside) + inside * density + edge

    def _tooth(self, tooth: Tooth, middle: float, neck: float, tilt: float, crest: Image) -> None:
        form = tooth.form
        reach = form.width / 2 + 2.2
        columns = slice(max(0, round((middle - reach) * self.scale)), max(0, round((middle + reach) * self.scale)))
        bottom = max(0, round((neck + form.root + 2.5) * self.scale))
        rows = slice(max(0, round((neck - form.crown - 1.5) * self.scale)), bottom)
        window = self.image[rows, columns]
        if window.size == 0:
            return
        v = self.y[rows] - neck
        u = self.x[:, columns] - middle - tilt * v
        if tooth.work == "implant":
            self.image[rows, columns] = implant_on_film(window, u, v, form)
            return
        self.image[rows, columns] = tooth_on_film(window, u, v, tooth, crest[:, columns] - neck, self.rng)

    def finished(self, *, upside_down: bool = False) -> npt.NDArray[np.uint8]:
        """Return the film as 8-bit grey: slightly blurred, darker at its corners, with the noise of a sensor."""
        rows, columns = self.image.shape
        image = softened(self.image) if self.scale > 8 else self.image
        if upside_down:
            image = image[::-1]
        across = np.linspace(-1, 1, columns, dtype=np.float32)[None, :] ** 2
        down = np.linspace(-1, 1, rows, dtype=np.float32)[:, None] ** 2
        image = image * (1.02 - 0.13 * (across + down) / 2 - 0.05 * across * down)
        image = image + 0.016 * piece(static(5), self.rng, rows, columns)
        gamma = float(self.rng.uniform(0.9, 1.12))
        return np.asarray(np.clip(image, 0, 1) ** gamma * 255, dtype=np.uint8)


def periapical(rng: Random, teeth: list[Tooth], *, upper: bool, scale: float = 13.0) -> npt.NDArray[np.uint8]:
    """Draw a periapical film, 41 x 31 mm, or upright for front teeth."""
    span = sum(tooth.form.width + 0.15 for tooth in teeth)
    front = all(tooth.form.width < 8 for tooth in teeth)
    width, height = (31.0, 41.0) if front else (41.0, 31.0)
    film = Film(rng, width, height, scale)
    neck = (13.5 if front else 10.0) + float(rng.uniform(-0.8, 0.8))
    film.arch(teeth, (width - span) / 2 + float(rng.uniform(-2, 2)), neck)
    return film.finished(upside_down=upper)


def bitewing(rng: Random, upper: list[Tooth], lower: list[Tooth], scale: float = 13.0) -> npt.NDArray[np.uint8]:
    """Draw a bitewing, 41 x 31 mm: the crowns of both jaws and the edge of the bone."""
    films = []
    for teeth in (upper, lower):
        span = sum(tooth.form.width + 0.15 for tooth in teeth)
        film = Film(rng, 41.0, 15.5, scale)
        film.arch(teeth, (41.0 - span) / 2 + float(rng.uniform(-3, 3)), 7.2)
        films.append(film)
    films[0].image = np.concatenate([films[0].image[::-1], films[1].image])
    return films[0].finished()


def panoramic(rng: Random, upper: list[Tooth], lower: list[Tooth], scale: float = 5.5) -> npt.NDArray[np.uint8]:
    """Draw a panoramic film: both arches, bent as such films bend them, with the jaws around them."""
    span = sum(tooth.form.width + 0.15 for tooth in upper)
    width, height = span + 62.0, 100.0
    rows, columns = round(height * scale), round(width * scale)
    image = np.full((rows, columns), 0.10, dtype=np.float32)
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    image = image + _jaws(x, y)
    image = image + 0.03 * piece(grain(11), rng, rows, columns) * (image > 0.2)
    for teeth, sign in ((upper, -1), (lower, 1)):
        film = Film(rng, width, 36.0, scale)
        film.arch(teeth, (width - sum(t.form.width + 0.15 for t in teeth)) / 2, 11.5)
        layer = film.image[::-1] if sign < 0 else film.image
        smile = (7.0 * x[0] ** 2 - 2.0) * scale
        top = rows * 0.50 - smile - sign * 1.2 * scale - (len(layer) if sign < 0 else 0)
        _lay(image, layer, top, np.clip((span / width + 0.06 - np.abs(x[0])) / 0.12, 0, 1), crowns_first=sign > 0)
    film = Film(rng, width, height, scale)
    film.image = image
    return film.finished()


def _jaws(x: Image, y: Image) -> Image:
    """The lower jaw's arc with its branches, the sinuses, the palate and the spine's shadow."""
    arc = y - (0.62 - 0.42 * x**2)
    jaw = np.exp(-((arc + 0.16) ** 2) / 0.045) * 0.26
    edge = np.exp(-(arc**2) / 0.0007) * 0.22 * np.clip((0.90 - np.abs(x)) / 0.18, 0, 1)
    branch = np.exp(-((np.abs(x) - 0.83) ** 2) / 0.006) * np.clip(0.9 - np.abs(y + 0.15), 0, 0.5) * 0.55
    sinus = -0.10 * np.exp(-(((np.abs(x) - 0.40) / 0.24) ** 2) - ((y + 0.62) / 0.20) ** 2)
    palate = np.exp(-((y + 0.52 + 0.10 * x**2) ** 2) / 0.0012) * 0.10 * (np.abs(x) < 0.62)
    spine = np.exp(-(x**2) / 0.05) * 0.09
    airway = -0.05 * np.exp(-((np.abs(x) - 0.66) ** 2) / 0.004)
    return np.asarray(jaw + edge + branch + sinus + palate + spine + airway, dtype=np.float32)


def _lay(image: Image, layer: Image, top: Image, across: Image, *, crowns_first: bool) -> None:
    """Put an arch over the jaws, each column moved by what the arch bends there; it fades into the jaw and sideways."""
    down = np.linspace(0, 1, len(layer), dtype=np.float32)[:, None]
    fade = np.clip((1 - down if crowns_first else down) * 2.2, 0, 1) * across[None, :]
    target = np.round(top).astype(int)[None, :] + np.arange(len(layer))[:, None]
    columns = np.broadcast_to(np.arange(layer.shape[1])[None, :], target.shape)
    fits = (target >= 0) & (target < len(image)) & (fade > 0)
    under = image[target[fits], columns[fits]]
    image[target[fits], columns[fits]] = under * (1 - fade[fits]) + fade[fits] * layer[fits]
