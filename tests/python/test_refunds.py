"""Completed payments that go back: whole, in parts, once for each key, and never more than was paid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from api import Api
from covers import covers
from world import completed_session, new_session, wait_until


def bought(api: Api) -> str:
    """The refid of a purchase that is done."""
    session = completed_session(api)
    return api.get("transactions", session_id=session["id"]).ok()["data"][0]["refid"]


def ended(api: Api, refund: dict[str, Any]) -> dict[str, Any]:
    return wait_until(
        lambda: api.get(f"refunds/{refund['id']}").ok(), lambda row: row["status"] != "pending"
    )


@covers("createRefund", "retrieveRefund", "listRefunds")
def test_a_payment_goes_back_in_parts_and_never_more(api: Api) -> None:
    refid = bought(api)
    paid = Decimal(api.get(f"transactions/{refid}").ok()["fiat_amount"])
    path = f"transactions/{refid}/refunds"
    part = api.post(path, {"amount": "40.00"}, key="new").ok(201)
    assert part["refid"] == refid and part["amount"] == "40.00"
    assert ended(api, part)["status"] == "succeeded"
    too_much = api.post(path, {"amount": str(paid)}, key="new")
    too_much.refused(409, "refund_too_large", "/amount")
    left = too_much.json["reason"]["remaining"].split()[0]
    rest = api.post(path, {}, key="new").ok(201)
    assert rest["amount"] == left
    assert ended(api, rest)["status"] == "succeeded"
    assert Decimal(left) + 40 + Decimal(rest["fees_kept"]) == paid
    api.post(path, {}, key="new").refused(409, "nothing_to_refund")
    listed = api.get(path).ok()["data"]
    assert [row["id"] for row in listed] == [rest["id"], part["id"]]
    assert api.get(f"transactions/{refid}").ok()["status"] == "completed"
    told = [
        event["type"]
        for event in api.get("events", limit=100).ok()["data"]
        if event["type"].startswith("refund.") and event["data"]["refid"] == refid
    ]
    assert sorted(told) == ["refund.created"] * 2 + ["refund.succeeded"] * 2


@covers("createRefund")
def test_one_key_makes_one_refund(api: Api) -> None:
    refid = bought(api)
    path, key = f"transactions/{refid}/refunds", f"refund {refid}"
    first = api.post(path, {"amount": "5.00"}, key=key).ok(201)
    assert api.post(path, {"amount": "5.00"}, key=key).ok(201) == first
    api.post(path, {"amount": "6.00"}, key=key).refused(409, "idempotency_key_reused")
    api.post(path, {"amount": "6.00"}).refused(400, "idempotency_key_required")
    assert len(api.get(path).ok()["data"]) == 1


@covers("createRefund")
def test_what_is_not_completed_is_not_refunded(api: Api) -> None:
    session = new_session(api)
    api.post(f"test_helpers/gate_sessions/{session['id']}/fail").ok()
    found = api.get("transactions", session_id=session["id"]).ok()["data"]
    for row in found:
        answer = api.post(f"transactions/{row['refid']}/refunds", {}, key="new")
        answer.refused(409, "transaction_not_completed")
    refid = bought(api)
    for amount in ("0", "-1", "1.001", "ten"):
        answer = api.post(f"transactions/{refid}/refunds", {"amount": amount}, key="new")
        answer.refused(400, "amount_invalid", "/amount")
