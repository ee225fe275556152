"""Every operation has a test, and docs/API.md names it."""

from __future__ import annotations

from covers import COVERED
from document import operations
from gateway import Gateway
from operations import CONTRACT, PAGE, described, load_tests, on_page, table


def test_every_operation_has_a_test(gateway: Gateway) -> None:
    load_tests()
    served = {operation.name for operation in operations(gateway.url)}
    assert not served - COVERED.keys(), "operations without a test"
    assert not COVERED.keys() - served, "tests of operations that are not served"


def test_the_contract_is_served_whole() -> None:
    assert len(CONTRACT) == 31
    assert not CONTRACT - described().keys()


def test_the_page_names_the_tests() -> None:
    page = PAGE.read_text()
    assert on_page(page) == table(), "run .venv/bin/python tests/python/operations.py --write"
