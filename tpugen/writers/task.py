"""What a writer is given: the request, the contract, and where the design is the library's, its spec."""

from __future__ import annotations

from dataclasses import dataclass

from tpugen.spec import Contract, DesignSpec, contract_for

__all__ = ["WritingTask"]


@dataclass(frozen=True)
class WritingTask:
    """One thing to write.

    Attributes:
        request: The user's words.
        contract: What any RTL for it must have.
        spec: The design, where the library has such designs; None for a contract of the user's own.
        reference: Source of the user's reference or test bench, which the model is shown; None where there is none.
    """

    request: str
    contract: Contract
    spec: DesignSpec | None = None
    reference: str | None = None

    @classmethod
    def for_spec(cls, spec: DesignSpec, request: str | None = None) -> WritingTask:
        """The task that a spec stands for; without words of the user's, its module's name stands for them."""
        contract = contract_for(spec)
        return cls(request or contract.module, contract, spec)
