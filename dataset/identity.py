"""Which record a design is: its identifier, the hash of its spec, and choices that follow from it alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TypeVar

from tpugen.spec import DesignSpec

__all__ = ["pick", "record_id", "spec_digest"]

_Item = TypeVar("_Item")


def spec_digest(spec: DesignSpec) -> str:
    """SHA-256 of the spec's canonical JSON, in hex."""
    return hashlib.sha256(json.dumps(spec.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def record_id(module: str, digest: str) -> str:
    """Identifier of the record with this top module and spec hash: readable, stable, a legal file name."""
    return f"{module}-{digest[:8]}"


def pick(digest: str, purpose: str, choices: Sequence[_Item]) -> _Item:
    """One of `choices`, the same for the same digest and purpose, evenly over digests."""
    number = int.from_bytes(hashlib.blake2b(f"{purpose}:{digest}".encode(), digest_size=8).digest(), "big")
    return choices[number % len(choices)]
