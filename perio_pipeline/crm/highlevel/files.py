"""Files in a file field of a contact: the only files that HighLevel's public API keeps with a contact (section 8).

One upload makes the file and puts it into the field; its name carries the mark. A file is read back by the contact,
which says that the field holds it, and by downloading it. HighLevel deletes no file: it is taken out of the field by
writing the field's value without it, where the sub-account takes that.

A reference holds the id of the document in `crm_id` and the contact in `parent_id`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from perio_pipeline.crm.access import unanswered
from perio_pipeline.crm.answers import carries, record_in
from perio_pipeline.crm.attachments import Obstacle, attachment_of, letters, marked_name, obstacle
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.dispatch import READ_AT_ONCE
from perio_pipeline.crm.highlevel import constants, outcomes, routes
from perio_pipeline.crm.highlevel.bodies import link
from perio_pipeline.crm.highlevel.filefields import HeldFile, held_files
from perio_pipeline.crm.highlevel.objects import SPECS
from perio_pipeline.crm.highlevel.reading import get
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import Content, Failure, JsonObject, Query, Request, Response, Upload
from perio_pipeline.crm.protocol import UNREAD, Attachment, Outcome, Payload, Ref, Snapshot, Status, Value

_CONTACT = SPECS[constants.CONTACTS]
_NAMES = uuid.uuid5(uuid.NAMESPACE_DNS, "perio-pipeline")


class ContactFiles:
    """The files of one object."""

    batch_size = 1
    read_size = READ_AT_ONCE

    def __init__(self, name: str, session: Session) -> None:
        self._name, self._session = name, session

    @property
    def deletes(self) -> bool:
        """Whether files can be taken out of their field; else they go with their contact."""
        return self._session.capabilities.file_values_replace

    def batch_key(self, payload: Payload) -> str:
        """Each payload is a request of its own."""
        return payload.source_key

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Upload files, one request each."""
        return await concurrently(self._create, batch, self._session.settings.concurrency)

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Upload the new version, unless it is there already, and take the earlier ones out of the field."""
        contact = await get(_CONTACT, self._session, link(payload, "contactId"))
        present = self._marked(contact or {}, payload)
        for file in present:
            if await self._is_sent(file, payload):
                return Outcome(Status.DONE, self._ref(file, payload), "already_there")
        outcome, after = await self._upload(payload, {file.id for file in present})
        if outcome.status is not Status.DONE or not present:
            return outcome
        stays = f"the earlier version, {ref.crm_id}, stays in the field"
        if not self.deletes:
            return Outcome(Status.DONE, outcome.ref, "replaced", stays, outcome.trace_id)
        earlier = [file for file in present if file.field_id == self._field(payload)]
        taken = await self._without(link(payload, "contactId"), after, earlier)
        left = "" if taken.status is Status.DONE else stays
        return Outcome(Status.DONE, outcome.ref, "replaced", left, outcome.trace_id)

    async def delete(self, ref: Ref) -> Outcome:
        """Take a file out of its field; what HighLevel keeps of it beyond that has no call that deletes it."""
        contact = await get(_CONTACT, self._session, _parent(ref))
        files = held_files(contact or {})
        own = [file for file in files if file.id == ref.crm_id]
        if not own:
            return Outcome(Status.DONE, ref, code="already_gone")
        return await self._without(_parent(ref), files, own)

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        """Nothing hangs on a file."""
        return {}

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read files back by their contacts, and their content by downloading it."""
        grouped: dict[str, list[Ref]] = defaultdict(list)
        for ref in refs:
            grouped[_parent(ref)].append(ref)
        limit = self._session.settings.concurrency

        async def one(contact_id: str) -> dict[Ref, HeldFile]:
            contact = await get(_CONTACT, self._session, contact_id)
            shown = {file.id: file for file in held_files(contact or {})}
            return {ref: shown[ref.crm_id] for ref in grouped[contact_id] if ref.crm_id in shown}

        found = {ref: file for each in await concurrently(one, grouped, limit) for ref, file in each.items()}

        async def snapshot(ref: Ref) -> Snapshot:
            return await self._snapshot(ref, found[ref])

        return dict(zip(found, await concurrently(snapshot, found, limit), strict=True))

    async def find(self, payload: Payload) -> Ref | None:
        """The file whose name carries the mark: the one that was to be sent, else the latest."""
        contact = await get(_CONTACT, self._session, link(payload, "contactId"))
        marked = self._marked(contact or {}, payload)
        sent = [file for file in marked if _given_id(payload) in file.given]
        return self._ref((sent or marked)[-1], payload) if marked else None

    def existing(self) -> AsyncIterator[list[Snapshot]]:
        """Files have no list of their own.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self._name}: HighLevel has no list of all of them")

    async def _create(self, payload: Payload) -> Outcome:
        return (await self._upload(payload, frozenset()))[0]

    async def _upload(self, payload: Payload, before: set[str] | frozenset[str]) -> tuple[Outcome, list[HeldFile]]:
        """Upload; returns what is known, and what all fields hold then.

        Args:
            payload: the file.
            before: ids of those with its mark that were there before.
        """
        attachment = attachment_of(payload)
        stops = await asyncio.to_thread(obstacle, attachment, constants.FILE_BYTES)
        if stops is not None:
            return _refused(stops), []
        contact_id = link(payload, "contactId")
        upload = Upload(
            f"{self._field(payload)}_{_given_id(payload)}",
            marked_name(attachment.name, payload.mark),
            attachment.content_type,
            attachment.path,
        )
        query: Query = {"contactId": contact_id, "locationId": self._session.location_id}
        route = routes.FILE_UPLOAD
        result = await self._session.call(route, route.path, query=query, upload=upload)
        if not (isinstance(result, Response) and result.ok):
            return outcomes.undone(result, creating=True), []
        files = held_files(record_in(result.object, _CONTACT.envelope))
        made = [file for file in files if carries(file.name, payload.mark) and file.id not in before]
        sent = [file for file in made if _given_id(payload) in file.given]
        if not made:
            reason = "The answer does not show the file in the contact's field."
            return Outcome(Status.UNKNOWN, code="not_shown", reason=reason), files
        ref = self._ref((sent or made)[-1], payload)
        return Outcome(Status.DONE, ref, "uploaded", f"sha-256 {attachment.sha256}", outcomes.trace(result)), files

    async def _without(self, contact_id: str, files: Sequence[HeldFile], gone: Sequence[HeldFile]) -> Outcome:
        """Write the field's value without some of its files, and see whether that took."""
        field_id, going = gone[0].field_id, {file.id for file in gone}
        kept = {file.key: file.entry for file in files if file.field_id == field_id and file.id not in going}
        body: JsonObject = {"customFields": [{"id": field_id, "field_value": kept or None}]}
        ref = Ref(self._name, gone[0].id, contact_id)
        result = await self._session.call(routes.CONTACT_UPDATE, routes.CONTACT_UPDATE.at(id=contact_id), body=body)
        outcome = outcomes.removed(result, ref)
        if outcome.status is not Status.DONE:
            return outcome
        contact = record_in(result.object, _CONTACT.envelope) if isinstance(result, Response) else {}
        if not isinstance(contact.get("customFields"), list):
            contact = await get(_CONTACT, self._session, contact_id) or {}
        if going.isdisjoint(file.id for file in held_files(contact)):
            return outcome
        reason = "the sub-account keeps it in the field; only a person can remove it there"
        return Outcome(Status.REFUSED, ref, "undeletable", reason, outcome.trace_id)

    async def _snapshot(self, ref: Ref, file: HeldFile) -> Snapshot:
        content = await self._content(file)
        held: dict[str, Value] = {"file_name": file.name}
        if isinstance(content, Content):
            held |= {"sha256": content.sha256, "bytes": content.bytes}
        else:
            held |= {"sha256": content, "bytes": file.bytes}
        return Snapshot(ref, held, {}, {"contactId": _parent(ref)})

    async def _content(self, file: HeldFile) -> Content | str | None:
        """What a file holds; None when the field names it and HighLevel does not have it.

        Raises:
            DestinationError: no answer after all attempts.
        """
        if not file.url or not self._session.capabilities.download_files:
            return UNREAD
        headers = {"Version": constants.API_VERSION}
        request = Request("GET", file.url, headers=headers, reads=True, downloads=True)
        result = await self._session.transport.send(request)
        if isinstance(result, Failure):
            raise unanswered("HighLevel", "the download of a file", result.cause)
        if result.status in (401, 403):
            return UNREAD  # it says nothing of the file
        return result.content if result.ok else None

    async def _is_sent(self, file: HeldFile, payload: Payload) -> bool:
        """Whether a file is what is to be sent, under the name that it is to have."""
        wanted = attachment_of(payload)
        if letters(file.name) != letters(marked_name(wanted.name, payload.mark)):
            return False
        if _given_id(payload) in file.given:
            return True
        content = await self._content(file)
        # What cannot be compared is sent: a file too many is seen, one too few is not.
        return isinstance(content, Content) and content.sha256 == wanted.sha256.lower()

    def _marked(self, contact: Mapping[str, Any], payload: Payload) -> list[HeldFile]:
        return [file for file in held_files(contact) if carries(file.name, payload.mark)]

    def _field(self, payload: Payload) -> str:
        return self._session.custom.id_of(_CONTACT.model, attachment_of(payload).field)

    def _ref(self, file: HeldFile, payload: Payload) -> Ref:
        return Ref(self._name, file.id, link(payload, "contactId"))


def _given_id(payload: Payload) -> str:
    """The id that a file is uploaded with: the same for the same content under the same mark."""
    attachment: Attachment = attachment_of(payload)
    return str(uuid.uuid5(_NAMES, f"{payload.mark} {attachment.sha256.lower()}"))


def _parent(ref: Ref) -> str:
    if not ref.parent_id:
        raise ValueError(f"{ref.object}: the reference does not name the contact it belongs to")
    return ref.parent_id


def _refused(stops: Obstacle) -> Outcome:
    return Outcome(Status.REFUSED, code=stops.code, reason=f"file: {stops.problem}")
