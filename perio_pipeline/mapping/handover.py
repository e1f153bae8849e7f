"""How a practice hands its data over: a database, or a folder of CSV exports."""

from __future__ import annotations

from pydantic import Field, model_validator

from perio_pipeline.panda.exports.dates import Order
from perio_pipeline.panda.trial import Limit
from perio_pipeline.yamlfile import Entry


class Source(Entry):
    """Where PANDA's data is.

    Attributes:
        url: SQLAlchemy URL of its database.
        folder: in place of it, the folder of its CSV exports.
        dates: what comes first in exported dates of three numbers, where their values do not say.
        bindings: the bindings file, relative to the mappings folder.
        unreadable: share of a table's rows that an entry of the bindings may fail on before it is taken for wrong.
        images: the folder of the image store; without it no image is sent.
        images_url: the address under which the practice's own archive shows the same images, if it does; files that
            are not sent are linked to it.
    """

    url: str = ""
    folder: str = ""
    dates: Order | None = None
    bindings: str = "panda.yaml"
    unreadable: float = Field(default=Limit().share, ge=0, le=1)
    images: str = ""
    images_url: str = ""

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        if bool(self.url) == bool(self.folder):
            raise ValueError("either `url`, of a database, or `folder`, of CSV exports, must be given, and only one")
        if self.dates and not self.folder:
            raise ValueError("`dates` is for a `folder` of CSV exports; a database knows what its dates are")
        return self
