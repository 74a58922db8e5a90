"""From what a caller gives (a sentence, a spec, plain data, a file) to what is to be built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tpugen.errors import RequestError
from tpugen.spec import AdderSpec, DesignSpec, MultiplierSpec, spec_from_dict

__all__ = ["Understanding", "spec_from_file", "understand"]


@dataclass(frozen=True)
class Understanding:
    """What was understood.

    Attributes:
        spec: What to build.
        text: The sentence, where there was one.
        assumptions: `{field, value, reason}` for each field that the sentence did not settle.
        not_understood: Words of the sentence that were not used.
        clock_asked: Whether the clock was asked for; missing an assumed clock does not fail a design.
        gemms: Workload that the sentence names, as `MxKxN`.
    """

    spec: DesignSpec
    text: str | None = None
    assumptions: list[dict[str, Any]] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    clock_asked: bool = True
    gemms: tuple[str, ...] = ()


def understand(request: str | DesignSpec | Mapping[str, Any], *, clock_mhz: float | None = None) -> Understanding:
    """Turn a request into a spec.

    Args:
        request: A sentence, a spec, or a spec as plain data.
        clock_mhz: Overrides the request's clock.

    Raises:
        LanguageError: the sentence asks for nothing buildable, or contradicts itself.
        SpecError: a design outside the legal ranges.
    """
    text: str | None = None
    assumptions: list[dict[str, Any]] = []
    not_understood: list[str] = []
    gemms: tuple[str, ...] = ()
    if isinstance(request, str):
        from tpugen.spec.language import parse_request

        parsed = parse_request(request)
        text, spec, not_understood = request, parsed.spec, list(parsed.not_understood)
        assumptions = [_plain(assumption) for assumption in parsed.assumptions]
        gemms = tuple("x".join(map(str, gemm)) for gemm in parsed.gemms)
        if isinstance(spec, AdderSpec | MultiplierSpec):  # no matrix runs on a single adder or multiplier
            not_understood += [f"GEMM {gemm}" for gemm in gemms]
            gemms = ()
        clock_asked = not any(assumption["field"] == "clock_mhz" for assumption in assumptions)
    elif isinstance(request, BaseModel):
        spec, clock_asked = request, "clock_mhz" in request.model_fields_set
    else:
        spec, clock_asked = spec_from_dict(request), "clock_mhz" in request
    if clock_mhz is not None:
        spec = spec_from_dict({**spec.model_dump(mode="json"), "clock_mhz": clock_mhz})
        assumptions = [a for a in assumptions if a["field"] != "clock_mhz"]
        clock_asked = True
    return Understanding(spec, text, assumptions, not_understood, clock_asked, gemms)


def _plain(assumption: object) -> dict[str, Any]:
    if isinstance(assumption, BaseModel):
        return assumption.model_dump(mode="json")
    return {name: getattr(assumption, name) for name in ("field", "value", "reason")}


def spec_from_file(path: Path) -> dict[str, Any]:
    """Plain data of a spec file: a spec, or what `tpugen spec --json` prints (its `spec` is taken).

    Raises:
        RequestError: no such file, or not a JSON object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RequestError(f"{path}: no such file", hint="write one with `tpugen spec TEXT --json > FILE`") from None
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RequestError(f"{path} is not JSON: {error}") from None
    if isinstance(data, dict) and isinstance(data.get("spec"), dict):
        data = data["spec"]
    if not isinstance(data, dict):
        raise RequestError(f"{path} holds no spec: expected a JSON object with the field `kind`")
    return data
