"""What values look like: their shapes, and the kinds of things they may be, told from up to some hundred of them.

A shape keeps punctuation and the count of digits and capitals, and nothing else: `9{3}-9{4}`, `A{1}a+`.
Facts: NPI check digit by Luhn over 80840 and the number (CMS, NPI standard); CDT codes D and four digits (ADA).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

LOOKED_AT = 200
"""Values of a column that are looked at."""

_RUNS = re.compile(r"[0-9]+|[A-ZÀ-ÖØ-Þ]+|[a-zß-öø-ÿ]+|\s+|.", re.S)
_WORDS = 3
"""Runs of letters after which a text is only called a text."""


def shape_of(text: str) -> str:
    """Return the shape of a text; a long one is only `text`, since its order of words might give it away."""
    runs = _RUNS.findall(text[:60])
    if len(text) > 60 or sum(run[0].isalpha() for run in runs) > 2 * _WORDS:
        return "text"
    return "".join(_run(run) for run in runs)


def _run(run: str) -> str:
    if run[0].isdigit():
        return f"9{{{len(run)}}}"
    if run[0].isspace():
        return " "
    if run[0].isalpha():
        return f"A{{{len(run)}}}" if run.isupper() else "a+"
    return run if run in "-/.,:;@#()+*_\\'" else "?"


def shapes(values: Iterable[str], most: int = 3) -> dict[str, float]:
    """Return the most frequent shapes with their share."""
    counted = Counter(map(shape_of, values))
    total = sum(counted.values())
    return {shape: round(rows / total, 2) for shape, rows in counted.most_common(most)}


def looks(values: Sequence[str]) -> dict[str, float]:
    """Return what the values may be: kind → share of them that fit it; kinds that none fits are left out."""
    some = spread(values)
    found = {name: sum(map(test, some)) / len(some) for name, test in KINDS.items()} if some else {}
    return {name: share for name, share in found.items() if share}


def spread(values: Sequence[str], most: int = LOOKED_AT) -> Sequence[str]:
    """Return some of the values, from all over the sample."""
    step = max(len(values) // most, 1)
    return values[::step][:most]


def _fits(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _between(low: float, high: float, *, whole: bool = False) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        number = _number(text)
        return number is not None and low <= number <= high and not (whole and number % 1)

    return test


def is_npi(text: str) -> bool:
    """Whether a text is a National Provider Identifier, by its check digit."""
    if not re.fullmatch(r"[12][0-9]{9}", text):
        return False
    digits = [int(each) for each in "80840" + text]
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_phone(text: str) -> bool:
    digits = sum(each.isdigit() for each in text)
    return (
        7 <= digits <= 15
        and re.fullmatch(r"[+(]?[0-9][-0-9 ().+/]*(?:\s*(?:x|ext\.?)\s*[0-9]+)?", text, re.I) is not None
    )


def _is_body(text: str) -> bool:
    return (
        text.startswith("{\\rtf")
        or re.match(r"\s*<(?:html|p|div|!doctype|span|b)\b", text, re.I) is not None
        or len(text) > 120
    )


_TEETH = r"(?:#?[0-9]{1,2}(?:\s*(?:-|to|bis)\s*#?[0-9]{1,2})?)"
_LETTER = r"[^\W\d_]"

KINDS: Mapping[str, Callable[[str], bool]] = {
    "email": _fits(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*"),
    "phone": _is_phone,
    "url": _fits(
        r"(?:https?://|www\.)\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|dental|de|es|example|test|us)(?:/\S*)?",
        re.I,
    ),
    "npi": is_npi,
    "zip": _fits(r"[0-9]{5}(?:-?[0-9]{4})?|[0-9]{4}|[A-Z]-?[0-9]{4,5}"),
    "state": _fits(r"[A-Za-z]{2}|[A-Z][a-z]{3,12}"),
    "salutation": _fits(
        r"(?:mr|mrs|ms|mx|miss|dr|prof|rev|herr|frau|sr|sra|srta|don|doña|mme|mlle|m|sig)\.?(?: (?:dr|prof)\.?)*",
        re.I,
    ),
    "suffix": _fits(r"(?:jr|sr|i{1,3}|iv|v|esq|phd|md)\.?", re.I),
    "credential": _fits(r"(?:d\.?d\.?s|d\.?m\.?d|m\.?d|r\.?d\.?h|ms|phd|dr|med|dent|m\.?s\.?|[ .,/])+\.?", re.I),
    "initial": _fits(rf"{_LETTER}\.?"),
    "name": _fits(rf"{_LETTER}[^\W\d_.'’-]*(?:[ .'’-]+{_LETTER}+)*\.?"),
    "words": _fits(rf"(?=.*{_LETTER}).+", re.S),
    "place": _fits(rf"{_LETTER}{{2,}}(?:[ .'-]+{_LETTER}+)*"),
    "street": _fits(rf".*(?:[0-9]+.*\s.*{_LETTER}{{2,}}|{_LETTER}{{2,}}.*\s.*[0-9]+).*"),
    "tooth": _between(1, 32, whole=True),
    "teeth": _fits(rf"{_TEETH}(?:\s*[,;/ ]\s*{_TEETH})*"),
    "depth": _between(0, 15, whole=True),
    "grade": _fits(r"[A-Ca-c]"),
    "procedure": _fits(r"[DZ0-9][0-9A-Z.]{3,6}"),
    "money": _fits(r"-?[0-9.]+(?:[.,][0-9]{1,4})?"),
    "percent": _between(0, 100),
    "path": _fits(r"(?:.*[\\/])?[^\\/]+\.[A-Za-z0-9]{2,5}"),
    "body": _is_body,
    "size": _between(1000, 1e11, whole=True),
    "login": _fits(r"[A-Za-z]+(?:[\\._-]?[A-Za-z0-9]+)+"),
    "extension": _fits(r"(?:x|ext\.?\s*)?[0-9]{1,5}", re.I),
    "text": _fits(rf"(?=.*{_LETTER}{{2,}}).{{4,}}", re.S),
    "number": lambda text: _number(text) is not None,
    "decimal_comma": _fits(r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),[0-9]+"),
}
"""Kind → whether a value fits it. Kinds overlap: a name is also words."""
