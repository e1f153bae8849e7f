"""PDFs: the words of a letter on its pages, fonts in the file, the same bytes every time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from perio_pipeline.files.document import Cell, Document, Paragraph, Picture, Run, Table
from perio_pipeline.files.pdf import About, Letterhead, UnprintableError, render
from perio_pipeline.files.reading import read
from perio_pipeline.panda.sample.letter_forms import FORMS, Written

GOLDEN = Path(__file__).parent / "golden"
ABOUT = About(
    title="Periodontal findings",
    author="Harbor Periodontics",
    written=datetime(2024, 3, 5, 17, 2),
    reference="PANDA letter 1001, written 2024-03-05",
)
LETTERHEAD = Letterhead("Harbor Periodontics", ("1200 Harbor Avenue", "Phone (360) 555-0107"))
LETTER = Written(
    ["**Harbor Periodontics**", "48 Meridian Street, Ferndale, WA 98248"],
    [
        "March 5, 2024",
        "Dr. Ann Nelson\n12 Main Street\nLacey, WA 98503",
        "**Re: Ms. Reed, born 1961-04-09**",
        "Dear Dr. Nelson,",
        "thank you – we examined “your” patient and found depths of more than 5 mm:",
        "- Bleeding on probing: 42 %",
        "- Sites of 5 mm or more: 31",
        "Scaling and root planing\tUR\t$265.00\nAntimicrobial\t14\t$72.00",
        "With kind regards,",
        "**Ingrid Halloway-Brandt**\nPeriodontist\nNPI 1234567893",
    ],
)


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def letter(form: str) -> bytes:
    return render(read(FORMS[form](LETTER).decode("cp1252")), ABOUT, LETTERHEAD)


@pytest.mark.parametrize("form", FORMS)
def test_f8_a_letter_says_on_paper_what_it_says_in_panda(form: str) -> None:
    (text,) = pages(letter(form))
    golden = GOLDEN / f"letter-{form}.txt"
    assert text.split() == golden.read_text(encoding="utf-8").split()


def test_f8_a_header_of_its_own_takes_the_place_of_the_letterhead() -> None:
    (own,), (printed,) = pages(letter("R")), pages(letter("T"))
    assert "48 Meridian Street" in own
    assert "1200 Harbor Avenue" not in own
    assert "1200 Harbor Avenue" in printed


def test_f8_fonts_are_in_the_file_and_it_says_what_it_is() -> None:
    reader = pypdf.PdfReader(io.BytesIO(letter("H")))
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Periodontal findings", "Harbor Periodontics")
    assert f"{reader.metadata.creation_date:%Y-%m-%d %H:%M}" == "2024-03-05 17:02"
    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]  # type: ignore[index]
    assert len(fonts) == 2
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


SCRIPT = """
import sys
from perio_pipeline_tests.files.test_pdf import letter
sys.stdout.buffer.write(letter("R"))
"""


def test_the_same_letter_gives_the_same_bytes_in_another_process_and_another_time_zone() -> None:
    environment = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, env=environment).stdout
    assert other == letter("R") == letter("R")


def test_another_date_gives_another_file() -> None:
    document = Document((Paragraph((Run("x"),)),))
    one = render(document, ABOUT)
    assert one != render(document, About(ABOUT.title, ABOUT.author, datetime(2024, 3, 6), reference=ABOUT.reference))


def test_long_letters_go_on_to_further_pages_and_every_page_is_numbered() -> None:
    document = read("\n".join(f"Line {number}" for number in range(140)))
    texts = pages(render(document, ABOUT, LETTERHEAD))
    assert len(texts) == 3
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of 3" in text
        assert "PANDA letter 1001" in text
    assert "Line 139" in texts[-1]


def test_a_cell_that_is_longer_than_a_page_is_cut_between_pages() -> None:
    long = Cell(tuple(Paragraph((Run(f"finding {number}"),)) for number in range(120)))
    texts = pages(render(Document((Table(((long, Cell()),)),)), ABOUT))
    assert len(texts) >= 2
    assert "finding 0" in texts[0]
    assert "finding 119" in texts[-1]


def test_what_the_fonts_lack_is_written_another_way_and_never_left_out() -> None:
    (text,) = pages(render(read("5 ≥ 4 → x\u2011y ☑ ﬀ naïve 中 \u00adsoft"), ABOUT))
    assert "5 ≥ 4 -> x-y [x] ff naïve [U+4E2D] soft" in text


def test_columns_of_plain_text_stay_apart() -> None:
    (text,) = pages(render(read("Scaling      UR     $265.00\nAntimicrobial   14"), ABOUT))
    assert "Scaling      UR     $265.00" in text.replace("\u00a0", " ")


def test_words_and_pictures_of_any_size_fit() -> None:
    target = io.BytesIO()
    Image.new("RGB", (3000, 4000), "white").save(target, "JPEG")
    parts = (Run("w" * 400), Picture(target.getvalue()), Picture(b"no picture"), Run("<b>&amp;"))
    (text, *_) = texts = pages(render(Document((Paragraph(parts, indent=900, first=-900),)), ABOUT))
    assert text.replace("\n", "").count("w") >= 400
    assert "[picture]" in "".join(texts)
    assert "<b>&amp;" in "".join(texts)


def test_there_must_be_something_to_print() -> None:
    with pytest.raises(UnprintableError):
        render(read("{\\rtf1 \\par }"), ABOUT)
