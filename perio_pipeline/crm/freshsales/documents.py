"""Files on records, and links to files: sent with their content proven by its hash, and read back the same way.

Freshsales does not change files over its API, and few accounts delete them. A file whose content changed is uploaded
once more beside the earlier one, which stays until a person removes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from perio_pipeline.crm.access import unanswered
from perio_pipeline.crm.attachments import attachment_of, letters, marked_name, obstacle
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import constants, outcomes, routes
from perio_pipeline.crm.freshsales.bodies import create_body, parent_of, target_of
from perio_pipeline.crm.freshsales.limits import RefusedValueError, check_length
from perio_pipeline.crm.freshsales.reading import LINK, files_of
from perio_pipeline.crm.freshsales.records import Records, undeletable
from perio_pipeline.crm.freshsales.snapshots import carries_mark, snapshot
from perio_pipeline.crm.http import Content, Failure, JsonObject, Request, Upload
from perio_pipeline.crm.protocol import UNREAD, Attachment, Outcome, Payload, Ref, Snapshot, Status, Value

_MOST_VERSIONS = 3
"""Versions of one file that are sent at most, so that a CRM that changes what it is given is not filled with them."""
_SIZES = ("size", "file_size", "content_file_size")
"""Keys under which a list may give a file's size; the published ones do not say."""


class Documents(Records):
    """The files and links of one object."""

    @property
    def deletes(self) -> bool:
        """Whether files can be deleted on their own; most accounts do not."""
        return self._session.capabilities.delete_documents

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Upload files and make links, one request each."""
        return await concurrently(self._add, batch, self._session.settings.concurrency)

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Send the new version beside the earlier one, unless it is there already."""
        versions = 0
        for other, record in (await files_of(self._session, ref.parent_id or "")).items():
            here = Ref(self._spec.name, other, ref.parent_id)
            if not carries_mark(self._spec, record, payload, self._session):
                continue
            if await self._holds(here, record, payload):
                return Outcome(Status.DONE, here, "already_there")
            versions += 1
        if versions >= _MOST_VERSIONS:
            reason = f"{versions} versions are in the CRM and none holds what was sent"
            return Outcome(Status.REFUSED, ref, "too_many_versions", reason)
        outcome = await self._add(payload)
        if outcome.status is not Status.DONE:
            return outcome
        return Outcome(Status.DONE, outcome.ref, "replaced", f"the earlier version, {ref.crm_id}, stays in the CRM")

    async def delete(self, ref: Ref) -> Outcome:
        """Remove a file, where the account deletes files; links are not deleted over the API."""
        if ref.crm_id.startswith(LINK):
            return undeletable(ref)
        outcome = await super().delete(ref)
        # No source has this route: that it is not found says nothing of the file.
        stays = outcome.code == "already_gone" and ref.crm_id in await files_of(self._session, ref.parent_id or "")
        return undeletable(ref) if stays else outcome

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read files back by the lists of the records they belong to, and their content by downloading it."""
        if not all(ref.parent_id for ref in refs):
            raise ValueError(f"{self._spec.name}: the reference does not name the record it belongs to")
        parents = list(dict.fromkeys(ref.parent_id or "" for ref in refs))
        limit = self._session.settings.concurrency
        listed = dict(zip(parents, await concurrently(partial(files_of, self._session), parents, limit), strict=True))
        there = [ref for ref in refs if ref.crm_id in listed[ref.parent_id or ""]]

        async def one(ref: Ref) -> Snapshot:
            return await self._snapshot(ref, listed[ref.parent_id or ""][ref.crm_id])

        return dict(zip(there, await concurrently(one, there, limit), strict=True))

    async def find(self, payload: Payload) -> Ref | None:
        """Look for the file or link whose name carries the mark."""
        parent = parent_of(*target_of(self._spec, payload, self._session))
        for crm_id, record in (await files_of(self._session, parent)).items():
            if carries_mark(self._spec, record, payload, self._session):
                return Ref(self._spec.name, crm_id, parent)
        return None

    async def _add(self, payload: Payload) -> Outcome:
        attachment = attachment_of(payload)
        try:
            form = create_body(self._spec, payload, self._session)
            name = marked_name(str(form.get("file_name") or attachment.name), payload.mark)
            check_length("file_name", name, constants.TEXT_LENGTH)
        except RefusedValueError as error:
            return outcomes.refused(error)
        most = self._session.settings.file_megabytes * constants.MEGABYTE
        stops = None if attachment.url else await asyncio.to_thread(obstacle, attachment, most)
        if stops is not None:
            return outcomes.refused(RefusedValueError(stops.code, "file", stops.problem))
        parent = parent_of(*target_of(self._spec, payload, self._session))
        stated = {
            "is_shared": form.get("is_shared", True),
            "targetable_type": form["targetable_type"],
            "targetable_id": form["targetable_id"],
        }
        return await (self._link if attachment.url else self._upload)(attachment, name, stated, parent)

    async def _upload(self, attachment: Attachment, name: str, stated: JsonObject, parent: str) -> Outcome:
        fields = {"file_name": name} | {key: str(value) for key, value in stated.items()}
        fields["is_shared"] = fields["is_shared"].lower()
        upload = Upload("file", name, attachment.content_type, attachment.path, fields)
        result = await self._session.call(routes.DOCUMENT_CREATE, routes.DOCUMENT_CREATE.path, upload=upload)
        outcome = outcomes.created(result, self._spec, parent, {})
        if outcome.status is not Status.DONE:
            return outcome
        return Outcome(Status.DONE, outcome.ref, "uploaded", f"sha-256 {attachment.sha256}")

    async def _link(self, attachment: Attachment, name: str, stated: JsonObject, parent: str) -> Outcome:
        body = {"url": attachment.url, "name": name, **stated}
        result = await self._session.call(routes.LINK_CREATE, routes.LINK_CREATE.path, body=body)
        outcome = outcomes.created(result, self._spec, parent, {})
        if outcome.status is not Status.DONE or outcome.ref is None:
            return outcome
        return Outcome(Status.DONE, Ref(self._spec.name, LINK + outcome.ref.crm_id, parent), "linked")

    async def _snapshot(self, ref: Ref, record: JsonObject) -> Snapshot:
        held = snapshot(self._spec, record, ref, self._session)
        if ref.crm_id.startswith(LINK):
            return Snapshot(ref, {**held.fields, "url": str(record.get("url") or "")}, {}, held.links)
        content = await self._content(record)
        if isinstance(content, Content):
            own: dict[str, Value] = {"sha256": content.sha256, "bytes": content.bytes}
        else:
            own = {"sha256": content, "bytes": _size(record)}
        return Snapshot(ref, {**held.fields, **own}, {}, held.links)

    async def _content(self, record: JsonObject) -> Content | str | None:
        """What a file holds; None when the CRM lists it and does not have it.

        Raises:
            DestinationError: no answer after all attempts.
        """
        url = str(record.get("url") or "")
        if not url or not self._session.capabilities.download_files:
            return UNREAD
        result = await self._session.transport.send(Request("GET", url, reads=True, downloads=True))
        if isinstance(result, Failure):
            raise unanswered(constants.NAME, "the download of a file", result.cause)
        return result.content if result.ok else None

    async def _holds(self, ref: Ref, record: JsonObject, payload: Payload) -> bool:
        """Whether a file or link is what is to be sent, under the name that it is to have."""
        wanted = attachment_of(payload)
        held = snapshot(self._spec, record, ref, self._session).fields
        if letters(held.get("file_name")) != letters(marked_name(wanted.name, payload.mark)):
            return False
        if wanted.url or ref.crm_id.startswith(LINK):
            return ref.crm_id.startswith(LINK) and record.get("url") == wanted.url
        content = await self._content(record)
        # What cannot be compared is sent: a file too many is seen, one too few is not.
        return isinstance(content, Content) and content.sha256 == wanted.sha256.lower()


def _size(record: JsonObject) -> int | None:
    sizes = (record.get(key) for key in _SIZES)
    return next((size for size in sizes if isinstance(size, int)), None)
