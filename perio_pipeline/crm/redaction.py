"""Taking values out of a CRM's messages, so that they can be logged.

A message can quote what was sent. So it is not searched for what looks like a value; only words that cannot be one are
kept: names of properties, and a fixed vocabulary of API prose. Everything else becomes an ellipsis.
"""

from __future__ import annotations

import re
from collections.abc import Container

IDENTIFIER = re.compile(r"[A-Za-z_][\w.]*\Z")

_PROSE = (
    "a able access account active added all allow allowed already an and another any are array as assigned at "
    "attempts authorized available bad be been belong belongs blank body boolean bulk business businesses busy "
    "calendar calendars can can't cannot channel character characters code combination company conflict contact "
    "contacts contain could create created creating custom date day days deleted denied different does dto duplicate "
    "duplicated email emails empty enum equal error event exceeded exist existing exists expired external failed "
    "field fields filter following for forbidden format found free from gateway gone greater has have header headers "
    "id identifier ids if in inactive input integer internal invalid is iso it item items its jwt later least length "
    "less limit link list location longer match matches maximum member members merge message minimum missing more "
    "most must name names no non not note notes number object of on one only operation opportunities opportunity "
    "option options or page param parameter parameters pass past path payload permission phone pipeline pipelines "
    "please private property provided quota range rate reached record records refused request requests required "
    "resource same scope search selected server service should size slot slots stage stages start state status "
    "string successful successfully support supported taken task tasks team than that the their there this time "
    "timeout timezone to token too try type unable unauthorized unavailable undefined unexpected unique unknown "
    "unprocessable unsupported update updated user users uuid valid validation value values version was were when "
    "which while with within without write wrong you your zone"
)
_WORDS = frozenset(_PROSE.split())
_QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'(?!\w)")
_TOKEN = re.compile(r"\S+")
_GAP = "…"
_LONGEST = 300


def scrub(text: str, properties: Container[str] = ()) -> str:
    """The text without anything that could be a value.

    Args:
        text: a CRM's message.
        properties: names that are kept wherever they stand; the word after "property" is kept in any case.
    """
    kept: list[str] = []
    previous = ""
    for token in _TOKEN.findall(_QUOTED.sub(f" {_GAP} ", text)):
        word = token.strip(".,;:!?()[]{}")
        if not word or _harmless(word, previous, properties):
            kept.append(token)
        elif kept[-1:] != [_GAP]:
            kept.append(_GAP)
        previous = token
    return " ".join(kept)[:_LONGEST]


def _harmless(word: str, previous: str, properties: Container[str]) -> bool:
    if word in properties:
        return True
    if previous.lower() == "property":
        return IDENTIFIER.match(word) is not None
    # Surnames are words too (Day, Page): a capital is allowed only where a sentence begins.
    begins = not previous or previous[-1] in ".;:!?"
    return word.lower() in _WORDS and (word.islower() or (begins and word[1:].islower()))
