"""Facts of HighLevel's published API that more than one module needs."""

from __future__ import annotations

API_VERSION = "2021-07-28"
CALENDAR_VERSION = "2021-04-15"
USER_AGENT = "perio-pipeline/0.1 (practice migration)"

REQUESTS_PER_WINDOW = 100
WINDOW_SECONDS = 10.0
REQUESTS_PER_DAY = 200_000
DAY_SECONDS = 86_400.0
DAILY_RESERVE = 1_000
REMAINING_HEADER = "x-ratelimit-remaining"
DAILY_HEADER = "x-ratelimit-daily-remaining"

PAGE = 100
"""Records per page of the lists that have pages."""
SEARCH_PAGE = 500
"""Contacts per page of a search, the most that it gives."""
LINKS_PER_REQUEST = 50
FILE_BYTES = 50_000_000
"""The largest file that a contact's file field takes (API facts, section 8: POST /forms/upload-custom-files)."""
FILES_PER_FIELD = 5
"""Files that a file field is made for: the current one, and earlier versions until they are taken out."""

COMPANIES = "companies"
CONTACTS = "contacts"
COMPANY_LINKS = "company_links"
OPPORTUNITIES = "opportunities"
TASKS = "tasks"
APPOINTMENTS = "appointments"
NOTES = "notes"
YEARLY_NOTES = "yearly_notes"
CHARTS = "charts"
