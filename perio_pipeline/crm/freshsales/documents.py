"""Files on records, uploaded with their content proven by its hash. Freshsales neither changes nor deletes them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePath

from perio_pipeline.crm.answers import carries
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import constants, outcomes
from perio_pipeline.crm.freshsales.bodies import create_body, parent_of, target_of
from perio_pipeline.crm.freshsales.limits import RefusedValueError, check_length
from perio_pipeline.crm.freshsales.records import Records
from perio_pipeline.crm.http import Upload
from perio_pipeline.crm.protocol import Attachment, Outcome, Payload, Status

_MEGABYTE = 1_000_000


class Documents(Records):
    """The files of the account."""

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Upload files, one request each."""
        return await concurrently(self._upload, batch, self._session.settings.concurrency)

    async def _upload(self, payload: Payload) -> Outcome:
        attachment = payload.attachment
        if attachment is None:
            raise ValueError(f"{self._spec.name}: the attachment is missing")
        try:
            form = create_body(self._spec, payload, self._session)
            name = marked_name(str(form.get("file_name") or attachment.name), payload.mark)
            check_length("file_name", name, constants.TEXT_LENGTH)
            await asyncio.to_thread(_check_file, attachment, self._session.settings.file_megabytes)
        except RefusedValueError as error:
            return outcomes.refused(error)
        stated = {
            "file_name": name,
            "is_shared": str(form.get("is_shared", True)).lower(),
            "targetable_type": str(form["targetable_type"]),
            "targetable_id": str(form["targetable_id"]),
        }
        upload = Upload("file", name, attachment.content_type, attachment.path, stated)
        route = self._spec.routes.create
        result = await self._session.call(route, route.path, upload=upload)
        parent = parent_of(*target_of(self._spec, payload, self._session))
        outcome = outcomes.created(result, self._spec, parent, {})
        if outcome.status is not Status.DONE:
            return outcome
        return Outcome(Status.DONE, outcome.ref, "uploaded", f"sha-256 {attachment.sha256}")


def marked_name(name: str, mark: str) -> str:
    """The file's name with the mark in it, before the ending."""
    path = PurePath(name)
    return name if carries(name, mark) else f"{path.stem} {mark}{path.suffix}"


def _check_file(attachment: Attachment, megabytes: float) -> None:
    """The file must be there, small enough, and the one that was meant.

    Raises:
        RefusedValueError: it is not.
    """
    path = Path(attachment.path)
    try:
        size = path.stat().st_size
        if size > megabytes * _MEGABYTE:
            raise RefusedValueError("file_too_large", "file", f"{size} bytes, {megabytes:g} MB at most")
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise RefusedValueError("file_unreadable", "file", type(error).__name__) from None
    if found != attachment.sha256.lower():
        raise RefusedValueError("file_changed", "file", "its content is not what was recorded")
