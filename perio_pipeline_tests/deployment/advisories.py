"""Asks what is known against locked packages, and says so plainly where nobody could be asked.

Called with the path of pip-audit and the lock files. Ends with 0 where nothing is known, 1 where something is, 2 where
packages could not be asked about, so that nothing is known of them at all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

UNREACHED = ("ConnectionError", "ServiceError", "Max retries", "Could not connect", "SSLError", "HTTPError", "Timeout")
UNKNOWN = "could not be audited"


def main(program: str, locks: Sequence[str]) -> int:
    """Audit each lock file; returns the exit code."""
    worst = 0
    for lock in locks:
        command = [program, "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--requirement", lock]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        if done.returncode and any(word in said for word in UNREACHED):
            print(f"{lock}: NOT AUDITED: the advisory service could not be reached. This says nothing of the packages.")
            worst = 2
            continue
        skipped = said.count(UNKNOWN)
        lines = [line for line in said.splitlines() if UNKNOWN not in line]
        print("\n".join([f"{lock}:", *lines]))
        if skipped:
            print(f"{lock}: NOT AUDITED: {skipped} packages, of which the advisory service told nothing.")
        worst = max(worst, done.returncode, 2 if skipped else 0)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
