"""Who the user is: an address that they read, details of themselves, and a verdict."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from api import Api
from covers import covers
from page import Page
from world import wait_until

PERSON = {
    "given_name": "Jane",
    "family_name": "Miller",
    "birth_date": "1990-05-17",
    "country": "DE",
}


def address() -> str:
    return f"jane.{uuid.uuid4().hex}@example.com"


def asked(gate: dict[str, str], api: Api, level: str = "basic") -> Page:
    """A page whose user has to show who they are."""
    page = Page.open(gate, api)
    helper = f"test_helpers/gate_sessions/{page.session['id']}/require_kyc"
    api.post(helper, {"level": level}).ok()
    return page


def newest(api: Api, email: str) -> Any:
    return api.get(f"test_helpers/mails?to={email}").ok()["data"][0]


def show(page: Page, api: Api, email: str) -> Any:
    """Name the address and type the code that was sent there. Answers the step after it."""
    page.post("identity/email", {"email": email}).ok()
    code = newest(api, email)["code"]
    return page.post("identity/code", {"code": code}).ok()["step"]


def after_checking(page: Page) -> Any:
    def step() -> Any:
        return page.journey()["step"]

    return wait_until(step, lambda step: step.get("stage") != "checking")


@covers("sendIdentityCode", "confirmIdentityCode", "giveIdentityDetails", "listMails")
def test_whoever_has_passed_is_known_again(gate: dict[str, str], api: Api) -> None:
    page, email = asked(gate, api), address()
    step = page.journey()["step"]
    assert (step["kind"], step["stage"], step["email"], step["asks"]) == (
        "identity",
        "email",
        None,
        [],
    )
    assert {person["family_name"] for person in step["test_people"]} >= {"Reject", "Slow"}
    sent = page.post("identity/email", {"email": email}).ok()["step"]
    assert (sent["stage"], sent["email"]) == ("code", "j•••@example.com")
    mail = newest(api, email)
    assert (mail["object"], mail["to"]) == ("mail", email)
    assert mail["code"] in mail["text"] and len(mail["code"]) == 6
    known = page.post("identity/code", {"code": mail["code"]}).ok()["step"]
    assert (known["stage"], known["asks"]) == ("details", ["name", "birth_date", "country"])
    checking = page.post("identity/details", PERSON).ok()["step"]
    assert checking["stage"] == "checking"
    assert after_checking(page)["kind"] == "amount"

    again = asked(gate, api)
    assert show(again, api, email.upper())["kind"] == "amount", "nothing more is asked"
    more = asked(gate, api, "enhanced")
    assert show(more, api, email)["asks"] == ["document", "source_of_funds"]
    papers = {
        "document": {"type": "passport", "number": "C01X00T47"},
        "source_of_funds": "salary",
    }
    more.post("identity/details", papers).ok()
    assert after_checking(more)["kind"] == "amount"
    told = api.get("events?limit=100&after=0").ok()["data"]
    assert email not in str(told) and "Miller" not in str(told), "partners are told none of it"


@covers("confirmIdentityCode")
def test_a_code_is_tried_five_times(gate: dict[str, str], api: Api) -> None:
    page, email = asked(gate, api), address()
    page.post("identity/email", {"email": email}).ok()
    code = newest(api, email)["code"]
    wrong = {"code": "111111" if code != "111111" else "222222"}
    for left in ("4 more times", "3 more times", "2 more times", "once more", "new one"):
        answer = page.post("identity/code", wrong).refused(400, "identity_code_wrong", "/code")
        assert left in answer["message"]
    late = page.post("identity/code", {"code": code})
    late.refused(400, "identity_code_expired", "/code")
    for bad in ("12345", "1234567", "12345a", ""):
        assert page.post("identity/code", {"code": bad}).status == 400


@covers("sendIdentityCode")
def test_codes_are_sent_so_often_and_no_more(gate: dict[str, str], api: Api) -> None:
    page, email = asked(gate, api), address()
    for _ in range(3):
        page.post("identity/email", {"email": email}).ok()
    limited = page.post("identity/email", {"email": email})
    limited.refused(429, "identity_codes_limited")
    assert 0 < int(limited.headers["Retry-After"]) <= 600
    page.post("identity/email", {"email": "jane"}).refused(400, "email_invalid", "/email")
    helper = f"test_helpers/gate_sessions/{page.session['id']}/advance_time"
    api.post(helper, {"seconds": 600}).ok()
    page.post("identity/email", {"email": email}).ok()


@covers("giveIdentityDetails")
@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"birth_date": "2020-01-01"}, "user_too_young", "/birth_date"),
        ({"birth_date": "2990-01-01"}, "birth_date_invalid", "/birth_date"),
        ({"birth_date": "1990-02-30"}, "birth_date_invalid", "/birth_date"),
        ({"family_name": None}, "field_required", "/family_name"),
        ({"family_name": "   "}, "field_length", "/family_name"),
        ({"given_name": "Ja\u200bne"}, "invalid_text", "/given_name"),
        ({"family_name": "Mill\u0435r"}, "invalid_text", "/family_name"),
        ({"document": {"type": "passport", "number": "1\xad2"}}, "invalid_text", "/document/number"),
        ({"country": "Germany"}, "country_code_invalid", "/country"),
        ({"country": "KP"}, "country_not_supported", "/country"),
        ({"document": {"type": "library_card", "number": "1"}}, "field_range", "/document/type"),
        ({"document": {"type": "passport"}}, "field_required", "/document/number"),
        ({"source_of_funds": "luck"}, "field_range", "/source_of_funds"),
        ({"shoe_size": "42"}, "field_unknown", "/shoe_size"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_bad_detail_is_named(
    gate: dict[str, str], api: Api, change: dict[str, Any], code: str, param: str
) -> None:
    page = asked(gate, api)
    show(page, api, address())
    page.post("identity/details", {**PERSON, **change}).refused(400, code, param)
    assert page.journey()["step"]["stage"] == "details"


@covers("giveIdentityDetails")
@pytest.mark.parametrize(
    ("family_name", "shown"),
    [
        ("Reject", {"stage": "details", "rejected": True, "problem": None}),
        ("Again", {"stage": "details", "rejected": False}),
        ("Lost", {"kind": "amount"}),
    ],
)
def test_the_family_name_decides(
    gate: dict[str, str], api: Api, family_name: str, shown: dict[str, Any]
) -> None:
    page = asked(gate, api)
    show(page, api, address())
    page.post("identity/details", {**PERSON, "family_name": family_name}).ok()
    step = after_checking(page)
    assert {name: step[name] for name in shown} == shown
    if family_name == "Again":
        assert step["problem"].startswith("Your name could not be confirmed.")


@covers("sendIdentityCode", "confirmIdentityCode", "giveIdentityDetails")
def test_nothing_of_it_outside_of_its_step(gate: dict[str, str], api: Api) -> None:
    page = Page.open(gate, api)
    for path, body in (
        ("email", {"email": address()}),
        ("code", {"code": "123456"}),
        ("details", PERSON),
    ):
        page.post(f"identity/{path}", body).refused(409, "journey_out_of_step")


@covers("listMails")
def test_a_mailbox_is_its_partners_own(gate: dict[str, str], api: Api, stranger: Api) -> None:
    page, email = asked(gate, api), address()
    for _ in range(2):
        page.post("identity/email", {"email": email}).ok()
    first, second = api.get(f"test_helpers/mails?to={email}").ok()["data"]
    assert first["id"] > second["id"], "the newest first"
    one = api.get(f"test_helpers/mails?to={email.upper()}&limit=1").ok()
    assert one["has_more"] and [mail["id"] for mail in one["data"]] == [first["id"]]
    rest = api.get(f"test_helpers/mails?to={email}&starting_after={first['id']}").ok()
    assert [mail["id"] for mail in rest["data"]] == [second["id"]]
    assert stranger.get(f"test_helpers/mails?to={email}").ok()["data"] == []
    assert api.get("test_helpers/mails?to=nobody").ok()["data"] == []
