"""Seals patients' values in the journal with the key from `PERIO_JOURNAL_KEY`, or from a key file beside it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import time
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from perio_pipeline.errors import SettingsError

KEY_VARIABLE = "PERIO_JOURNAL_KEY"


class Seal:
    """Closes and opens JSON values; its digests tell equal values from changed ones without opening them."""

    def __init__(self, key: bytes) -> None:
        self._cipher, self._key = Fernet(key), key

    def close(self, content: Any) -> bytes:
        """Encrypt JSON content."""
        return self._cipher.encrypt(_text(content))

    def open(self, sealed: bytes) -> Any:
        """Decrypt what `close` made.

        Raises:
            SettingsError: it was sealed with another key.
        """
        try:
            return json.loads(self._cipher.decrypt(sealed))
        except InvalidToken:
            raise SettingsError(
                "The journal's values were sealed with another key.", f"Give that key in {KEY_VARIABLE}."
            ) from None

    def digest(self, content: Any) -> str:
        """HMAC-SHA256 of JSON content: equal for equal content, and tells nothing without the key."""
        return hmac.new(self._key, _text(content), hashlib.sha256).hexdigest()


def journal_key(path: Path) -> bytes:
    """Return the key from the environment or, where it is not set, from a file that is made for its owner only.

    Raises:
        SettingsError: it is no key.
    """
    return given_key() or _key_file(path)


def given_key() -> bytes | None:
    """Return the key from the environment, if there is one.

    Raises:
        SettingsError: it is no key.
    """
    given = os.environ.get(KEY_VARIABLE)
    return _checked(given.encode(), KEY_VARIABLE, "Use 32 random bytes in URL-safe base64.") if given else None


def _key_file(path: Path) -> bytes:
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(descriptor)  # nothing may be sealed with a key that a power cut takes away
        except OSError:  # an empty file would be taken for a damaged key
            path.unlink()
            raise
    for _ in range(50):  # another process may have made the file and not yet filled it
        if path.stat().st_size:
            break
        time.sleep(0.02)
    return _checked(path.read_bytes(), str(path), f"Put the right key back, or give it in {KEY_VARIABLE}.")


def _checked(key: bytes, where: str, remedy: str) -> bytes:
    try:
        Fernet(key)
    except ValueError:
        raise SettingsError(f"{where} is no Fernet key.", remedy) from None
    return key


def _text(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
