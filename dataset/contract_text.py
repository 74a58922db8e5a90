"""The contract as text: the Verilog header to copy, the behaviour in sentences, the latency formula."""

from __future__ import annotations

from tpugen.spec import Contract

__all__ = ["contract_text", "module_header"]


def module_header(contract: Contract) -> str:
    """The module's Verilog-2005 header, from `module` to `);`, without comments."""
    ports = ",\n".join(f"  {port.declaration()}" for port in contract.ports)
    return f"module {contract.module} (\n{ports}\n);"


def contract_text(contract: Contract) -> str:
    """Header, meaning of each port, behaviour and latency, for documents and prompts."""
    ports = "\n".join(f"- {port.name}: {port.meaning}" for port in contract.ports)
    behaviour = "\n".join(f"- {sentence}" for sentence in contract.behaviour)
    return (
        f"{module_header(contract)}\n\nPorts:\n{ports}\n\nBehaviour:\n{behaviour}\n\n"
        f"Latency: {contract.latency.formula()}\n"
    )
