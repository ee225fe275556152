"""What is true of every answer."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from api import Api
from covers import covers
from document import document
from gateway import PAGE_ORIGIN, Gateway, running
from world import ORDER, new_session


@covers("healthz", "readyz")
def test_it_lives_and_is_ready(gate: dict[str, str]) -> None:
    for path in ("healthz", "readyz"):
        assert requests.get(f"{gate['base_url']}/{path}", timeout=10).status_code == 200


@covers("retrieveOpenApi")
def test_the_document_is_served_to_everybody_and_may_be_kept(gate: dict[str, str]) -> None:
    open_to_all = Api(gate["base_url"])
    answer = open_to_all.get("openapi.json")
    assert answer.ok()["openapi"].startswith("3.1")
    assert len(document(gate["base_url"])["webhooks"]) == 32
    unchanged = {"If-None-Match": answer.headers["ETag"]}
    assert open_to_all.send("GET", "openapi.json", headers=unchanged).status == 304


def test_what_is_not_there_is_json(api: Api) -> None:
    api.get("nothing").refused(404, "route_not_found")
    refused = api.send("PUT", "gate_sessions", {})
    refused.refused(405, "method_not_allowed")
    assert set(refused.headers["Allow"].replace(" ", "").split(",")) >= {"GET", "POST"}


def test_head_and_options_work_everywhere(api: Api) -> None:
    full, head = api.get("gate_sessions"), api.send("HEAD", "gate_sessions")
    assert head.status == 200 and not head.response.content
    assert head.headers["Content-Type"] == full.headers["Content-Type"]
    options = api.send("OPTIONS", "gate_sessions")
    assert options.status == 204 and "POST" in options.headers["Allow"]


def test_the_version_is_echoed_and_another_one_refused(api: Api) -> None:
    version = api.get("gate_sessions").headers["Gate-Version"]
    api.send("GET", "gate_sessions", headers={"Gate-Version": version}).ok()
    other = api.send("GET", "gate_sessions", headers={"Gate-Version": "2020-01-01"})
    assert version in other.refused(400, "version_unknown")["message"]


def test_a_browser_elsewhere_may_call_the_embed_only(gate: dict[str, str], api: Api) -> None:
    page = {"Origin": PAGE_ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = api.send("OPTIONS", "embed/bootstrap", headers=page)
    assert allowed.headers.get("Access-Control-Allow-Origin")
    for path in ("gate_sessions", "customers", "openapi.json"):
        answer = api.send("GET", path, headers=page)
        assert "Access-Control-Allow-Origin" not in answer.headers, answer.story


def test_a_refusal_leaves_the_connection_as_it_was(gate: dict[str, str]) -> None:
    """The key is refused before the body was read; the next request still finds its beginning."""
    nobody = Api(gate["base_url"], "sk_test_" + "0" * 43)
    for _ in range(50):
        nobody.post("gate_sessions", ORDER, key="new").refused(401, "key_unknown")


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_large_answers_are_compressed_when_asked(api: Api, coding: str) -> None:
    for _ in range(3):
        new_session(api)
    plain = api.send("GET", "gate_sessions", headers={"Accept-Encoding": "identity"})
    small = api.send("GET", "gate_sessions", headers={"Accept-Encoding": coding})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == coding


def test_a_body_has_a_size_a_type_and_a_form(api: Api) -> None:
    large = {**ORDER, "metadata": {"note": "x" * 300_000}}
    api.post("gate_sessions", large, key="new").refused(413, "body_too_large")
    headers = {"Content-Type": "text/plain", "Idempotency-Key": "k"}
    api.send("POST", "gate_sessions", ORDER, headers=headers).refused(415, "unsupported_media_type")
    url = f"{api.url}/v1/gate_sessions"
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    for text in ("{", "[]", '"text"', '{"amount":1,"amount":2}'):
        answer = api.session.post(url, data=text, headers=headers, timeout=10)
        assert answer.status_code == 400, answer.text


def test_rate_limits_are_told_and_kept(tmp_path: Path) -> None:
    with running(Gateway(tmp_path, options=["--rate-limit", "5"])) as busy:
        api = Api(busy.url, busy.ready["secret_key"])
        answers = [api.get("gate_sessions") for _ in range(40)]
        for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
            assert answers[0].headers[name].isdigit()
        refused = [answer for answer in answers if answer.status == 429]
        assert refused and answers[0].status == 200
        body = refused[0].refused(429, "rate_limited")
        assert body["type"] == "rate_limit" and int(refused[0].headers["Retry-After"]) >= 1
