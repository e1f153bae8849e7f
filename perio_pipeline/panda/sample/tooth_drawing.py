"""Draws one tooth on a radiograph, by what it is made of.

Enamel is bright, dentine less so, pulp dark; a dark line (the ligament) and a bright one (the socket's wall) go around
the root. `u` runs across a tooth from its middle and `v` along it from its neck, towards the root; both in millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perio_pipeline.panda.sample.textures import Image, Random, step

_DENTINE, _ENAMEL, _METAL = 0.66, 0.90, 0.99
_LIGAMENT_MM, _LAMINA_MM = 0.30, 0.35


@dataclass(frozen=True)
class Form:
    """The usual size of a kind of tooth, mm: width and height of the crown, length of the root, and its roots."""

    width: float
    crown: float
    root: float
    roots: int


INCISOR, CANINE = Form(6.2, 9.0, 12.5, 1), Form(7.4, 9.8, 16.0, 1)
PREMOLAR, MOLAR = Form(7.1, 8.0, 13.5, 1), Form(10.6, 7.4, 12.5, 2)
_FORMS = (MOLAR, MOLAR, MOLAR, PREMOLAR, PREMOLAR, CANINE, INCISOR, INCISOR)


def form_of(tooth: int) -> Form:
    """Return the form of a tooth by its Universal number."""
    place = (tooth - 1) % 16
    return _FORMS[place if place < 8 else 15 - place]


@dataclass(frozen=True)
class Tooth:
    """A tooth as it is to be drawn.

    Attributes:
        form: its kind.
        loss: attachment lost on its left and right side, mm.
        work: `none`, `filling`, `crown`, `root canal` or `implant`.
        missing: only bone is there.
    """

    form: Form
    loss: tuple[float, float] = (1.0, 1.0)
    work: str = "none"
    missing: bool = False


def _half_width(v: Image, form: Form) -> Image:
    """Half the width of a tooth at each height: widest at the contact points, narrow at the neck, tapering below."""
    half, neck = form.width / 2, form.width / 2 * (0.78 if form.roots == 1 else 0.86)
    up = np.clip(-v / form.crown, 0, 1)
    crown = neck + (half - neck) * np.sin(np.pi / 2 * np.clip(up / 0.62, 0, 1)) - 0.10 * half * np.clip(up - 0.62, 0, 1)
    down = np.clip(v / form.root, 0, 1)
    root = neck * (1 - down**1.7) ** 0.62
    return np.where(v < 0, crown, root).astype(np.float32)


def _top(u: Image, form: Form) -> Image:
    """Height of the chewing surface: cusps on molars and premolars, a point on canines, an edge on incisors."""
    across = u / (form.width / 2)
    if form is MOLAR:
        return form.crown - 0.45 + 0.45 * np.cos(across * 2 * np.pi * 0.95 + np.pi) - 0.9 * across**4
    if form is INCISOR:
        return form.crown - 1.6 * across**8
    return form.crown - (1.5 if form is CANINE else 1.2) * np.abs(across) ** 1.6


def _within(u: Image, v: Image, form: Form) -> Image:
    """How deep each point lies in the tooth, mm; negative outside."""
    ends = np.minimum(form.root - v, (v + _top(u, form)) * 0.8)
    if form.roots == 1:
        return np.minimum(_half_width(v, form) - np.abs(u), ends)
    # Two roots part at the furcation, some millimetres below the neck, and each bends a little outwards.
    fork = 3.2
    whole = _half_width(v, form) - np.abs(u)
    down = np.clip((v - fork) / (form.root - fork), 0, 1)
    apart = form.width * (0.20 + 0.10 * down)
    thick = form.width * 0.205 * (1 - down**2.2) ** 0.6
    single = thick - np.minimum(np.abs(u - apart), np.abs(u + apart))
    blend = np.clip((v - fork + 1.0) / 2.0, 0, 1)
    return np.minimum(whole * (1 - blend) + single * blend, ends)


def tooth_on_film(window: Image, u: Image, v: Image, tooth: Tooth, crest: Image, rng: Random) -> Image:
    """Draw a tooth over a piece of film; `crest` is the height of the bone in each column, from the neck."""
    form = tooth.form
    depth = _within(u, v, form)
    inside = step(depth, 0.28)
    in_bone = step(v - crest, 0.6) * step(v, 0.6)
    image = window
    # Around the root: the ligament's dark line, and outside of it the bright one of its socket.
    ring = np.exp(-((depth + _LIGAMENT_MM / 2) ** 2) / (2 * (_LIGAMENT_MM / 2.2) ** 2)) * in_bone
    lamina = np.exp(-((depth + _LIGAMENT_MM + _LAMINA_MM / 2) ** 2) / (2 * (_LAMINA_MM / 2.2) ** 2)) * in_bone
    image = image + 0.15 * lamina - 0.17 * ring * (1 - inside)
    # Rays pass through more dentine in the middle of a root than at its sides.
    round_off = np.sqrt(np.clip(depth / (form.width * 0.28), 0, 1))
    body = _DENTINE - 0.13 + 0.13 * round_off + 0.05 * in_bone
    # Enamel ends thinly at the neck; on top of the crown it is thickest, and rays pass along it.
    thick = 0.25 + 1.15 * np.clip(-v / (form.crown * 0.6), 0, 1)
    shell = np.exp(-((np.clip(depth, 0, 9) / thick) ** 2)) * np.clip(-v / 1.2, 0, 1)
    top = step(-v - (form.crown - 2.4) + 0.30 * np.cos(u * 2.1), 1.8)
    crown = 0.25 * np.clip(-v / form.crown, 0, 1)
    body = body + (_ENAMEL - _DENTINE) * np.clip(crown + shell + 0.75 * top, 0, 1)
    body = body - 0.15 * _pulp(u, v, form)
    if tooth.work == "root canal":
        body = np.where(_pulp(u, v, form) > 0.45, _METAL - 0.06, body)
    if tooth.work in ("crown", "root canal"):
        cap = step(-v + 0.4, 0.3) * step(depth, 0.3)
        body = body * (1 - cap) + cap * _METAL
    if tooth.work == "filling":
        side = float(rng.choice((-1.0, 1.0)))
        across, up = (
            (side * u - form.width * 0.34) / (form.width * 0.30),
            (-v - form.crown * 0.80) / (form.crown * 0.42),
        )
        box = step(1 - across**4 - up**4, 0.35)
        body = body * (1 - box) + box * _METAL
    image = image * (1 - inside) + inside * body
    return np.asarray(_with_calculus(image, u, v, tooth, rng), dtype=np.float32)


def _pulp(u: Image, v: Image, form: Form) -> Image:
    """Where the pulp is: a chamber in the crown with horns, and a canal down each root."""
    wide, high = form.width * (0.17 if form.roots > 1 else 0.12), form.crown * 0.30
    horns = 0.25 * np.cos(u / wide * np.pi * 0.9) if form.roots > 1 else 0.0
    chamber = step(1 - (u / wide) ** 2 - ((v + form.crown * 0.22) / high + horns) ** 2, 0.7)
    down = np.clip(v / form.root, 0, 1)
    thin = np.clip(form.width * 0.07 * (1 - down), 0.15, None)
    if form.roots == 1:
        canal = step(thin - np.abs(u), 0.45)
    else:
        apart = form.width * (0.12 + 0.17 * down)
        canal = step(thin - np.minimum(np.abs(u - apart), np.abs(u + apart)), 0.45)
    return np.maximum(chamber, canal * step(v + 0.8, 1.6) * step(form.root - 0.9 - v, 1.2) * 0.8)


def _with_calculus(image: Image, u: Image, v: Image, tooth: Tooth, rng: Random) -> Image:
    """Spurs at the neck, where attachment was lost and nobody cleaned."""
    for side, lost in zip((-1, 1), tooth.loss, strict=True):
        if lost >= 3.5 and rng.random() < 0.6:
            at = side * tooth.form.width * 0.44
            spur = np.exp(-(((u - at) / 0.55) ** 2) - ((v - 0.7 - float(rng.uniform(0, 1.2))) / 0.42) ** 2)
            image = image + 0.30 * spur
    return image


def implant_on_film(window: Image, u: Image, v: Image, form: Form) -> Image:
    """A screw of titanium under a crown."""
    thread = 0.16 * np.abs(((v * 1.35) % 1.0) - 0.5) * 2
    half = np.where(v < 0.6, form.width * 0.19, 2.05 - 0.035 * np.clip(v, 0, 12) + thread)
    depth = np.minimum(half - np.abs(u), 10.5 - v)
    post = step(depth, 0.2) * step(v + 1.5, 0.3)
    image = window * (1 - post) + post * (_METAL - 0.03)
    cap = step(np.minimum(_half_width(v, form) - np.abs(u), v + _top(u, form)), 0.25) * step(-0.8 - v, 0.3)
    return np.asarray(image * (1 - cap) + cap * (_METAL - 0.08), dtype=np.float32)
