"""`CustomSpec`: a design that no library module covers, given by a contract and a reference of the user's own.

It holds both texts, so that a run's `spec.json` is all that is needed to judge RTL again. It is no part of `DesignSpec`
and its published schema: a sentence cannot ask for it, and a chat model does not fill it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tpugen.errors import RequestError, SpecError
from tpugen.spec.base import ClockMhz
from tpugen.spec.contract import Channel, Contract, Port, contract_for
from tpugen.spec.custom_header import read_header
from tpugen.spec.custom_reference import Reference, ReferenceKind, Signature, read_reference
from tpugen.spec.custom_remarks import Header
from tpugen.spec.design import DesignSpec, spec_from_dict
from tpugen.spec.latency import Latency
from tpugen.user_files import read_bytes

__all__ = ["AnySpec", "CustomSpec", "any_spec_from_dict", "contract_of", "custom_contract"]

_DEFAULT_CLOCK_MHZ = 100.0


class CustomSpec(BaseModel):
    """A design of the user's own.

    Attributes:
        module: Name of the module, as the contract has it.
        contract_name: File name of the contract, for messages.
        contract: Its text: the header of one module with comments (see `custom_header`).
        reference_name: File name of the reference, for messages.
        reference: Its text.
        reference_kind: `python`, or a test bench: `cocotb` or `verilog`.
        clock_mhz: The clock to synthesise and time for; combinational designs are timed at it too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["custom"] = "custom"
    module: str
    contract_name: str = "contract.v"
    contract: str
    reference_name: str = "reference.py"
    reference: str
    reference_kind: ReferenceKind
    clock_mhz: Annotated[ClockMhz, Field()] = _DEFAULT_CLOCK_MHZ

    @classmethod
    def from_texts(
        cls,
        contract: str,
        reference: str,
        *,
        contract_name: str = "contract.v",
        reference_name: str = "reference.py",
        clock_mhz: float | None = None,
    ) -> Self:
        """A spec from the texts of contract and reference.

        Args:
            contract: Header of the module.
            reference: Python reference, cocotb module or Verilog test bench.
            contract_name: File name of the contract, for messages.
            reference_name: File name of the reference; its suffix says the language.
            clock_mhz: Overrides the contract's clock.

        Raises:
            RequestError: either cannot be read, or they do not fit together.
        """
        header = read_header(contract, contract_name)
        clock = clock_mhz if clock_mhz is not None else header.clock_mhz
        if clock is not None and not 0 < clock <= 10_000:
            raise RequestError(f"clock_mhz: {clock:g} is not legal; legal: above 0, up to 10000; 100 would work")
        kind = read_reference(reference, reference_name, header.module).kind
        data = {
            "module": header.module,
            "contract_name": contract_name,
            "contract": contract,
            "reference_name": reference_name,
            "reference": reference,
            "reference_kind": kind,
        }
        # A clock that is left out counts as assumed, not as asked for.
        return cls.model_validate(data if clock is None else {**data, "clock_mhz": clock})

    @classmethod
    def from_files(cls, contract: Path, reference: Path, *, clock_mhz: float | None = None) -> Self:
        """A spec from files.

        Raises:
            RequestError: a file is missing, no text in UTF-8, too large, or not what it should be.
        """
        return cls.from_texts(
            _text(contract, "a contract"),
            _text(reference, "a reference"),
            contract_name=contract.name,
            reference_name=reference.name,
            clock_mhz=clock_mhz,
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        header, reference = self.header, self.source
        if header.module != self.module or reference.kind != self.reference_kind:
            raise RequestError(
                f"spec of {self.module} ({self.reference_kind}) does not agree with its texts: module {header.module}, "
                f"{reference.kind} reference"
            )
        custom_contract(self)
        return self

    @cached_property
    def header(self) -> Header:
        """What the contract says."""
        return read_header(self.contract, self.contract_name)

    @cached_property
    def source(self) -> Reference:
        """What the reference is."""
        return read_reference(self.reference, self.reference_name, self.module)


AnySpec = DesignSpec | CustomSpec
"""A design of the library or one of the user's own."""


def contract_of(spec: AnySpec) -> Contract:
    """The contract of any spec: a pure function."""
    return custom_contract(spec) if isinstance(spec, CustomSpec) else contract_for(spec)


def any_spec_from_dict(data: Mapping[str, Any]) -> AnySpec:
    """A spec from plain data, also of kind `custom`.

    Raises:
        SpecError: lists every violation.
        RequestError: a custom spec whose texts do not hold.
    """
    if data.get("kind") != "custom":
        return spec_from_dict(data)
    try:
        return CustomSpec.model_validate(dict(data))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, item['loc'])) or 'spec'}: {item['msg']}" for item in error.errors()]
        raise SpecError("the custom spec is not legal:\n" + "\n".join(f"  - {line}" for line in lines)) from None


def custom_contract(spec: CustomSpec) -> Contract:
    """The contract of a user's design.

    Raises:
        RequestError: contract and reference do not fit together.
    """
    header, source = spec.header, spec.source
    channels = _channels(header)
    contract = Contract(
        module=header.module,
        ports=header.ports,
        channels=channels,
        behaviour=(*(header.sentences or (f"What {spec.reference_name} does.",)), *_timing_sentences(header)),
        latency=_latency(spec, header, source, channels),
        clock=header.clock,
        reset=header.reset,
    )
    for function in source.functions:
        _check_arguments(spec, contract, function)
    return contract


def _timing_sentences(header: Header) -> tuple[str, ...]:
    """Clock and reset in words: the names of a user's header need not be those of the library."""
    if header.clock is None:
        return ()
    reset = "there is no reset" if header.reset is None else f"the reset is {header.reset.words()}"
    return (f"Everything happens on the rising edge of {header.clock}; {reset}.",)


def _text(path: Path, what: str) -> str:
    try:
        return read_bytes(path, 2**20).decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        raise RequestError(f"{path}: no such file", hint=f"name {what}; see docs/contracts.md") from None
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{path} is not text in UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}"
        ) from None


# -- channels -----------------------------------------------------------------------------------------------------


def _channels(header: Header) -> tuple[Channel, ...]:
    """Valid/ready channels, told by their names: `x_valid_i` with `x_ready_o`, or `x_valid_o` with `x_ready_i`."""
    if header.clock is None:
        return ()
    ports = {port.name: port for port in header.ports}
    found: list[tuple[str, Literal["sink", "source"], str, str]] = []
    for port in header.ports:
        stem, mark, ending = port.name.rpartition("valid")
        if not mark or ending not in ("_i", "_o") or port.width_bits != 1 or (stem and not stem.endswith("_")):
            continue
        sink = ending == "_i"
        partner = ports.get(f"{stem}ready{'_o' if sink else '_i'}")
        matches = (
            partner is not None and partner.width_bits == 1 and partner.direction == ("output" if sink else "input")
        )
        if partner is not None and matches and port.direction == ("input" if sink else "output"):
            found.append((stem, "sink" if sink else "source", port.name, partner.name))
    control = {header.clock, header.reset.port if header.reset else None}
    control |= {name for _, _, valid, ready in found for name in (valid, ready)}
    stems = [stem for stem, *_ in found]
    return tuple(
        Channel(
            name=_channel_name(stem, role, alone=stems.count(stem) == 1),
            role=role,
            valid=valid,
            ready=ready,
            payload=_payload(stem, role, header, control, found),
        )
        for stem, role, valid, ready in found
    )


def _channel_name(stem: str, role: Literal["sink", "source"], *, alone: bool) -> str:
    """`x` of `x_valid_i`; told apart where channels in and out have one name."""
    side = "in" if role == "sink" else "out"
    name = stem.rstrip("_")
    return name if name and alone else f"{name}_{side}".lstrip("_")


def _payload(
    stem: str,
    role: Literal["sink", "source"],
    header: Header,
    control: set[str | None],
    found: list[tuple[str, Literal["sink", "source"], str, str]],
) -> tuple[str, ...]:
    """Ports that begin with the channel's name; all of the direction where it is the only channel of its role."""
    direction = "input" if role == "sink" else "output"
    free = [port.name for port in header.ports if port.direction == direction and port.name not in control]
    if sum(other[1] == role for other in found) == 1:
        return tuple(free)
    return tuple(name for name in free if stem and name.startswith(stem))


# -- latency ------------------------------------------------------------------------------------------------------


def _latency(spec: CustomSpec, header: Header, source: Reference, channels: tuple[Channel, ...]) -> Latency:
    """What the contract says, or what the form of the reference implies."""
    name = spec.reference_name
    if header.clock is None:
        if source.form in ("step", "beat"):
            raise RequestError(
                f"{name}: a class that remembers needs a clock, and {spec.contract_name} has none",
                hint="add `input wire clk_i` (and a reset), or write `def reference`",
            )
        return Latency(form="combinational", rows=0, cols=0)
    roles = [channel.role for channel in channels]
    by_beats = source.form in ("function", "beat") and "sink" in roles and roles.count("source") == 1
    found = f"{spec.contract_name} has {roles.count('sink')} channels in and {roles.count('source')} out"
    if by_beats:
        _check_payloads(spec, header, channels)
        if header.reset is None:
            raise RequestError(
                f"{spec.contract_name}: channels with valid and ready need a reset, which clears valid",
                hint="add `input wire rst_ni`",
            )
    elif source.form == "beat":
        raise RequestError(
            f"{name}: `beat` is called for beats under valid/ready; {found}, at least one in and one out are expected",
            hint="name ports x_valid_i, x_ready_o, y_valid_o, y_ready_i, or write `step`, called at each clock edge",
        )
    elif source.form == "function" and roles:
        raise RequestError(
            f"{name}: a function judges beats under valid/ready; {found}, at least one in and one out are expected",
            hint="write a class with `reset()` and `step(**inputs)`, called at each clock edge",
        )
    if header.latency == "fixed":
        return Latency(form="fixed", rows=0, cols=0, cycles=header.latency_cycles)
    if by_beats and header.latency in (None, "any"):
        return Latency(form="any", rows=0, cols=0)
    if source.form in ("step", "bench") and header.latency in (None, "reference"):
        return Latency(form="reference", rows=0, cols=0)
    if source.form == "function" and not by_beats:
        raise RequestError(
            f"{name}: a function says nothing of time, and {spec.contract_name} has a clock",
            hint="add `// latency: 2 cycles` to the contract, or write a class with `reset()` and `step(**inputs)`",
        )
    raise RequestError(
        f"{spec.contract_name}: `latency: {header.latency}` does not fit {name}, "
        + ("which says what comes, not when" if by_beats else "which says what happens in each cycle"),
        hint="leave the line out, or say so many cycles",
    )


def _check_payloads(spec: CustomSpec, header: Header, channels: tuple[Channel, ...]) -> None:
    control = {header.clock, header.reset.port if header.reset else None}
    taken = control | {name for c in channels for name in (c.valid, c.ready, *c.payload)}
    stray = [port.name for port in header.ports if port.name not in taken]
    if stray:
        raise RequestError(
            f"{spec.contract_name}: port {stray[0]} belongs to no channel",
            hint=f"name it {channels[0].name}_..., or write a class with `reset()` and `step(**inputs)`",
        )


# -- arguments ----------------------------------------------------------------------------------------------------


def arguments_of(contract: Contract, form: str) -> tuple[Port, ...]:
    """Inputs that a reference of this form is called with."""
    return _side(contract, form, "input")


def results_of(contract: Contract, form: str) -> tuple[Port, ...]:
    """Outputs that a reference of this form gives."""
    return _side(contract, form, "output")


def judged_by_beats(contract: Contract, form: str) -> bool:
    """Whether the reference is asked once per beat under valid/ready, not per cycle."""
    roles = [channel.role for channel in contract.channels]
    return form in ("function", "beat") and "sink" in roles and roles.count("source") == 1


def _side(contract: Contract, form: str, direction: str) -> tuple[Port, ...]:
    reset = contract.reset_port
    hidden = {contract.clock_name, reset.port if reset else None}
    if judged_by_beats(contract, form):
        hidden |= {name for channel in contract.channels for name in (channel.valid, channel.ready)}
    return tuple(port for port in contract.ports if port.direction == direction and port.name not in hidden)


def _check_arguments(spec: CustomSpec, contract: Contract, function: Signature) -> None:
    names = [port.name for port in arguments_of(contract, spec.source.form)]
    place = f"{spec.reference_name}:{function.line}: {function.name}()"
    listed = ", ".join(names)
    unknown = [name for name in function.required if name not in names]
    if unknown:
        raise RequestError(f"{place} wants {unknown[0]}, which is no input of the contract; inputs are {listed}")
    if not function.any_name:
        missing = [name for name in names if name not in function.names]
        if missing:
            raise RequestError(f"{place} does not take {missing[0]}; it is called with {listed}")
