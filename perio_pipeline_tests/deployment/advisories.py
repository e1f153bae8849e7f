"""Asks what is known against locked packages, and says so plainly where nobody could be asked.

`python -m perio_pipeline_tests.deployment.advisories PIP_AUDIT LOCK...`: exit code 0 nothing known, 1 something is, 2 the
advisory service could not be asked, so that nothing is known of the packages at all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

UNREACHED = ("ConnectionError", "ServiceError", "Max retries", "Could not connect", "SSLError", "HTTPError", "Timeout")


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
        else:
            print(f"{lock}:\n{said.strip()}")
            worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
