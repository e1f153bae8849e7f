"""H3: charts side by side as PDF: what stands where, how it looks, and that the same charts give the same file."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest
from PIL import Image
from pypdf.generic import ContentStream

from perio_pipeline.clinical.teeth import ARCHES as CLINICAL_ARCHES
from perio_pipeline.clinical.teeth import TEETH
from perio_pipeline.files.charting.order import ARCHES, Side
from perio_pipeline.files.charts import chart_files
from perio_pipeline.files.letters import Paper
from perio_pipeline.files.pdf import Letterhead
from perio_pipeline.files.shelf import Shelf
from perio_pipeline.panda.tables import PATIENT, SITES
from perio_pipeline_tests.clinical.charted import compared, yearly
from perio_pipeline_tests.clinical.charts import Chart, frame

PAPER = Paper(Letterhead("Harbor Periodontics", ("1200 Harbor Avenue",)), "Harbor Periodontics")
PATIENTS = frame(
    PATIENT, [{"patient_id": "P1", "first_name": "Ann", "last_name": "Ode", "birth_date": datetime(1950, 2, 3)}]
)
GOLDEN = Path(__file__).parent / "golden"
REQUIRED_VARIABLE = "PERIO_TEST_POPPLER"
_RENDERING = 0.1
"""Percent of a page that may look otherwise, since another version of poppler draws edges in its own way."""
SIDES = ("Upper buccal", "Upper palatal", "Lower lingual", "Lower buccal")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "charts", ".pdf")


def drawn(shelf: Shelf, charts: pd.DataFrame, paper: Paper = PAPER) -> bytes:
    (files,) = chart_files([charts], PATIENTS, paper, shelf)
    (row,) = files.to_dict("records")
    assert (row["patient_id"], row["charts"], row["content_type"]) == ("P1", len(charts), "application/pdf")
    return Path(row["path"]).read_bytes()


def pages(pdf: bytes) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def texts(page: pypdf.PageObject) -> list[tuple[float, float, str]]:
    """Every text that is written on a page, with where it begins."""
    found, position = [], (0.0, 0.0)
    contents = page.get_contents()
    assert contents is not None
    for operands, operator in ContentStream(contents, page.pdf).operations:
        if operator == b"Tm":
            position = (float(operands[4]), float(operands[5]))
        elif operator == b"Td":
            position = (float(operands[0]), float(operands[1]))
        elif operator == b"Tj":
            written = operands[0]
            text = written if isinstance(written, str) else written.decode("latin-1")
            found.append((*position, text.strip()))
    return found


class Grid:
    """A page read as a reader does: rows by what stands at their left, columns by the numbers of the teeth."""

    def __init__(self, page: pypdf.PageObject) -> None:
        self._texts = texts(page)
        self._sides = {text: y for _, y, text in self._texts if text in SIDES}
        upper, lower = sorted((y for _, y, text in self._texts if text == "Tooth"), reverse=True)
        self._teeth = {"upper": self._centers(upper), "lower": self._centers(lower)}

    def _centers(self, y: float) -> dict[int, float]:
        """Tooth → the middle of its number, which is 8 points high."""
        return {
            int(text): x + len(text) * 8 * 0.696 / 2
            for x, other, text in self._texts
            if abs(other - y) < 0.1 and text.isdecimal()
        }

    def row(self, side: str, label: str) -> dict[tuple[int, str], str]:
        """(tooth, site) → what stands there, in the row of a side with that label."""
        below = [y for name, y in self._sides.items() if y < self._sides[side]]
        ys = [y for x, y, text in self._texts if text == label and max(below, default=0) < y < self._sides[side]]
        (y,) = ys
        arch = side.split()[0].lower()
        teeth = self._teeth[arch]
        width = (max(teeth.values()) - min(teeth.values())) / 15
        found = {}
        for x, other, text in self._texts:
            if abs(other - y) > 1 or x < min(teeth.values()) - width / 2:
                continue
            tooth = min(teeth, key=lambda number: abs(teeth[number] - x - 2))
            third = int((x + 2 - (teeth[tooth] - width / 2)) // (width / 3))
            found[tooth, self._site(side, tooth, third)] = text
        return found

    @staticmethod
    def _site(side: str, tooth: int, third: int) -> str:
        """The site in a third of a tooth: mesial is towards the midline."""
        surface = "B" if side.endswith("buccal") else "L"
        is_left_of_paper = TEETH[tooth].quadrant in ("UR", "LR")
        mesial, distal = f"M{surface}", f"D{surface}"
        return ((distal, surface, mesial) if is_left_of_paper else (mesial, surface, distal))[third]


def a_depth(exam: int, tooth: int, site: str) -> int:
    """Another depth at every site and exam, as far as one digit goes."""
    return (7 * exam + 3 * tooth + 5 * SITES.index(site)) % 10


def everywhere(exam: int) -> dict[tuple[int, str], dict[str, object]]:
    return {
        (tooth, site): {"depth_mm": a_depth(exam, tooth, site), "recession_mm": (tooth + exam) % 5 - 2}
        for tooth in range(1, 33)
        for site in SITES
    }


def full(exam: int, **more: Any) -> Chart:
    return yearly(exam, probed=range(1, 33), sites=everywhere(exam), teeth={}, **more)


# Where things stand


@pytest.mark.parametrize("side", [side for arch in ARCHES for side in (arch.above, arch.beneath)], ids=lambda s: s.name)
def test_mesial_faces_the_midline_and_every_site_stands_once(side: Side) -> None:
    places = [(place // len(SITES) + 1, SITES[place % len(SITES)]) for place in side.places()]
    assert len(set(places)) == 48
    arch = side.name.split()[0].lower()
    assert {tooth for tooth, _ in places} == set(CLINICAL_ARCHES[arch])
    positions = [TEETH[tooth].position for tooth, _ in places[::3]]
    assert positions == [8, 7, 6, 5, 4, 3, 2, 1, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [TEETH[tooth].quadrant[1] for tooth, _ in places[::3]] == ["R"] * 8 + ["L"] * 8, "the patient's right"
    for number, (_, site) in enumerate(places):
        is_near_midline = number % 3 == (2 if number < 24 else 0)
        is_far = number % 3 == (0 if number < 24 else 2)
        assert (site[0] == "M" and len(site) == 2) is is_near_midline
        assert (site[0] == "D" and len(site) == 2) is is_far
    assert [site for _, site in places] == [site for _, site in places[::-1]], "each half mirrors the other"


def test_every_depth_stands_in_the_row_of_its_exam_and_the_column_of_its_site(shelf: Shelf) -> None:
    page = Grid(pages(drawn(shelf, compared(*(full(exam) for exam in range(1, 6)))))[0])
    seen = 0
    for exam in range(1, 6):
        for side in SIDES:
            row = page.row(side, f"Depth 20{exam:02}-05-06")
            assert row == {(tooth, site): str(a_depth(exam, tooth, site)) for tooth, site in row}
            seen += len(row)
    assert seen == 5 * 192


def test_margins_and_attachment_loss_stand_on_the_second_page(shelf: Shelf) -> None:
    _, second = pages(drawn(shelf, compared(*(full(exam) for exam in range(1, 6)))))
    page = Grid(second)
    for side in SIDES:
        margins, losses = page.row(side, "Margin 2005-05-06"), page.row(side, "CAL 2005-05-06")
        assert len(margins) == len(losses) == 48
        for (tooth, site), margin in margins.items():
            assert int(margin) == (tooth + 5) % 5 - 2
            assert int(losses[tooth, site]) == max(a_depth(5, tooth, site) + int(margin), 0)


def test_blank_a_dash_and_nought_are_three_things(shelf: Shelf) -> None:
    chart = Chart(
        probed=(3,),
        sites={
            (3, "MB"): {"depth_mm": 0, "recession_mm": None},
            (3, "B"): {"depth_mm": None, "depth_state": "not_assessable", "recession_mm": None},
            (3, "DB"): {"depth_mm": None, "recession_mm": None},
        },
    )
    (page,) = pages(drawn(shelf, compared(chart)))
    assert Grid(page).row("Upper buccal", "Depth 2024-05-06") == {(3, "MB"): "0", (3, "B"): "-"}


def test_what_changed_from_first_to_last_is_written_with_its_sign(shelf: Shelf) -> None:
    depths = {"MB": (3, 6), "B": (6, 3), "DB": (3, 4)}

    def chart(number: int) -> Chart:
        sites = {(3, site): {"depth_mm": each[number - 1]} for site, each in depths.items()}
        return yearly(number, everywhere={"depth_mm": 2}, sites=sites)

    page = Grid(pages(drawn(shelf, compared(chart(1), chart(2))))[0])
    assert page.row("Upper buccal", "first to last") == {(3, "MB"): "+3", (3, "B"): "-3"}
    assert page.row("Upper palatal", "first to last") == {}


# What a patient's document says


def test_the_document_says_whose_it_is_what_it_is_made_of_and_in_which_language(shelf: Shelf) -> None:
    pdf = drawn(shelf, compared(*(full(exam) for exam in range(1, 8))))
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.trailer["/Root"]["/Lang"] == "en-US"
    assert reader.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Periodontal charting comparison", "Harbor Periodontics")
    for number, page in enumerate(reader.pages, start=1):
        said = page.extract_text()
        for words in (
            "Harbor Periodontics",
            "Ann Ode, born 1950-02-03",
            "PANDA patient P1",
            "5 of 7",
            "Made from PANDA data as of 2007-05-06",
            "exams E1, E4, E5, E6, E7",
            f"Page {number} of 2",
        ):
            assert words in said


def test_what_is_read_aloud_stands_in_the_tags_in_the_order_of_reading(shelf: Shelf) -> None:
    chart = Chart(
        probed=(3, 14),
        sites={
            (3, "MB"): {"depth_mm": 7},
            (3, "B"): {"depth_mm": None, "depth_state": "not_assessable"},
            (14, "DB"): {"depth_mm": None},
        },
        teeth={1: {"status": "missing"}, 14: {"status": "implant"}, 3: {"furcation_distal": 2, "mobility": "1"}},
    )
    root = pypdf.PdfReader(io.BytesIO(drawn(shelf, compared(chart)))).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    document = root["/StructTreeRoot"]["/K"].get_object()
    elements = [each.get_object() for each in document["/K"]]
    assert [each["/K"] for each in elements] == list(range(len(elements))), "numbers on the page, none left out"
    assert [each["/S"] for each in elements if each["/S"] != "/P"] == ["/H1", *["/H2"] * 4]
    said = [each["/Alt"] for each in elements if "/Alt" in each]
    assert said[0] == "Upper buccal, Depth 2024-05-06: 1 missing, 3: 2 not assessable 7, 14: 2 2 blank"
    assert "Mob. furc. 2024-05-06: 1: missing, 3: m1 D2, 14: implant" in said


def test_every_font_is_embedded(shelf: Shelf) -> None:
    for page in pages(drawn(shelf, compared(full(1), full(2)))):
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            assert "/FontFile2" in font.get_object()["/FontDescriptor"]


@pytest.mark.parametrize(("country", "size"), [("US", (792, 612)), ("CA", (792, 612)), ("DE", (841.89, 595.28))])
def test_the_paper_is_the_country_s_laid_across(shelf: Shelf, country: str, size: tuple[float, float]) -> None:
    (page,) = pages(drawn(shelf, compared(full(1)), replace(PAPER, country=country)))
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(size, abs=0.01)


@pytest.mark.parametrize(("exams", "count"), [(1, 1), (2, 1), (3, 2), (5, 2)])
def test_few_charts_take_one_page(shelf: Shelf, exams: int, count: int) -> None:
    assert len(pages(drawn(shelf, compared(*(full(exam) for exam in range(1, exams + 1)))))) == count


# The files


def test_the_same_charts_are_the_same_file_and_a_changed_one_is_another(shelf: Shelf, tmp_path: Path) -> None:
    other = Shelf(tmp_path / "elsewhere", ".pdf")
    first = drawn(shelf, compared(full(1), full(2)))
    assert drawn(other, compared(full(1), full(2))) == first
    changed = full(2, everywhere={})
    changed.sites = {**everywhere(2), (3, "B"): {"depth_mm": 9, "recession_mm": 0}}
    assert drawn(shelf, compared(full(1), changed)) != first
    assert len(list(shelf.folder.iterdir())) == 2


def test_files_are_their_owner_s_only(shelf: Shelf) -> None:
    drawn(shelf, compared(full(1)))
    assert {stat.S_IMODE(path.stat().st_mode) for path in shelf.folder.iterdir()} == {0o600}


def test_patients_come_piece_by_piece_and_without_charts_there_are_no_files(shelf: Shelf) -> None:
    charts = compared(*(yearly(1, patient_id=key, probed=(3,)) for key in ("P1", "P2")))
    pieces = list(chart_files([charts.iloc[:1], charts.iloc[1:], charts.iloc[:0]], PATIENTS, PAPER, shelf))
    assert [piece["patient_id"].tolist() for piece in pieces] == [["P1"], ["P2"], []]
    assert f"{pieces[0]['last_charted'].iloc[0]:%Y-%m-%d}" == "2001-05-06"


# How it looks


def mouths() -> list[Chart]:
    """Five charts with everything in them: pockets, bleeding, pus, recession, an implant, lost teeth, an empty arch."""
    made = []
    for exam in range(1, 6):
        lost = {tooth: {"status": "missing"} for tooth in (1, 16, 17, 32, *((2, 3, 4) if exam > 2 else ()))}
        teeth = {**lost, 19: {"status": "implant"}, 30: {"furcation_buccal": 2, "mobility": "1.5"}}
        sites = {}
        for tooth in range(1, 33):
            for number, site in enumerate(SITES):
                depth = 2 + (tooth * exam + number) % (7 if tooth % 5 == exam else 3)
                state = {"depth_mm": None, "depth_state": "not_assessable"} if (tooth, site) == (18, "DB") else {}
                sites[tooth, site] = {
                    "depth_mm": depth,
                    "recession_mm": (tooth + exam) % 4 - 1,
                    "bleeding": depth > 3,
                    "suppuration": depth > 6,
                    **state,
                }
        probed = [tooth for tooth in range(1, 33) if not (exam == 4 and 20 <= tooth <= 23)]
        made.append(yearly(exam, probed=probed, sites=sites, teeth=teeth))
    return made


def poppler() -> str:
    found = shutil.which("pdftoppm")
    if found is None:
        reason = "no pdftoppm here: apt-get install poppler-utils"
        if os.environ.get(REQUIRED_VARIABLE) == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def rendered(pdf: bytes, folder: Path) -> list[Image.Image]:
    """The pages in grey."""
    path = folder / "chart.pdf"
    path.write_bytes(pdf)
    subprocess.run([poppler(), "-r", "60", "-gray", "-png", path, folder / "page"], check=True)
    return [opened(page) for page in sorted(folder.glob("page*.png"))]


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("L")


def blocks(image: Image.Image, size: int = 4) -> Any:
    """Means of small squares, so that hair lines may fall on one pixel or its neighbour."""
    pixels = np.asarray(image, dtype=float)
    high, wide = (length // size * size for length in pixels.shape)
    return pixels[:high, :wide].reshape(high // size, size, wide // size, size).mean(axis=(1, 3))


def unlike(image: Image.Image, golden: Image.Image) -> float:
    """The share of squares, in percent, whose brightness differs by more than rendering does."""
    assert image.size == golden.size
    return float((np.abs(blocks(image) - blocks(golden)) > 24).mean() * 100)


@pytest.mark.parametrize("page", [0, 1])
def test_the_pages_look_as_they_did_when_somebody_last_looked(shelf: Shelf, tmp_path: Path, page: int) -> None:
    image = rendered(drawn(shelf, compared(*mouths())), tmp_path)[page]
    golden = GOLDEN / f"charts-{page + 1}.png"
    if os.environ.get("PERIO_REDRAW_GOLDEN"):
        image.quantize(32).save(golden, optimize=True)
    assert unlike(image, opened(golden)) < _RENDERING


def test_a_single_changed_mark_is_seen_by_the_comparison(shelf: Shelf, tmp_path: Path) -> None:
    charts = mouths()
    charts[-1].teeth = {**charts[-1].teeth, 8: {"status": "missing"}}
    image = rendered(drawn(shelf, compared(*charts)), tmp_path)[0]
    assert unlike(image, opened(GOLDEN / "charts-1.png")) > _RENDERING


def test_pockets_and_changes_are_told_apart_in_black_and_white(shelf: Shelf, tmp_path: Path) -> None:
    """A frame, a ground and a triangle each leave marks that do not depend on colour."""
    shallow = {(tooth, "B"): {"depth_mm": 3} for tooth in range(1, 33)}

    def darkness(depth: int) -> float:
        sites = {**shallow, (8, "B"): {"depth_mm": depth}}
        charts = compared(yearly(1, sites=shallow, teeth={}), yearly(2, sites=sites, teeth={}))
        folder = tmp_path / str(depth)
        folder.mkdir()
        (image,) = rendered(drawn(shelf, charts), folder)
        return float(255 * image.width * image.height - np.asarray(image, dtype=float).sum())

    ink: Sequence[float] = [darkness(depth) for depth in (3, 4, 5, 6)]
    assert ink[0] < ink[1] < ink[2] < ink[3]
