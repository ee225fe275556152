"""A partner's own records of its customers."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from api import Api
from covers import covers


def person(**changes: Any) -> dict[str, Any]:
    mark = uuid.uuid4().hex
    return {"email": f"ada.{mark}@example.com", "external_id": f"crm:{mark}", **changes}


@covers("createCustomer", "retrieveCustomer")
def test_what_was_created_is_read_back(api: Api) -> None:
    sent = person(
        phone="+442071838750",
        country_code="gb",
        first_name="Ada",
        last_name="Lovelace",
        metadata={"tier": "gold"},
    )
    made = api.post("customers", sent, key="new").ok(201)
    assert made["object"] == "customer" and made["kyc_status"] == "unverified"
    kept = ("email", "external_id", "phone", "first_name", "last_name", "metadata")
    assert {name: made[name] for name in kept} == {name: sent[name] for name in kept}
    assert made["country_code"].upper() == "GB"
    assert api.get(f"customers/{made['id']}").ok() == made
    bare = api.post("customers", {"email": person()["email"]}).ok(201)
    assert bare["external_id"] is None and bare["metadata"] == {}


@covers("createCustomer")
@pytest.mark.parametrize(
    "fault",
    [
        {"email": "ada"},
        {"email": None},
        {"external_id": "a b"},
        {"external_id": "x" * 201},
        {"phone": "020 7183 8750"},
        {"country_code": "GBR"},
        {"first_name": "x" * 129},
        {"metadata": []},
        {"kyc_status": "verified"},
        {"mode": "live"},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_a_bad_field_is_named(api: Api, fault: dict[str, Any]) -> None:
    answer = api.post("customers", person(**fault))
    answer.refused(400, answer.json["code"], f"/{next(iter(fault))}")


@covers("createCustomer")
def test_an_address_and_an_external_id_belong_to_one(api: Api) -> None:
    first = person()
    api.post("customers", first).ok(201)
    for twin in (
        person(email=first["email"].upper()),
        person(external_id=first["external_id"]),
    ):
        api.post("customers", twin).refused(409, "customer_already_exists")


@covers("createCustomer")
def test_a_create_is_repeatable_with_a_key(api: Api) -> None:
    key, sent = str(uuid.uuid4()), person()
    first = api.post("customers", sent, key=key)
    again = api.post("customers", sent, key=key)
    assert first.ok(201) == again.ok(201) and again.headers["Idempotent-Replayed"] == "true"
    api.post("customers", person(), key=key).refused(409, "idempotency_key_reused")


@covers("updateCustomer")
def test_some_fields_change_and_null_clears(api: Api) -> None:
    made = api.post("customers", person(first_name="Ada", country_code="GB")).ok(201)
    path = f"customers/{made['id']}"
    changed = api.patch(path, {"first_name": None, "last_name": "King"}).ok()
    expected = {**made, "first_name": None, "last_name": "King"}
    expected["updated_at"] = changed["updated_at"]
    assert changed == expected == api.get(path).ok()
    for fault in ("email", "external_id", "phone", "mode", "kyc_status", "colour"):
        answer = api.patch(path, {fault: made.get(fault) or "x"})
        answer.refused(400, answer.json["code"], f"/{fault}")
    api.patch("customers/cus_test_" + "0" * 26, {}).refused(404, "not_found")


@covers("listCustomers")
def test_customers_are_found_by_what_the_partner_knows(api: Api) -> None:
    sent = person()
    made = api.post("customers", sent).ok(201)
    for name, value in (("email", sent["email"].upper()), ("external_id", sent["external_id"])):
        assert [row["id"] for row in api.get("customers", **{name: value}).ok()["data"]] == [
            made["id"]
        ]
    newest = api.get("customers", limit=1).ok()
    assert newest["data"][0]["id"] == made["id"] and newest["url"] == "/v1/customers"
    older = api.get("customers", limit=1, starting_after=made["id"]).ok()["data"]
    assert older and older[0]["id"] < made["id"]
    api.get("customers", limit=101).refused(400, "field_range", "limit")


@covers("deleteCustomer", "retrieveCustomer", "listCustomers", "createCustomer")
def test_a_deleted_customer_is_gone_and_its_names_stay_taken(api: Api) -> None:
    sent = person()
    made = api.post("customers", sent).ok(201)
    path = f"customers/{made['id']}"
    marker = api.delete(path).ok()
    assert marker == {
        "id": made["id"],
        "object": "customer",
        "deleted": True,
        "deleted_at": marker["deleted_at"],
    }
    assert api.delete(path).ok() == marker
    api.get(path).refused(404, "not_found")
    api.patch(path, {}).refused(404, "not_found")
    assert api.get("customers", email=sent["email"]).ok()["data"] == []
    api.post("customers", person(email=sent["email"])).refused(409, "customer_already_exists")
    api.delete("customers/cus_test_" + "0" * 26).refused(404, "not_found")
