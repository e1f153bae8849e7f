"""Reads the files of a multipart body."""

from collections.abc import AsyncGenerator

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.exchange import Part


async def read_parts(headers: dict[str, str], body: bytes) -> list[Part]:
    """All file parts, in order; parts without a file name are no files."""
    if not headers.get("content-type", "").startswith("multipart/form-data"):
        raise bad_request("Multipart: Boundary not found")

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(Headers(headers), stream()).parse()
    except MultiPartException as problem:
        raise bad_request(problem.message) from None
    parts = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content_type = value.content_type or "application/octet-stream"
            parts.append(Part(name, value.filename or "", content_type, await value.read()))
    await form.close()
    return parts
