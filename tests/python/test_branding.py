"""A partner's look."""

from __future__ import annotations

from typing import Any

import pytest
from api import Api
from covers import covers
from page import Page

LOOK: dict[str, Any] = {
    "brand_name": "Pebble & Sons",
    "logo_url": "https://shop.example/logo.svg",
    "primary_color": "#0D6B54",
    "secondary_color": "#F5F6F3",
    "accent_color": "#aa3300",
}


@covers("getBranding", "updateBranding")
def test_a_look_is_merged_cleared_and_given_to_the_page(gate: dict[str, str], api: Api) -> None:
    changed = api.patch("branding", LOOK).ok()
    assert {name: changed[name].lower() for name in LOOK} == {
        name: value.lower() for name, value in LOOK.items()
    }
    merged = api.patch("branding", {"brand_name": None}).ok()
    assert merged == {**changed, "brand_name": None} == api.get("branding").ok()
    opened = Page.open(gate, api).opened
    assert {name: opened["branding"][name] for name in LOOK} == {name: merged[name] for name in LOOK}
    plain = api.patch("branding", dict.fromkeys(LOOK)).ok()
    assert {plain[name] for name in LOOK} == {None}
    assert api.patch("branding", {}).ok() == plain


@covers("updateBranding")
@pytest.mark.parametrize(
    "fault",
    [
        {"primary_color": "red"},
        {"primary_color": "#12345"},
        {"logo_url": "http://shop.example/logo.svg"},
        {"logo_url": "https://shop.example/" + "x" * 2048},
        {"brand_name": ""},
        {"brand_name": "x" * 61},
        {"brand_name": "Pebble Compliance"},
        {"font": "Comic Sans"},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_a_bad_token_is_named_and_changes_nothing(api: Api, fault: dict[str, Any]) -> None:
    before = api.get("branding").ok()
    answer = api.patch("branding", {"accent_color": "#123456", **fault})
    code = answer.json["code"]
    answer.refused(400, code, f"/{next(iter(fault))}")
    assert api.get("branding").ok() == before
