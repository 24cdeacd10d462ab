"""``python -m tests.bench [SESSIONS [ROUNDS]]``: the whole table; 10,000 sessions by default."""

from __future__ import annotations

import sys

from tests.bench.table import ROUNDS, report


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:]]
    sessions = numbers[0] if numbers else 10_000
    for line in report(sessions, numbers[1] if len(numbers) > 1 else ROUNDS):
        print(line, flush=True)


main()
