"""Shares one durable commit between requests that run at the same time, so that the journal is not the bottleneck."""

from __future__ import annotations

import asyncio

from perio_pipeline.loading.entries import Item, RunInfo, Scope
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.merging import Written, written_records
from perio_pipeline.loading.values import EarlierUpdate


class JournalWriter:
    """Appends to the journal from many coroutines; each waits until its own rows are durable."""

    def __init__(self, journal: Journal, scope: Scope, run: RunInfo) -> None:
        self._journal, self._scope, self._run = journal, scope, run
        self._pending: list[tuple[list[Item], asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def append(self, items: list[Item]) -> None:
        """Write intents, results or readings and return when they are durable."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((items, written))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await written

    def last_intent(self, source_key: str) -> EarlierUpdate | None:
        """Return the latest update of a record that was begun, with what it was to replace."""
        entry = self._journal.last_intent(self._scope, source_key)
        payload, before = (self._journal.payload(entry), self._journal.values_before(entry)) if entry else (None, None)
        return EarlierUpdate(payload, before) if payload is not None and before is not None else None

    def written(self, source_key: str) -> Written:
        """Return what we wrote to a record before, and what became of it in the CRM."""
        entries = self._journal.record_entries(self._scope, source_key)
        return written_records(entries, self._journal).get(source_key, Written())

    async def _flush(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            items = [item for part, _ in batch for item in part]
            try:
                await asyncio.to_thread(self._journal.append, self._scope, self._run, items)
            except Exception as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
            else:
                for _, written in batch:
                    if not written.done():
                        written.set_result(None)
