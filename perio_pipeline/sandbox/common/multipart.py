"""Reads multipart bodies: files and plain fields."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from perio_pipeline.sandbox.common.errors import UnreadableBodyError
from perio_pipeline.sandbox.common.exchange import Part


@dataclass(frozen=True)
class Form:
    """The files of a form in order, and its other fields; parts without a file name are no files."""

    files: tuple[Part, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


async def read_form(headers: dict[str, str], body: bytes) -> Form:
    """Read a multipart body.

    Raises:
        UnreadableBodyError: it is not one.
    """
    if not headers.get("content-type", "").startswith("multipart/form-data"):
        raise UnreadableBodyError("Multipart: Boundary not found")

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(Headers(headers), stream()).parse()
    except MultiPartException as problem:
        raise UnreadableBodyError(problem.message) from None
    files, fields = [], []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content_type = value.content_type or "application/octet-stream"
            files.append(Part(name, value.filename or "", content_type, await value.read()))
        else:
            fields.append((name, value))
    await form.close()
    return Form(tuple(files), tuple(fields))
