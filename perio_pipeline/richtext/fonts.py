r"""What the characters of fonts are: facts, as data.

RTF writes a sign of such a font as the letter that lies in its place: `\'b3` is `≥` in Symbol and `³` elsewhere. Word
writes the same places as U+F0B3. Only what clinicians type is here; any other place of such a font shows a bullet.
"""

from __future__ import annotations

from collections.abc import Mapping

CODE_PAGES: Mapping[int, str] = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437",
}  # fmt: skip
"""RTF's number of a character set → codec; 0 and 1 mean that of the document."""
SYMBOL_CHARSET = 2

_GREEK = {
    "A": "Α", "B": "Β", "C": "Χ", "D": "Δ", "E": "Ε", "F": "Φ", "G": "Γ", "L": "Λ", "P": "Π", "S": "Σ", "W": "Ω",
    "a": "α", "b": "β", "c": "χ", "d": "δ", "e": "ε", "f": "φ", "g": "γ", "h": "η", "k": "κ", "l": "λ", "m": "μ",
    "n": "ν", "p": "π", "q": "θ", "r": "ρ", "s": "σ", "t": "τ", "w": "ω", "x": "ξ", "y": "ψ", "z": "ζ",
}  # fmt: skip

SYMBOL: Mapping[int, str] = {
    **{ord(place): sign for place, sign in _GREEK.items()},
    **{ord(letter): letter for letter in " !#%&()+,-./0123456789:;<=>?[]_{|}"},
    0x2A: "∗", 0x7E: "~", 0xA2: "′", 0xA3: "≤", 0xA5: "∞", 0xAB: "↔", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓",
    0xB0: "°", 0xB1: "±", 0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈",
    0xBC: "…", 0xC6: "∅", 0xD6: "√", 0xDE: "⇒",
}  # fmt: skip
"""Adobe's Symbol encoding: place → sign."""

WINGDINGS: Mapping[int, str] = {
    0x4A: "☺", 0x4C: "☹", 0x6E: "■", 0x6F: "□", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xE0: "→", 0xFB: "✗", 0xFC: "✓",
    0xFD: "☒", 0xFE: "☑", 0x20: " ",
}  # fmt: skip
"""Microsoft's Wingdings: place → sign."""

BULLET = "•"


def sign(code: int, font: str) -> str:
    """Return what a place of a symbol font shows.

    Args:
        code: the place; Word's private-use characters stand for the place 0xF000 below.
        font: the font's name.
    """
    table = SYMBOL if "symbol" in font.lower() else WINGDINGS
    return table.get(code - 0xF000 if code >= 0xF000 else code, BULLET)
