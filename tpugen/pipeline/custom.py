"""Requests beyond the library: a contract and a reference of the user's own, from files to what the steps work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tpugen.errors import RequestError
from tpugen.pipeline.options import GenerateOptions
from tpugen.spec import AnySpec, CustomSpec, DesignSpec, any_spec_from_dict

if TYPE_CHECKING:
    from tpugen.pipeline.request import Understanding
    from tpugen.pipeline.step import Context
    from tpugen.writers.task import WritingTask

__all__ = ["CustomRequest", "check_custom", "read_custom", "spec_of_request", "understand_custom", "writing_task"]


@dataclass(frozen=True)
class CustomRequest:
    """A request for a design of the user's own.

    Attributes:
        spec: Contract and reference.
        text: The user's words; left out: the contract's sentences stand for them.
    """

    spec: CustomSpec
    text: str | None = None


def read_custom(
    contract: Path | None, reference: Path | None, text: str | None = None, *, clock_mhz: float | None = None
) -> CustomRequest:
    """A request from files.

    Args:
        contract: Header of the module.
        reference: Python reference, cocotb module or Verilog test bench.
        text: The user's words.
        clock_mhz: Overrides the contract's clock.

    Raises:
        RequestError: one of the files is not named, cannot be read, or they do not fit together.
    """
    if contract is None or reference is None:
        given, lacking = ("--reference", "--contract") if contract is None else ("--contract", "--reference")
        raise RequestError(
            f"{given} FILE is given without {lacking} FILE; they belong together",
            hint="the contract says what the module looks like, the reference what it must do",
        )
    words = None if text is None else text.strip() or None
    return CustomRequest(CustomSpec.from_files(contract, reference, clock_mhz=clock_mhz), words)


def check_custom(spec: CustomSpec, seed: int) -> str:
    """Try the reference on its own, before anything is written: all that is wrong with it is said now.

    Returns:
        What it will be asked, in words.

    Raises:
        RequestError: it fails, never ends, or checks nothing.
    """
    from tpugen.verif.custom_bench import check_reference

    return check_reference(spec, seed)


def understand_custom(request: CustomRequest, options: GenerateOptions) -> Understanding:
    """What a custom request asks for, in the form of any other request.

    Raises:
        RequestError: no chat model is named, a workload is, or the reference is wrong.
    """
    from tpugen.pipeline.request import Understanding

    spec = request.spec
    if options.chat_model is None:
        raise RequestError(
            f"{spec.module} has a contract of its own, so no library module covers it: a chat model has to write it",
            hint="name one with --model NAME; `tpugen verify FILES --contract ... --reference ...` judges RTL you have",
        )
    if options.fallback is not None:
        raise RequestError(
            f"the composer cannot write {spec.module}: it has a contract of its own", hint="leave out --fallback"
        )
    if options.mode == "compose":
        raise RequestError(
            f"{spec.module} has a contract of its own, so there is nothing to compose it from",
            hint="leave out --mode, or say --mode full",
        )
    if options.gemms:
        raise RequestError(
            f"--gemm {options.gemms[0]}: a matrix product does not run on {spec.module} as far as tpugen knows",
            hint="leave out --gemm",
        )
    if options.clock_mhz is not None:
        spec = CustomSpec.from_texts(
            spec.contract,
            spec.reference,
            contract_name=spec.contract_name,
            reference_name=spec.reference_name,
            clock_mhz=options.clock_mhz,
        )
    check_custom(spec, options.seed)
    asked = "clock_mhz" in spec.model_fields_set
    assumed = {"field": "clock_mhz", "value": spec.clock_mhz, "reason": f"{spec.contract_name} names no clock"}
    # What follows takes either kind of spec; only the readers of sentences promise one of the library.
    return Understanding(cast("DesignSpec", spec), request.text, [] if asked else [assumed], clock_asked=asked)


def spec_of_request(request: str | Mapping[str, Any] | CustomRequest) -> AnySpec:
    """The spec that a caller names, for commands that need no more of it.

    Raises:
        RequestError: it cannot be read.
    """
    if isinstance(request, CustomRequest):
        return request.spec
    if not isinstance(request, str) and request.get("kind") == "custom":
        return any_spec_from_dict(request)
    from tpugen.pipeline.request import understand

    return understand(request).spec


def writing_task(context: Context) -> WritingTask:
    """What the writer of a run is given."""
    from tpugen.writers.task import WritingTask

    spec, contract = context.spec, context.contract
    if isinstance(spec, CustomSpec):
        return WritingTask(context.request or " ".join(contract.behaviour), contract, None, spec.reference)
    return WritingTask(context.request or contract.module, contract, spec)
