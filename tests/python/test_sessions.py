"""Sessions over plain HTTP."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from api import Api
from covers import covers
from gateway import PAGE_ORIGIN, Gateway
from world import ORDER, WALLET, completed_session, new_partner, new_session, wait_until


@covers("createSession", "retrieveSession")
def test_what_was_created_is_read_back_without_its_secret(api: Api) -> None:
    sent = {
        **ORDER,
        "cancel_url": f"{PAGE_ORIGIN}/basket",
        "target_token": "USDC",
        "target_network": "BASE",
        "flow": "on_ramp",
        "wallet_address": WALLET,
        "user_reference": "user-81723",
        "expires_in": 3600,
    }
    created = api.post("gate_sessions", sent, key="new").ok(201)
    assert created["client_secret"].startswith(f"gsec_{created['id']}_")
    assert created["object"] == "gate_session" and created["mode"] == "test"
    kept = ("amount", "currency", "return_url", "cancel_url", "flow", "user_reference", "metadata")
    assert {name: created[name] for name in kept} == {name: sent[name] for name in kept}
    assert created["target_network"] == "base"
    assert created["progress"]["phase"] == "created"
    read = api.get(f"gate_sessions/{created['id']}").ok()
    assert read == {name: value for name, value in created.items() if name != "client_secret"}


@covers("createSession")
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"amount": "-1"}, "amount_invalid"),
        ({"amount": 100}, "field_type"),
        ({"amount": None}, "field_required"),
        ({"currency": "XTS"}, "currency_not_supported"),
        ({"return_url": "https://elsewhere.example/done"}, "url_not_allowed"),
        ({"return_url": "ftp://shop.example"}, "url_invalid"),
        ({"target_token": "NOPE"}, "asset_not_available"),
        ({"wallet_address": "0x12"}, "invalid_wallet_address"),
        ({"user_reference": "ada@example.com"}, "user_reference_not_opaque"),
        ({"metadata": {"deep": {"er": 1}}}, "metadata_invalid"),
        ({"expires_in": 10}, "field_range"),
        ({"colour": "green"}, "field_unknown"),
    ],
    ids=str,
)
def test_a_bad_field_is_named(api: Api, fault: dict[str, Any], code: str) -> None:
    answer = api.post("gate_sessions", {**ORDER, **fault}, key="new")
    answer.refused(400, code, f"/{next(iter(fault))}")


@covers("createSession")
def test_all_problems_are_told_at_once(api: Api) -> None:
    bad = {**ORDER, "amount": "x", "return_url": "y", "colour": "green"}
    problems = api.post("gate_sessions", bad, key="new").refused(400, "amount_invalid")["errors"]
    assert {problem["param"] for problem in problems} == {"/amount", "/return_url", "/colour"}


@covers("createSession")
def test_a_swap_and_a_kyc_package_need_an_agreement(gateway: Gateway) -> None:
    plain = Api(gateway.url, new_partner(gateway, "Plain"))
    for extra in ({"flow": "swap"}, {"kyc_package": {"level": "full"}}):
        answer = plain.post("gate_sessions", {**ORDER, **extra}, key="new")
        assert answer.refused(403, "entitlement_required")["type"] == "permission_error"


@covers("createSession")
def test_a_create_needs_a_key_and_a_key_belongs_to_one_body(api: Api) -> None:
    api.post("gate_sessions", ORDER).refused(400, "idempotency_key_required")
    api.post("gate_sessions", ORDER, key="k" * 256).refused(400, "idempotency_key_invalid")
    key = str(uuid.uuid4())
    first = api.post("gate_sessions", ORDER, key=key)
    again = api.post("gate_sessions", ORDER, key=key)
    assert again.response.content == first.response.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.post("gate_sessions", {**ORDER, "amount": "70.00"}, key=key)
    assert other.refused(409, "idempotency_key_reused")["type"] == "idempotency_error"


@covers("createSession", "listSessions")
def test_a_client_reference_makes_one_session(api: Api) -> None:
    reference = f"order-{uuid.uuid4()}"
    body = {**ORDER, "client_reference_id": reference}
    first = api.post("gate_sessions", body, key="new").ok(201)
    again = api.post("gate_sessions", body, key="new")
    assert again.ok(201)["id"] == first["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    other = api.post("gate_sessions", {**body, "amount": "70.00"}, key="new")
    other.refused(409, "client_reference_id_in_use")
    rows = api.get("gate_sessions", client_reference_id=reference).ok()["data"]
    assert [row["id"] for row in rows] == [first["id"]]
    assert api.get("gate_sessions", client_reference_id="nobody's").ok()["data"] == []


@covers("listSessions")
def test_pages_go_from_new_to_old_without_gaps(api: Api) -> None:
    made = [new_session(api)["id"] for _ in range(5)]
    page = api.get("gate_sessions", limit=2).ok()
    assert page["object"] == "list" and page["url"] == "/v1/gate_sessions" and page["has_more"]
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while len(seen) < 5:
        new_session(api)  # rows that are added meanwhile move nothing
        page = api.get("gate_sessions", limit=2, **cursor).ok()
        seen += [row["id"] for row in page["data"] if row["id"] in made]
        cursor = {"starting_after": page["data"][-1]["id"]}
        made_before = [row["id"] for row in page["data"] if row["id"] not in made]
        assert seen or made_before
    assert seen == made[::-1]


@covers("listSessions")
def test_a_list_holds_one_status_when_asked(api: Api) -> None:
    cancelled = new_session(api)["id"]
    api.post(f"gate_sessions/{cancelled}/cancel").ok(201)
    rows = api.get("gate_sessions", status="cancelled", limit=100).ok()["data"]
    assert cancelled in [row["id"] for row in rows]
    assert {row["status"] for row in rows} == {"cancelled"}


@covers("listSessions")
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("limit", "0", "field_range"),
        ("limit", "101", "field_range"),
        ("limit", "ten", "field_range"),
        ("status", "done", "field_range"),
        ("starting_after", "nothing", "cursor_invalid"),
        ("colour", "green", "field_unknown"),
    ],
)
def test_a_bad_parameter_is_named(api: Api, name: str, value: str, code: str) -> None:
    api.get("gate_sessions", **{name: value}).refused(400, code, name)


@covers("cancelSession")
def test_a_session_is_cancelled_once(api: Api) -> None:
    session = new_session(api)["id"]
    assert api.post(f"gate_sessions/{session}/cancel").ok(201)["status"] == "cancelled"
    api.post(f"gate_sessions/{session}/cancel").refused(409, "session_not_open")
    api.post("gate_sessions/gs_test_00000000000000000000000000/cancel").refused(404, "not_found")
    api.post(f"gate_sessions/{session}/cancel", {"why": 1}).refused(400, "field_unknown")


@covers("retrieveSession")
def test_no_session_is_no_session(api: Api) -> None:
    for id in ("gs_test_00000000000000000000000000", "nonsense", "gs_test_%FF", "../healthz"):
        assert api.get(f"gate_sessions/{id}").status == 404


@covers("completeSession", "failSession", "expireSession")
def test_an_outcome_is_forced_in_the_sandbox(api: Api) -> None:
    done = completed_session(api)
    assert done["progress"]["phase"] == "settled"
    failed = new_session(api)["id"]
    api.post(f"test_helpers/gate_sessions/{failed}/fail").ok()
    seen = wait_until(
        lambda: api.get(f"gate_sessions/{failed}").ok(),
        lambda session: session["progress"]["phase"] == "failed",
    )
    assert seen["status"] == "open" and seen["progress"]["reason"]["code"]
    expired = new_session(api)["id"]
    assert api.post(f"test_helpers/gate_sessions/{expired}/expire").ok()["status"] == "expired"
    for id, helper in ((done["id"], "expire"), (expired, "complete"), (expired, "fail")):
        api.post(f"test_helpers/gate_sessions/{id}/{helper}").refused(409, "session_not_open")


@covers("advanceTime")
def test_time_moves_for_one_session(api: Api) -> None:
    session, other = new_session(api, expires_in=3600), new_session(api, expires_in=3600)
    helper = f"test_helpers/gate_sessions/{session['id']}/advance_time"
    api.post(helper, {"seconds": 0}).refused(400, "field_range", "/seconds")
    moved = api.post(helper, {"seconds": 3601}).ok()
    assert moved["created_at"] == session["created_at"]
    wait_until(
        lambda: api.get(f"gate_sessions/{session['id']}").ok(),
        lambda session: session["status"] == "expired",
    )
    assert api.get(f"gate_sessions/{other['id']}").ok()["status"] == "open"
