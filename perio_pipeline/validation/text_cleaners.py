"""Cleaners of single texts: contact data, code pages, bridge leftovers, dates, signatures.

Each takes one text and returns the better one (None clears it) or, for a remark, the reason or None. They judge a text
alone; what needs other columns is in `row_rules`. Which column gets which is in `registry`.
"""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

from perio_pipeline.richtext.rtf import is_rtf, read_rtf
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.parsing import four_places, iso_moment, read_decimal

PLACEHOLDER_DATES = frozenset({"1900-01-01", "1753-01-01", "0001-01-01", "9999-12-31"})
"""Dates that databases and bridges write for nothing."""

LAST_PLACEHOLDER_YEAR = 1880
"""Years up to this one mean nothing in PANDA's bridge."""

NATIONAL_DIGITS = {"US": 10, "CA": 10}
"""Digits of a national number, where all have the same number."""

_SHORTEST_PHONE = 7
_EXTENSION = re.compile(r"(?:extension|ext\.?|x|#)\s*[0-9]{1,6}\s*$", re.IGNORECASE)
_SHORTEST_LINE = 60  # of folded base64; words of people are shorter
_BLOB = re.compile(
    r"(?:data:[\w/.+-]+;base64,)?"
    r"(?:[A-Za-z0-9+/]{120,}={0,2}"
    r"|(?:[A-Za-z0-9+/]{60,76}\r?\n){2,}(?:[A-Za-z0-9+/]*={1,2}|(?=[A-Za-z]*[0-9+/])[A-Za-z0-9+/]{8,}(?=\s|$))?)"
)
_SHOWN_PICTURE = re.compile(r"""(\bsrc\s*=\s*["']data:image/[a-z+]+;base64,[^"']*["'])""", re.IGNORECASE)
_NOT_BASE64 = (re.compile(r"[0-9A-Fa-f\s]*"), re.compile(r"[A-Z0-9+/\s]*"), re.compile(r"[a-z0-9+/\s]*"))
_MOJIBAKE_ROUNDS = 3


def without_outer_space(text: str, context: Context) -> str | None:
    """Remove the space around a text."""
    return text.strip()


def without_placeholder_date(text: str, context: Context) -> str | None:
    """Clear dates that stand for nothing."""
    moment = iso_moment(text)
    if moment is None:
        return text
    return None if moment[:10] in PLACEHOLDER_DATES or int(moment[:4]) <= LAST_PLACEHOLDER_YEAR else text


def without_time_of_day(text: str, context: Context) -> str | None:
    """Keep the date of a date and time; midnight counts as no time and changes nothing."""
    moment = iso_moment(text)
    if moment is None or not moment[10:].strip("T :.0"):
        return text
    return moment[:10]


def in_four_places(text: str, context: Context) -> str | None:
    """Round a decimal to four places."""
    number = read_decimal(text)
    if number is None or number == four_places(number):
        return text
    return str(four_places(number))


def valid_npi(text: str, context: Context) -> str | None:
    """Clear an NPI that is not 10 digits, starts with neither 1 nor 2, or fails the check digit over prefix 80840."""
    return text if re.fullmatch(r"[12][0-9]{9}", text) and _luhn("80840" + text) else None


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def valid_phone(text: str, context: Context) -> str | None:
    """Clear what is no phone number: NA, all zeros, all nines, fewer than seven digits."""
    digits = _phone_digits(text)
    return None if len(digits) < _SHORTEST_PHONE or set(digits) <= {"0"} or set(digits) <= {"9"} else text


def phone_extension(text: str, context: Context) -> str | None:
    """Remark on an extension at the end of a number."""
    return "an extension inside the number" if _EXTENSION.search(text) else None


def phone_without_area_code(text: str, context: Context) -> str | None:
    """Remark on a number too short to be dialled from elsewhere; only where the country's numbers have one length."""
    short = len(_phone_digits(text)) < NATIONAL_DIGITS.get(context.country, 0)
    return "no area code" if short and not text.startswith("+") else None


def _phone_digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", _EXTENSION.sub("", text))


def valid_email(text: str, context: Context) -> str | None:
    """Clear an address whose syntax no mail server accepts; nothing is looked up, test domains are fine."""
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError):
        return None
    return text


def without_bridge_na(text: str, context: Context) -> str | None:
    """Clear the NA that the text bridge writes for a blank."""
    return None if context.bridge_fed and text == "NA" else text


def without_bridge_underscores(text: str, context: Context) -> str | None:
    """Turn the underscores of the text bridge back into spaces."""
    return text.replace("_", " ").strip() if context.bridge_fed else text


def without_mojibake(text: str, context: Context) -> str | None:
    """Undo UTF-8 read as CP1252, also when it happened twice; a text that is not wholly explained by it stays."""
    for _ in range(_MOJIBAKE_ROUNDS):
        repaired = _decoded_again(text)
        if repaired is None:
            break
        text = repaired
    return text


def _decoded_again(text: str) -> str | None:
    if text.isascii():
        return None
    try:
        repaired = b"".join(_cp1252_byte(character) for character in text).decode("utf-8")
    except UnicodeError:
        return None
    # Control characters would be a coincidence, not a repair.
    return None if any("\x7f" <= character < "\xa0" for character in repaired) else repaired


def _cp1252_byte(character: str) -> bytes:
    """Encode as Windows does: the five bytes that CP1252 leaves open are C1 control characters."""
    return bytes((ord(character),)) if character in "\x81\x8d\x8f\x90\x9d" else character.encode("cp1252")


def without_signature(text: str, context: Context) -> str | None:
    """Remove runs of base64 from a note; pictures in RTF are hexadecimal and stay."""
    longest = max(map(len, text.split()), default=0)
    return text if longest < _SHORTEST_LINE else _BLOB.sub(_unless_words, text)


def damaged_rtf(text: str, context: Context) -> str | None:
    """Remark on RTF that is torn, so that something of it may be missing; what can be read goes on."""
    return "torn RTF" if is_rtf(text) and read_rtf(text).malformed else None


def _unless_words(match: re.Match[str]) -> str:
    return match[0] if any(pattern.fullmatch(match[0]) for pattern in _NOT_BASE64) else ""


def without_loose_signature(text: str, context: Context) -> str | None:
    """Remove runs of base64 from a letter, but not pictures that a reader of its HTML sees."""
    parts = _SHOWN_PICTURE.split(text)
    cleaned = [part if place % 2 else without_signature(part, context) or "" for place, part in enumerate(parts)]
    return "".join(cleaned)
