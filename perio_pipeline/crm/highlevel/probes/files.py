"""Two small files: whether a field's value can be written without one of them, and whether one is downloaded (8, P18).

What was uploaded has no call that deletes it: both files hold one line about themselves and are on no record
afterwards.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from perio_pipeline.crm.answers import id_of, record_in
from perio_pipeline.crm.highlevel import constants, routes
from perio_pipeline.crm.highlevel.filefields import HeldFile, held_files
from perio_pipeline.crm.highlevel.probes.workshop import Workshop
from perio_pipeline.crm.http import Failure, Query, Request, Upload
from perio_pipeline.crm.probing import Finding, Probe
from perio_pipeline.crm.throwaways import NAME

_CONTENT = b"A throwaway file of the migration's preflight.\n"


async def file_field(shop: Workshop) -> list[Finding]:
    """Upload two files into one field, download one, and write the value without the other."""
    field = id_of(await shop.field("files", "FILE_UPLOAD", isMultipleFile=True, maxNumberOfFiles=2))
    contact = await shop.contact()
    for number in ("1", "2"):
        status, files = await _upload(shop, contact, field, number)
        if len(files) != int(number):
            return [Finding(f"upload {number} of 2 into one field: {status}, the field shows {len(files)}")]
    kept = files[0]
    value = {kept.key: kept.entry}
    answer = await shop.change(contact, {"customFields": [{"id": field, "field_value": value}]})
    left = [file.id for file in held_files(await shop.seen(contact)) if file.field_id == field]
    replaces = answer.ok and left == [kept.id]
    evidence = f"PUT of the value without one of 2 files: {answer.status}, {len(left)} left"
    return [Finding(evidence, "file_values_replace", replaces), await _download(shop, kept)]


async def _upload(shop: Workshop, contact: str, field: str, number: str) -> tuple[int, list[HeldFile]]:
    """The status, and the files that the field shows then."""
    query: Query = {"contactId": contact, "locationId": shop.session.location_id}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.txt")
        path.write_bytes(_CONTENT)
        upload = Upload(f"{field}_{shop.tag}{number}", f"{NAME} {shop.tag} {number}.txt", "text/plain", str(path))
        answer = await shop.ask(routes.FILE_UPLOAD, query=query, upload=upload)
    shown = held_files(record_in(answer.object, ("contact",))) if answer.ok else []
    return answer.status, [file for file in shown if file.field_id == field]


async def _download(shop: Workshop, file: HeldFile) -> Finding:
    headers = {"Version": constants.API_VERSION}
    result = await shop.session.transport.send(Request("GET", file.url, headers=headers, reads=True, downloads=True))
    if isinstance(result, Failure):
        return Finding(f"the download got no answer ({result.cause})", "download_files", False)
    same = result.content is not None and result.content.sha256 == hashlib.sha256(_CONTENT).hexdigest()
    return Finding(f"download: {result.status}, content {'as sent' if same else 'other'}", "download_files", same)


PROBES = (Probe("file_field", "P18", 8, file_field),)
