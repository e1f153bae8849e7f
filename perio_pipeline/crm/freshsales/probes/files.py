"""A small file: whether its content can be read back, and whether it can be deleted (9, 18.8)."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.probes.identity import FIRST
from perio_pipeline.crm.freshsales.probes.workshop import Workshop
from perio_pipeline.crm.http import Failure, JsonObject, Request, Upload
from perio_pipeline.crm.probing import Finding, Probe
from perio_pipeline.crm.throwaways import NAME

_CONTENT = b"A throwaway file of the migration's preflight.\n"


async def file(shop: Workshop) -> list[Finding]:
    """Upload, list, download, delete."""
    first = await shop.contact(FIRST)
    form = {"targetable_type": "Contact", "targetable_id": first, "is_shared": "true"}
    name = f"{NAME} {shop.tag}.txt"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.txt")
        path.write_bytes(_CONTENT)
        upload = Upload("file", name, "text/plain", str(path), {"file_name": name, **form})
        answer = await shop.ask(routes.DOCUMENT_CREATE, upload=upload)
    if not answer.ok:
        return [Finding(f"POST /documents: {answer.status}")]
    made, listed = id_of(answer.object), await _listed(shop, first)
    url = next((str(each.get("url") or "") for each in listed if id_of(each) == made), "")
    return [await _download(shop, url), *await _delete(shop, first, made)]


async def _download(shop: Workshop, url: str) -> Finding:
    if not url:
        return Finding("the list of files tells no address of the file", "download_files", False)
    result = await shop.session.transport.send(Request("GET", url, reads=True, downloads=True))
    if isinstance(result, Failure):
        return Finding(f"the download got no answer ({result.cause})", "download_files", False)
    same = result.content is not None and result.content.sha256 == hashlib.sha256(_CONTENT).hexdigest()
    return Finding(f"download: {result.status}, content {'as sent' if same else 'other'}", "download_files", same)


async def _delete(shop: Workshop, contact: str, document: str) -> list[Finding]:
    route = routes.DOCUMENT_DELETE
    answer = await shop.ask(route, route.at(id=document))
    gone = all(id_of(each) != document for each in await _listed(shop, contact))
    evidence = f"DELETE /documents: {answer.status}, the file is {'gone' if gone else 'still listed'}"
    return [Finding(evidence, "delete_documents", answer.ok and gone)]


async def _listed(shop: Workshop, contact: str) -> list[JsonObject]:
    route = routes.CHILDREN
    path = route.at(module=constants.CONTACTS, id=contact, children="document_associations")
    return records((await shop.ask(route, path)).object, "documents")


PROBES = (Probe("file", "18.8", 5, file),)
