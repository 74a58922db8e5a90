"""Ports and channels of AXI4-Lite slaves and AXI4-Stream ends, named as in the library."""

from __future__ import annotations

from typing import Literal

from tpugen.spec.contract_parts import Channel, Port, port_in, port_out

__all__ = ["axi_lite_channels", "axi_lite_ports", "stream_channel", "stream_ports"]

_LITE = "s_axil"


def axi_lite_ports(address_bits: int) -> tuple[Port, ...]:
    """The ports of a slave with 32-bit registers."""
    return (
        port_in(f"{_LITE}_awvalid_i", 1, "a write address is offered"),
        port_out(f"{_LITE}_awready_o", 1, "the write address is taken"),
        port_in(f"{_LITE}_awaddr_i", address_bits, "byte address of the write"),
        port_in(f"{_LITE}_awprot_i", 3, "protection of the write; not looked at"),
        port_in(f"{_LITE}_wvalid_i", 1, "write data is offered"),
        port_out(f"{_LITE}_wready_o", 1, "the write data is taken"),
        port_in(f"{_LITE}_wdata_i", 32, "write data"),
        port_in(f"{_LITE}_wstrb_i", 4, "bytes of the write data that are written"),
        port_out(f"{_LITE}_bvalid_o", 1, "the answer to a write is offered"),
        port_in(f"{_LITE}_bready_i", 1, "the answer to the write is taken"),
        port_out(f"{_LITE}_bresp_o", 2, "0: written; 2 (SLVERR): refused"),
        port_in(f"{_LITE}_arvalid_i", 1, "a read address is offered"),
        port_out(f"{_LITE}_arready_o", 1, "the read address is taken"),
        port_in(f"{_LITE}_araddr_i", address_bits, "byte address of the read"),
        port_in(f"{_LITE}_arprot_i", 3, "protection of the read; not looked at"),
        port_out(f"{_LITE}_rvalid_o", 1, "read data is offered"),
        port_in(f"{_LITE}_rready_i", 1, "the read data is taken"),
        port_out(f"{_LITE}_rdata_o", 32, "read data"),
        port_out(f"{_LITE}_rresp_o", 2, "0: read; 2 (SLVERR): refused"),
    )


def axi_lite_channels() -> tuple[Channel, ...]:
    """The five channels of a slave."""
    return (
        _lite_channel("aw", "sink", "awaddr_i", "awprot_i"),
        _lite_channel("w", "sink", "wdata_i", "wstrb_i"),
        _lite_channel("b", "source", "bresp_o"),
        _lite_channel("ar", "sink", "araddr_i", "arprot_i"),
        _lite_channel("r", "source", "rdata_o", "rresp_o"),
    )


def _lite_channel(name: str, role: Literal["sink", "source"], *payload: str) -> Channel:
    valid, ready = ("i", "o") if role == "sink" else ("o", "i")
    return Channel(
        name=f"{_LITE}_{name}",
        role=role,
        valid=f"{_LITE}_{name}valid_{valid}",
        ready=f"{_LITE}_{name}ready_{ready}",
        payload=tuple(f"{_LITE}_{signal}" for signal in payload),
    )


def stream_ports(
    name: str, role: Literal["sink", "source"], width_bits: int, data: str, last_of: str, keep: str | None = None
) -> tuple[Port, ...]:
    """The ports of a stream's end.

    Args:
        name: Prefix of the ports.
        role: Whether the unit takes or gives.
        width_bits: Of the data.
        data: What a beat carries.
        last_of: What the last beat ends: "the beat is the last ...".
        keep: What tkeep says; no such port when left out.
    """
    here, there = (port_in, port_out) if role == "sink" else (port_out, port_in)
    own, other = ("i", "o") if role == "sink" else ("o", "i")
    kept = () if keep is None else (here(f"{name}_tkeep_{own}", width_bits // 8, keep),)
    return (
        here(f"{name}_tvalid_{own}", 1, "a beat is offered"),
        there(f"{name}_tready_{other}", 1, "the beat is taken"),
        here(f"{name}_tdata_{own}", width_bits, data),
        *kept,
        here(f"{name}_tlast_{own}", 1, f"the beat is the last {last_of}"),
    )


def stream_channel(name: str, role: Literal["sink", "source"], *, keep: bool = False) -> Channel:
    """The channel of a stream's end."""
    own, other = ("i", "o") if role == "sink" else ("o", "i")
    payload = (f"{name}_tdata_{own}", *([f"{name}_tkeep_{own}"] if keep else []))
    return Channel(
        name=name,
        role=role,
        valid=f"{name}_tvalid_{own}",
        ready=f"{name}_tready_{other}",
        payload=payload,
        last=f"{name}_tlast_{own}",
    )
