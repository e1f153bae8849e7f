"""What the API facts leave open, as a table: statement → how the sandbox plays it → what the adapter is told → a test.

Sections are those of `reference/freshsales-api.md`; P marks a probe of its section 18. The cases stand in `writing`,
`reading` and `account`; `table` holds them together and says which positions they must cover.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in ("cases", "writing", "reading", "account")))
