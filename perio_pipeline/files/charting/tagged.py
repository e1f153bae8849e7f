"""A canvas whose document is tagged: what is read, in which order, and in which words; the rest is decoration.

reportlab writes no tags. They are a tree of elements beside the pages, each of which names a stretch of a page by its
number there (ISO 32000-1, 14.7 and 14.8).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream, PDFString, PDFZCompress
from reportlab.pdfgen.canvas import Canvas


@dataclass(frozen=True)
class _Element:
    """A stretch of a page: its role, the words that stand for it where its own do not, and its page."""

    role: str
    words: str
    page: int


class TaggedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Pages whose every stretch is an element or decoration."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._elements: list[_Element] = []
        self._begins = 0

    @contextmanager
    def element(self, role: str, words: str = "") -> Iterator[None]:
        """What is drawn within is one element, such as `P` or `H1`; `words` are read in place of what it shows."""
        self.addLiteral(f"/{role} <</MCID {len(self._elements) - self._begins}>> BDC")
        self._elements.append(_Element(role, words, len(self._doc.Pages.pages)))
        yield
        self.addLiteral("EMC")

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """What is drawn within says nothing that is not said elsewhere."""
        self.addLiteral("/Artifact BMC")
        yield
        self.addLiteral("EMC")

    def showPage(self) -> None:  # noqa: N802 (reportlab's name)
        """End the page."""
        code = "\n".join([self._preamble, *self._code])
        super().showPage()
        page = self._doc.Pages.pages[-1]
        page.Contents = _compressed(code)
        page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]
        page.StructParents, page.Tabs = len(self._doc.Pages.pages) - 1, PDFName("S")
        self._begins = len(self._elements)

    def save(self) -> None:
        """Write the tree of elements and the file."""
        document, pages = self._doc, self._doc.Pages.pages
        root, whole = PDFDictionary({"Type": PDFName("StructTreeRoot")}), PDFDictionary()
        root_ref, whole_ref = document.Reference(root), document.Reference(whole)
        children: list[list[Any]] = [[] for _ in pages]
        for each in self._elements:
            held = {
                "S": PDFName(each.role),
                "P": whole_ref,
                "Pg": document.Reference(pages[each.page]),
                "K": len(children[each.page]),
            }
            if each.words:
                held["Alt"] = PDFString(each.words)
            children[each.page].append(document.Reference(PDFDictionary(held)))
        everything = [child for of_page in children for child in of_page]
        whole.dict = {"S": PDFName("Document"), "P": root_ref, "K": PDFArray(everything)}
        numbers = [each for page, of_page in enumerate(children) for each in (page, PDFArray(of_page))]
        root.dict |= {"K": whole_ref, "ParentTree": PDFDictionary({"Nums": PDFArray(numbers)})}
        root.dict["ParentTreeNextKey"] = len(pages)
        document.Catalog.StructTreeRoot = root_ref
        document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
        super().save()


def _compressed(code: str) -> PDFStream:
    """A page's operators without the encoding as text that reportlab adds, which makes them larger by a quarter."""
    stream = PDFStream(content=code)
    stream.filters = [PDFZCompress]
    return stream
