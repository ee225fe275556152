"""The table of docs/API.md that says which test shows which operation.

    .venv/bin/python tests/python/operations.py          print it
    .venv/bin/python tests/python/operations.py --write  put it into docs/API.md
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

from covers import COVERED
from document import METHODS
from gateway import ROOT

HERE = Path(__file__).resolve().parent
PAGE = ROOT / "docs/API.md"
BEGIN = "<!-- operations: made by tests/python/operations.py -->"
END = "<!-- /operations -->"
#: The contract's own operations; the others are our additions.
CONTRACT = frozenset(
    """createSession retrieveSession listSessions cancelSession createEmbedToken getBranding
    updateBranding listCountries listCurrencies listAssets getAsset listPaymentMethods
    listPayoutMethods checkEligibility previewQuotes lockQuote retrieveSignedQuote createPayIn
    retrievePayIn createPayOut retrievePayOut listTransactions retrieveTransaction createCustomer
    listCustomers retrieveCustomer updateCustomer deleteCustomer listWebhookDeliveries
    replayWebhookDelivery sendWebhookTest""".split()
)


def described() -> dict[str, str]:
    """operationId -> method and path, from the committed document."""
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    return {
        spec["operationId"]: f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, spec in item.items()
        if method in METHODS
    }


def load_tests() -> None:
    for file in sorted(HERE.glob("test_*.py")):
        importlib.import_module(file.stem)


def table() -> str:
    load_tests()
    lines = ["| operation | request | shown by `tests/python/` |", "| --- | --- | --- |"]
    order = sorted(described().items(), key=lambda item: (item[0] not in CONTRACT, item[1].split()[::-1]))
    for name, request in order:
        tests = ", ".join(f"`{test}`" for test in COVERED.get(name, [])[:2])
        added = "" if name in CONTRACT else " (added)"
        lines.append(f"| `{name}`{added} | `{request}` | {tests} |")
    return "\n".join(lines)


def on_page(page: str) -> str | None:
    found = re.search(f"{re.escape(BEGIN)}\n(.*?)\n{re.escape(END)}", page, re.DOTALL)
    return found and found.group(1)


def main() -> None:
    if sys.argv[1:] != ["--write"]:
        print(table())
        return
    page = PAGE.read_text()
    old = on_page(page)
    assert old is not None, f"docs/API.md has no place for the table: {BEGIN} … {END}"
    PAGE.write_text(page.replace(f"{BEGIN}\n{old}\n{END}", f"{BEGIN}\n{table()}\n{END}"))


if __name__ == "__main__":
    main()
