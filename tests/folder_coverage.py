"""Print the coverage of lines of each folder, from the report that `coverage json` writes.

    python -m tests.folder_coverage coverage.json

The exit status is 1 if a folder is below `LEAST_PERCENT`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

LEAST_PERCENT = 90.0


def folder_of(file: str) -> str:
    """The folder that a file counts to. `tornchat/server` has one more level than the others."""
    parts = PurePosixPath(file).parts
    depth = 3 if parts[:2] == ("tornchat", "server") else 2
    return "/".join(parts[: min(depth, len(parts) - 1)])


def table(report: Path) -> list[tuple[str, int, float]]:
    """Rows of (folder, lines, percent covered), by name."""
    covered: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for file, found in json.loads(report.read_text())["files"].items():
        covered[folder_of(file)] += found["summary"]["covered_lines"]
        lines[folder_of(file)] += found["summary"]["num_statements"]
    return [(name, lines[name], 100.0 * covered[name] / max(1, lines[name])) for name in sorted(lines)]


def main(report: str) -> int:
    """Print the table and give the exit status."""
    rows = table(Path(report))
    for name, lines, percent in rows:
        print(f"{name:<28}{lines:>7}{percent:>8.1f} %")
    below = [name for name, _, percent in rows if percent < LEAST_PERCENT]
    if below:
        print(f"Below {LEAST_PERCENT:g} %: {', '.join(below)}. Add tests of what these folders do.")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
