"""The OpenAPI document that the gateway serves, as a list of operations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from api import Api

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    name: str  # its operationId
    method: str
    path: str  # with its places, such as /v1/gate_sessions/{id}
    spec: dict[str, Any]
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def places(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def schemes(self) -> set[str]:
        """The credentials that open it, by their names in the document; none opens it to everybody."""
        security = self.spec.get("security", self.document.get("security", []))
        return {scheme for alternative in security for scheme in alternative}

    def filled(self, *values: str) -> str:
        """The path after /v1/ with its places filled in."""
        path = self.path
        for value in values:
            path = re.sub(r"\{\w+\}", value, path, count=1)
        return path.removeprefix("/v1/")

    def example(self) -> Any:
        """A body that the document shows, or none where it takes no body or need not have one."""
        request = self.spec.get("requestBody", {})
        media = request.get("content", {}).get("application/json")
        if media is None or not request.get("required"):
            return None
        if "example" in media:
            return media["example"]
        for example in media.get("examples", {}).values():
            return example["value"]
        return self._sample(media.get("schema", {}))

    def _sample(self, schema: dict[str, Any]) -> Any:
        """The smallest body that the schema's own examples and bounds make."""
        name = schema.get("$ref", "").rsplit("/", 1)[-1]
        schema = self.document["components"]["schemas"].get(name, schema)
        if "example" in schema:
            return schema["example"]
        if schema.get("type") == "object":
            required = schema.get("required", [])
            return {field: self._sample(schema["properties"][field]) for field in required}
        return schema.get("default", schema.get("minimum", next(iter(schema.get("enum", [])), "x")))


def document(url: str) -> dict[str, Any]:
    return Api(url).get("openapi.json").ok()


def operations(url: str) -> list[Operation]:
    described = document(url)
    return [
        Operation(spec["operationId"], method.upper(), path, spec, described)
        for path, item in described["paths"].items()
        for method, spec in item.items()
        if method in METHODS
    ]
