"""Identifiers in the shapes the API uses, repeatable for a seed and never used twice across restarts."""

import random
import string
import uuid

ALPHANUMERIC = string.ascii_letters + string.digits


class IdSource:
    """Makes ids. `run` counts the starts of the server on the same state, so that each start draws other ids."""

    def __init__(self, seed: int, run: int) -> None:
        self._random = random.Random(f"{seed}/{run}")

    def short(self) -> str:
        """20 alphanumeric characters: contacts, fields, pipelines and most others."""
        return "".join(self._random.choices(ALPHANUMERIC, k=20))

    def hex24(self) -> str:
        """24 hexadecimal characters: businesses."""
        return f"{self._random.getrandbits(96):024x}"

    def uuid(self) -> str:
        """A random UUID: pipeline stages, trace ids, documents."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
