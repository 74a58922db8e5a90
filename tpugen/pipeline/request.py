"""From what a caller gives (a sentence, a spec, plain data, a file) to what is to be built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from tpugen.errors import RequestError
from tpugen.pipeline.spec_readers import SpecReader, read_sentence
from tpugen.spec import AdderSpec, DesignSpec, MultiplierSpec, PimLlmSpec, PimTileSpec, spec_from_dict
from tpugen.user_files import read_bytes

if TYPE_CHECKING:
    from tpugen.writers.session import ChatSession

__all__ = ["SpecReader", "Understanding", "spec_from_file", "understand"]


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
        read_by: Who read the sentence: the `rules`, a chat model (`llm`) or `both`; `given`: it was a spec.
        readings: What each reader read, as plain data; see `spec_readers.Sentence`.
        disagreements: What the readers read differently, and how each was settled, as plain data.
    """

    spec: DesignSpec
    text: str | None = None
    assumptions: list[dict[str, Any]] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    clock_asked: bool = True
    gemms: tuple[str, ...] = ()
    read_by: Literal["given", "rules", "llm", "both"] = "given"
    readings: list[dict[str, Any]] = field(default_factory=list)
    disagreements: list[dict[str, Any]] = field(default_factory=list)


def understand(
    request: str | DesignSpec | Mapping[str, Any],
    *,
    clock_mhz: float | None = None,
    reader: SpecReader | None = None,
    session: ChatSession | None = None,
) -> Understanding:
    """Turn a request into a spec.

    Args:
        request: A sentence, a spec, or a spec as plain data.
        clock_mhz: Overrides the request's clock.
        reader: Who reads a sentence; None: the rules, and with a session the chat model as well where the rules did not
            understand every word. Nobody needs to read a spec.
        session: Asks the chat model.

    Raises:
        RequestError: a chat model is to read, and there is no session.
        LanguageError: the sentence asks for nothing buildable, or contradicts itself.
        SpecError: a design outside the legal ranges.
        ChatModelError: a chat model was to read, by the caller's choice, and failed.
    """
    if isinstance(request, str):
        found = _from_sentence(request, reader, session)
    elif isinstance(request, BaseModel):
        found = Understanding(request, clock_asked="clock_mhz" in request.model_fields_set)
    else:
        found = Understanding(spec_from_dict(request), clock_asked="clock_mhz" in request)
    if clock_mhz is None:
        return found
    spec = spec_from_dict({**found.spec.model_dump(mode="json"), "clock_mhz": clock_mhz})
    assumptions = [item for item in found.assumptions if item["field"] != "clock_mhz"]
    return replace(found, spec=spec, assumptions=assumptions, clock_asked=True)


def _from_sentence(text: str, reader: SpecReader | None, session: ChatSession | None) -> Understanding:
    read = read_sentence(text, reader, session)
    not_understood = list(read.not_understood)
    gemms = tuple("x".join(map(str, gemm)) for gemm in read.gemms)
    if isinstance(read.spec, AdderSpec | MultiplierSpec | PimTileSpec | PimLlmSpec):  # they run no GEMM of any size
        not_understood += [f"GEMM {gemm}" for gemm in gemms]
        gemms = ()
    believed = {item["field"] for item in read.disagreements if item["settled"] == "model"}
    assumed = {item.field for item in read.assumptions}
    return Understanding(
        read.spec,
        text,
        [{"field": item.field, "value": item.value, "reason": item.reason} for item in read.assumptions],
        not_understood,
        clock_asked="clock_mhz" not in assumed or "clock_mhz" in believed,
        gemms=gemms,
        read_by=read.read_by,
        readings=read.readings,
        disagreements=read.disagreements,
    )


def spec_from_file(path: Path) -> dict[str, Any]:
    """Plain data of a spec file: a spec, or what `tpugen spec --json` prints (its `spec` is taken).

    Raises:
        RequestError: no such file, or not a JSON object.
    """
    try:
        data = json.loads(read_bytes(path).decode("utf-8"))
    except FileNotFoundError:
        raise RequestError(f"{path}: no such file", hint="write one with `tpugen spec TEXT --json > FILE`") from None
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{path} is not JSON: {error}") from None
    if isinstance(data, dict) and isinstance(data.get("spec"), dict):
        data = data["spec"]
    if not isinstance(data, dict):
        raise RequestError(f"{path} holds no spec: expected a JSON object with the field `kind`")
    return data
