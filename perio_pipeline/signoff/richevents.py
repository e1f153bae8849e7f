"""What rich text shows, as events: words with their styles, and where lines, items, rows and cells begin.

Written for the diff alone, so that nothing that made a text can hide its own mistakes. How many blanks there are, and
by which elements something was set, does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

LINE, ITEM, END, ROW, CELL, GAP = "line", "item", "end", "row", "cell", "gap"
"""Beginnings. An end is a line as well, and no item goes beyond it; after a gap, where a text was cut, it is not known
what begins there."""
WORDS = "words"


@dataclass(frozen=True)
class Event:
    """One thing that is shown.

    Attributes:
        kind: `words`, or what begins here.
        text: the words; of an item its number, empty for a bullet.
        styles: of the words: letters b, i, u, s in this order.
    """

    kind: str
    text: str = ""
    styles: str = ""


@dataclass(frozen=True)
class Seen:
    """What a person sees of a text, without blanks.

    Attributes:
        letters: all characters.
        styles: stretches of one style: the place where each ends, and its style as in `Event`.
        starts: place → what begins there: n a line, l and a number an item, r a row, c a cell, * unknown.
    """

    letters: str
    styles: tuple[tuple[int, str], ...]
    starts: dict[int, str]

    def style_of_each(self) -> list[str]:
        """The style of each character."""
        found: list[str] = []
        for end, style in self.styles:
            found += [style] * (end - len(found))
        return found


STRUCK = (Event(WORDS, "[struck out: "), Event(WORDS, "]"))
"""Around struck words: it is said in words as well, since a CRM may drop the line through them."""
_BEGINS = {LINE: "n", END: "n", ROW: "r", CELL: "c", GAP: "*"}
_WEAKER_FIRST = "nclr*"
_LINES = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_HALVES = re.compile("[\ud800-\udfff]")
_NOT_SEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
_TAGS = {"b": "b", "i": "i", "u": "u", "s": "s"}


def seen(events: Sequence[Event]) -> Seen:
    """Reduce events to what has to agree."""
    letters: list[str] = []
    styles: list[tuple[int, str]] = []
    starts: dict[int, str] = {}
    start, size = "", 0
    for event in _tidy(events):
        if event.kind != WORDS:
            new = f"l{event.text}" if event.kind == ITEM else _BEGINS[event.kind]
            start = max(start, new, key=_strength)
            continue
        for number, line in enumerate(_LINES.split(event.text)):
            start = max(start, "n", key=_strength) if number else start
            said = "".join(_NOT_SEEN.sub("", line).split())
            if not said:
                continue
            letters.append(said)
            starts |= {size: start} if start else {}
            start, size = "", size + len(said)
            if styles and styles[-1][1] == event.styles:
                styles.pop()
            styles.append((size, event.styles))
    if starts.get(0) == "n":
        del starts[0]  # a text begins with a line, whether that is said or not
    return Seen("".join(letters), tuple(styles), starts)


def plain_events(text: str) -> list[Event]:
    """Read plain text: its lines."""
    return [event for line in _LINES.split(text) for event in (Event(WORDS, line), Event(LINE))]


def only_lost(wanted: Seen, found: Seen) -> bool:
    """Whether formatting was lost and none added; the letters are the same."""
    each = zip(wanted.style_of_each(), found.style_of_each(), strict=True)
    return all(set(now) <= set(then) for then, now in each) and all(
        now in ("*", wanted.starts.get(place)) or (now == "n" and place in wanted.starts)
        for place, now in found.starts.items()
    )


def same_formatting(wanted: Seen, found: Seen) -> bool:
    """Whether all is set alike; the letters are the same."""
    if wanted.styles != found.styles:
        return False
    unknown = {place for place, start in found.starts.items() if start == "*"}
    known = ({place: start for place, start in each.starts.items() if place not in unknown} for each in (wanted, found))
    return next(known) == next(known)


def as_html(events: Sequence[Event]) -> str:
    """Write events as HTML that shows the same."""
    written = []
    for event in _spoken(events):
        if event.kind == WORDS:
            written.append(_set(event))
        elif event.kind == ITEM:
            written.append(f'<li value="{event.text}">' if event.text else "<li>")
        else:
            written.append({LINE: "<br>", END: "<br>", ROW: "<tr>", CELL: "<td>", GAP: ""}[event.kind])
    return "".join(written)


def as_text(events: Sequence[Event]) -> str:
    """Write events as plain text: items with a dash or their number, cells parted by bars."""
    written: list[str] = []
    mark, fresh = "", True
    for event in _spoken(events):
        if event.kind == WORDS:
            said = bool(event.text.strip())
            written.append(mark + event.text if said else event.text)
            mark = "" if said else mark
        elif event.kind == ITEM:
            written.append("\n")
            mark = f"{event.text}. " if event.text else "- "
        elif event.kind == CELL:
            written.append("" if fresh else " | ")
        else:
            written.append("\n")
        fresh = event.kind == ROW or (fresh and event.kind != CELL)
    text = _NOT_SEEN.sub("", "".join(written))
    return re.sub(r"\n\s*\n", "\n", text).strip()


def _tidy(events: Sequence[Event]) -> list[Event]:
    """Put words together that follow each other in one style, and leave out items that say nothing."""
    tidy: list[Event] = []
    item: int | None = None
    for event in events:
        if item is not None and event.kind in (END, ITEM, ROW):
            tidy[item] = Event(LINE)
        if event.kind == ITEM:
            item = len(tidy)
        elif event.kind in (END, ROW) or (event.kind == WORDS and event.text.strip()):
            item = None
        last = tidy[-1] if tidy else None
        if last and event.kind == last.kind == WORDS and event.styles == last.styles:
            tidy[-1] = replace(last, text=last.text + event.text)
        else:
            tidy.append(event)
    return [_whole(event) for event in tidy]


def _spoken(events: Sequence[Event]) -> list[Event]:
    """Say in words what is struck; blanks alone are not."""
    spoken: list[Event] = []
    struck = False
    for event in _tidy(events):
        strikes = event.kind == WORDS and "s" in event.styles and bool(event.text.strip())
        if strikes != struck:
            spoken.append(STRUCK[0] if strikes else STRUCK[1])
        spoken.append(event)
        struck = strikes
    return [*spoken, STRUCK[1]] if struck else spoken


def _whole(event: Event) -> Event:
    """Characters beyond U+FFFF come as two halves in RTF."""
    if event.kind != WORDS or not _HALVES.search(event.text):
        return event
    return replace(event, text=event.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _set(event: Event) -> str:
    text = _LINES.sub("<br>", escape(event.text, quote=False))
    for style in event.styles:
        text = f"<{_TAGS[style]}>{text}</{_TAGS[style]}>"
    return text


def _strength(start: str) -> int:
    """Where several things begin at once, a row counts more than an item, and that more than a cell or a line."""
    return _WEAKER_FIRST.find(start[:1]) if start else -1
