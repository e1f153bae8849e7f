"""The drawn images: real files of the size the database says, small, and with the patient's bone in them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sample_practices import SamplePractice

from perio_pipeline.panda.sample.films import bitewing, panoramic, periapical
from perio_pipeline.panda.sample.generate import images_of
from perio_pipeline.panda.sample.photos import smile
from perio_pipeline.panda.sample.tooth_drawing import INCISOR, MOLAR, Tooth, form_of


def test_f10_every_kind_of_image_is_a_picture_of_its_kind(sample250: SamplePractice) -> None:
    folder, seen = images_of(sample250.path), set()
    for kind, path in sample250.rows("SELECT ImageType, FilePath FROM ImageRef WHERE ImageType <> 'CT'"):
        file = folder.joinpath(*path.split("\\"))
        if not file.exists() or not file.read_bytes().startswith(b"\xff\xd8"):
            continue  # planted
        with Image.open(file) as picture:
            assert picture.format == "JPEG"
            assert picture.mode == ("RGB" if kind == "PH" else "L")
            assert min(picture.size) >= 300
        seen.add(kind)
    assert seen == {"PA", "BW", "PAN", "PH"}


def test_the_images_of_the_demo_take_little_room(sample250: SamplePractice) -> None:
    blocks = sum(path.stat().st_blocks * 512 for path in images_of(sample250.path).rglob("*"))
    assert blocks < 60_000_000, "volumes are files with holes"


def gap_brightness(loss: float) -> float:
    """How bright a film is between two molars, where healthy bone stands."""
    rng = np.random.default_rng(1)
    film = periapical(rng, [Tooth(MOLAR, (loss, loss))] * 4, upper=False, scale=10.0)
    return float(film[125:175].mean())


def test_bone_that_is_lost_is_not_on_the_film() -> None:
    levels = [gap_brightness(loss) for loss in (0.5, 2.5, 4.5, 7.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] - levels[-1] > 5


@pytest.mark.parametrize("work", ["none", "filling", "crown", "root canal", "implant"])
def test_work_shows_as_metal(work: str) -> None:
    film = periapical(np.random.default_rng(2), [Tooth(MOLAR, work=work)] * 3, upper=True)
    white = float((film > 240).mean())
    assert (white > 0.005) == (work != "none")


def test_films_have_the_shape_of_their_kind() -> None:
    rng = np.random.default_rng(3)
    arch = [Tooth(form_of(number)) for number in range(1, 17)]
    front, back = [Tooth(INCISOR)] * 3, [Tooth(MOLAR)] * 3
    tall, wide = periapical(rng, front, upper=True), periapical(rng, back, upper=True)
    assert tall.shape[0] > tall.shape[1]
    assert wide.shape[0] < wide.shape[1]
    assert bitewing(rng, back, back).shape[0] < bitewing(rng, back, back).shape[1]
    assert panoramic(rng, arch, arch).shape[1] > 1.8 * panoramic(rng, arch, arch).shape[0]
    assert smile(rng, 2.0, scale=4.0).shape[2] == 3


def test_a_missing_tooth_leaves_bone_alone() -> None:
    there = periapical(np.random.default_rng(4), [Tooth(MOLAR)] * 3, upper=False)
    gone = periapical(np.random.default_rng(4), [Tooth(MOLAR, missing=True)] * 3, upper=False)
    assert (there > 190).mean() > 0.03
    assert (gone > 190).mean() < 0.001
