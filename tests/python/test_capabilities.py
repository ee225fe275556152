"""What is on offer."""

from __future__ import annotations

from typing import Any

import pytest
from api import Api
from covers import covers


def rows(api: Api, name: str, **params: Any) -> list[dict[str, Any]]:
    found = api.get(f"capabilities/{name}", **params).ok()
    assert found["object"] == "list" and found["has_more"] is False
    assert found["url"] == f"/v1/capabilities/{name}"
    return found["data"]


@covers("listCountries")
def test_countries(api: Api) -> None:
    every = rows(api, "countries")
    assert len(every) > 150
    assert rows(api, "countries", country_code="de") == [
        row for row in every if row["country_code"] == "DE"
    ]
    supported = rows(api, "countries", supported="true")
    assert supported == [row for row in every if row["supported"]]
    assert rows(api, "countries", country_code="ZZ") == []
    api.get("capabilities/countries", supported="maybe").refused(400, "field_range", "supported")


@covers("listCurrencies")
def test_currencies(api: Api) -> None:
    assert {"EUR", "GBP", "USD"} <= {row["code"] for row in rows(api, "currencies")}
    assert [row["code"] for row in rows(api, "currencies", country_code="gb")] == ["GBP"]
    assert rows(api, "currencies", country_code="KP") == []
    assert rows(api, "currencies", country_code="ZZ") == []


@covers("listCurrencies", "listPaymentMethods")
def test_the_region_of_the_caller_counts_where_none_is_named(api: Api) -> None:
    near = {"cf-ipcountry": "GB"}
    found = api.send("GET", "capabilities/currencies", headers=near).ok()["data"]
    assert [row["code"] for row in found] == ["GBP"]
    found = api.send("GET", "capabilities/payment-methods", headers=near).ok()["data"]
    assert {row["currency"] for row in found} == {"GBP"}
    named = {"country_code": "DE"}
    found = api.send("GET", "capabilities/currencies", headers=near, params=named).ok()["data"]
    assert [row["code"] for row in found] == ["EUR"]


@covers("listAssets")
def test_assets(api: Api) -> None:
    every = rows(api, "assets")
    usdc = next(row for row in every if row["symbol"] == "USDC")
    assert usdc["active"] and "base" in {network["chain"] for network in usdc["networks"]}
    assert rows(api, "assets", country_code="KP") == []
    api.get("capabilities/assets", side="swap").refused(400, "field_range", "side")


@covers("getAsset")
def test_an_asset(api: Api) -> None:
    found = api.get("capabilities/assets/usdc", currency="EUR").ok()
    assert found["symbol"] == "USDC" and found["currency"] == "EUR"
    for path, params in (
        ("capabilities/assets/NOPE", {}),
        ("capabilities/assets/USDC", {"country_code": "KP"}),
    ):
        api.get(path, **params).refused(404, "not_found")


@covers("listPaymentMethods", "listPayoutMethods")
@pytest.mark.parametrize("name", ["payment-methods", "payout-methods"])
def test_methods(api: Api, name: str) -> None:
    euro = rows(api, name, currency="eur")
    assert euro and {"id", "name"} <= set(euro[0])
    assert rows(api, name, country_code="DE")
    assert rows(api, name) == []
    assert rows(api, name, currency="XTS") == []
    api.get(f"capabilities/{name}", colour="green").refused(400, "field_unknown", "colour")


@covers("checkEligibility")
def test_eligibility(api: Api) -> None:
    def ask(**params: str) -> Any:
        return api.get("capabilities/eligibility", **params).ok()

    yes = ask(country_code="DE", currency="EUR", asset="USDC")
    assert yes["eligible"] is True and yes["unavailable_reason"] is None
    for no in (ask(country_code="KP"), ask(), ask(country_code="DE", asset="NOPE")):
        assert no["eligible"] is False and no["unavailable_reason"] and no["geo_source"]
