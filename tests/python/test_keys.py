"""The sweep: every operation of the served document without a key, with another partner's key, with
the other mode's key and with a publishable key. What is not yours answers exactly like what does not
exist, and takes as long."""

from __future__ import annotations

from typing import Any

import pytest
from api import Answer, Api
from document import Operation, operations
from gateway import Gateway
from timing import bias
from world import World, owner_of

ABSENT_TAIL = "0" * 26
#: How many answers of each kind one comparison takes, and how far from a coin's toss it may be.
SAMPLES = 200
BIAS_MAX = 0.1
#: A busy machine may spoil a comparison; a leak spoils all of them.
COMPARISONS = 5

Everything = list[Operation]


@pytest.fixture(scope="module")
def swept(gateway: Gateway) -> Everything:
    """Every operation that wants a credential."""
    return [operation for operation in operations(gateway.url) if operation.schemes]


def by_scheme(swept: Everything, scheme: str) -> Everything:
    found = [operation for operation in swept if scheme in operation.schemes]
    assert found, f"no operation is opened by {scheme}"
    return found


def ask(api: Api, operation: Operation, *ids: str) -> Answer:
    """A well-formed request, so that nothing but the credential or the id is wrong with it."""
    headers = {"Idempotency-Key": "sweep"} if operation.method == "POST" else {}
    path = operation.filled(*(ids or ["nothing"] * len(operation.places)))
    return api.send(operation.method, path, operation.example(), headers=headers)


def shape(answer: Answer) -> dict[str, Any]:
    """All of a refusal but what differs from request to request."""
    body = dict(answer.json)
    assert body.pop("request_id") == answer.headers["X-Request-Id"]
    names = {"content-type", "cache-control", "x-content-type-options", "gate-version"}
    headers = {name: value for name, value in answer.headers.items() if name.lower() in names}
    return {"status": answer.status, "body": body, "headers": headers}


def refused_alike(answers: dict[str, Answer], statuses: set[int]) -> None:
    """One status of these and one shape, whatever the operation."""
    wrong = [answer.story for answer in answers.values() if answer.status not in statuses]
    assert not wrong, "\n".join(wrong)
    assert len({tuple(sorted(answer.json)) for answer in answers.values()}) == 1, answers


def absent(existing: str) -> str:
    """An id of the same kind that nobody has."""
    return f"{existing.rsplit('_', 1)[0]}_{ABSENT_TAIL}"


def test_every_id_in_a_path_is_swept(swept: Everything) -> None:
    """A new kind of object must be added to `OWNERS`, or its ids would not be tried."""
    free = {"/v1/capabilities/assets/{symbol}"}  # the same for everybody
    unknown = [str(o) for o in swept if o.places and o.path not in free and not owner_of(o.path)]
    assert not unknown


def test_without_a_key(gateway: Gateway, swept: Everything) -> None:
    refused_alike({str(o): ask(Api(gateway.url), o) for o in swept}, {401})


def test_with_a_key_that_nobody_has(gateway: Gateway, swept: Everything) -> None:
    stranger = Api(gateway.url, "sk_test_" + "0" * 43)
    refused_alike({str(o): ask(stranger, o) for o in by_scheme(swept, "secretKey")}, {401})


def test_with_the_key_of_the_other_mode(gateway: Gateway, swept: Everything) -> None:
    key = gateway.ready["secret_key"].replace("_test_", "_live_")
    other = Api(gateway.url, key)
    refused_alike({str(o): ask(other, o) for o in by_scheme(swept, "secretKey")}, {401})


def test_with_a_publishable_key(gateway: Gateway, swept: Everything) -> None:
    public = Api(gateway.url, gateway.ready["publishable_key"])
    refused_alike({str(o): ask(public, o) for o in by_scheme(swept, "secretKey")}, {401, 403})


def test_a_secret_key_opens_no_page(gateway: Gateway, swept: Everything, api: Api) -> None:
    pages = [o for o in swept if "secretKey" not in o.schemes]
    assert pages
    refused_alike({str(o): ask(api, o) for o in pages}, {400, 401})


def of_others(swept: Everything) -> list[tuple[Operation, str]]:
    secret = by_scheme(swept, "secretKey")
    found = [(o, kind) for o in secret if o.places and (kind := owner_of(o.path))]
    assert len(found) > 4
    return found


def test_what_is_another_partners_does_not_exist(
    swept: Everything, world: World, stranger: Api
) -> None:
    for operation, kind in of_others(swept):
        theirs = world.ids[kind]
        answer = ask(stranger, operation, theirs)
        answer.refused(404, "not_found")
        nobodys = ask(stranger, operation, absent(theirs))
        assert shape(answer) == shape(nobodys), f"{operation} tells {answer.story}"
        garbled = ask(stranger, operation, "nonsense")
        assert shape(garbled) == shape(nobodys), f"{operation} tells {garbled.story}"


def test_lists_hold_nothing_of_another_partner(
    swept: Everything, world: World, stranger: Api
) -> None:
    for operation in by_scheme(swept, "secretKey"):
        if operation.method == "GET" and not operation.places:
            text = ask(stranger, operation).response.text
            seen = [one for one in world.every_id() if one in text]
            assert not seen, f"{operation} shows {seen}"


def test_no_time_tells_what_exists(swept: Everything, world: World, stranger: Api) -> None:
    """An id of another partner and an id of nobody take equally long: which of them takes longer is
    a coin's toss. It is measured again before anybody is blamed."""
    told = {}
    for operation, kind in of_others(swept):
        theirs = world.ids[kind]
        paths = (operation.filled(theirs), operation.filled(absent(theirs)))
        biases: list[float] = []
        while len(biases) < COMPARISONS and (not biases or biases[-1] > BIAS_MAX):
            biases.append(compared(stranger, operation.method, paths, operation.example()))
        if min(biases) > BIAS_MAX:
            told[str(operation)] = biases
    assert not told


def test_the_time_of_a_difference_can_be_told(api: Api, world: World) -> None:
    """The comparison above can fail: to find a session takes longer than not to find one."""
    theirs = world.ids["session"]
    paths = (f"gate_sessions/{theirs}", f"gate_sessions/{absent(theirs)}")
    biases = [compared(api, "GET", paths, None) for _ in range(COMPARISONS)]
    assert max(biases) > BIAS_MAX, biases


def compared(api: Api, method: str, paths: tuple[str, str], body: Any) -> float:
    assert api.key
    return bias(api.url, api.key, method, paths, body, SAMPLES)
