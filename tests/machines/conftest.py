"""Every Dialogue a test opened must have been read to its end and finally checked."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .dialogue import Dialogue


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """A hook, not a fixture: hypothesis frowns on fixtures that outlive its examples."""
    Dialogue.opened.clear()
    result = yield
    for dialogue in Dialogue.opened:
        dialogue.finish()
    return result
