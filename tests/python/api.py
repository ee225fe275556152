"""Plain HTTP, as a partner without any client would write it, and answers that explain themselves."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import requests

TIMEOUT_SECONDS = 30


class Answer:
    """What was answered. Looking at it checks what is true of every answer."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        request = response.request
        self.story = f"{request.method} {request.url} answered {self.status}: {response.text[:2000]}"
        assert response.headers.get("X-Request-Id"), self.story

    @property
    def json(self) -> Any:
        return self.response.json()

    def ok(self, status: int = 200) -> Any:
        """The body of a success."""
        assert self.status == status, self.story
        return self.json if self.response.content else None

    def refused(self, status: int, code: str, param: str | None = None) -> Any:
        """The body of a refusal, which has one shape everywhere."""
        assert self.status == status, self.story
        body = self.json
        assert body["code"] == code or code in {e["code"] for e in body.get("errors", [])}, self.story
        if param is not None:
            named = {body["param"], *(error["param"] for error in body.get("errors", []))}
            assert param in named, self.story
        assert body["statusCode"] == status, self.story
        assert body["request_id"] == self.headers["X-Request-Id"], self.story
        assert isinstance(body["type"], str) and isinstance(body["message"], str), self.story
        assert "doc_url" in body, self.story
        return body


class Api:
    """The API with one key, or with none."""

    def __init__(self, url: str, key: str | None = None, **headers: str) -> None:
        self.url = url
        self.key = key
        self.session = requests.Session()
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"
        self.session.headers.update(headers)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Answer:
        data = None if body is None else json.dumps(body)
        sent = dict(headers or {})
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        url = f"{self.url}/v1/{path}"
        return Answer(
            self.session.request(
                method, url, data=data, headers=sent, params=params, timeout=TIMEOUT_SECONDS
            )
        )

    def get(self, path: str, **params: Any) -> Answer:
        return self.send("GET", path, params=params)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        """`key` is the idempotency key; one is made up where it says `new`."""
        headers = {}
        if key is not None:
            headers["Idempotency-Key"] = str(uuid.uuid4()) if key == "new" else key
        return self.send("POST", path, body, headers=headers)

    def patch(self, path: str, body: Any) -> Answer:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path)
