"""Which test shows which operation: said at the test, printed in docs/API.md, and checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

#: operationId -> the tests, in the order of their files.
COVERED: dict[str, list[str]] = {}


def covers(*operations: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """This test shows that these operations (by their operationId) do what they promise."""

    def mark(test: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{Path(test.__code__.co_filename).name}::{test.__name__}"
        for operation in operations:
            tests = COVERED.setdefault(operation, [])
            if name not in tests:
                tests.append(name)
        return test

    return mark
