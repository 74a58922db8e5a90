"""What transaction plans are written with: beats from port values, and a host on an AXI4-Lite slave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntFlag

from tpugen.spec import Contract
from tpugen.verif.transactions import Expect, Send, Step, Wait

__all__ = ["SLAVE_ERROR", "BeatPacker", "LiteHost"]

_READ_HINT = "Compare with the register's text in the contract: what sets and clears its bits, and when."

SLAVE_ERROR = 2
"""AXI4-Lite's answer to what was refused."""

_ANSWER_LIMIT = 300
"""A host that waits this long for an answer waits in vain, however slow both sides are on purpose."""


class BeatPacker:
    """Beats of a contract's channels, from and to the values of their ports.

    Args:
        contract: Whose channels.
    """

    def __init__(self, contract: Contract) -> None:
        self._places: dict[str, dict[str, tuple[int, int]]] = {}
        for channel in contract.channels:
            names = (*channel.payload, *((channel.last,) if channel.last else ()))
            offset, places = 0, {}
            for name in names:
                width = contract.port(name).width_bits
                places[name] = (offset, width)
                offset += width
            self._places[channel.name] = places

    def beat(self, channel: str, values: Mapping[str, int]) -> int:
        """The beat whose ports hold these values, two's complement where negative; other ports hold 0."""
        places = self._places[channel]
        bits = 0
        for name, value in values.items():
            offset, width = places[name]
            bits |= (int(value) & ((1 << width) - 1)) << offset
        return bits

    def care(self, channel: str, masks: Mapping[str, int]) -> int:
        """Bits of a beat that count: those of the named ports' masks."""
        return self.beat(channel, masks)

    def ports(self, channel: str, beat: int) -> dict[str, int]:
        """The ports' values, unsigned."""
        return {name: beat >> offset & ((1 << width) - 1) for name, (offset, width) in self._places[channel].items()}

    def width(self, channel: str, port: str) -> int:
        """Width of a port, in bits."""
        return self._places[channel][port][1]


class LiteHost:
    """Steps of a host on the AXI4-Lite slave `s_axil` of a contract.

    Args:
        contract: Whose slave.
        status: Address of its status register.
        flags: Bits of the status, named in findings.
    """

    def __init__(self, contract: Contract, status: int, flags: type[IntFlag]) -> None:
        self._packer = BeatPacker(contract)
        self._status, self._flags = status, flags

    def write(
        self, address: int, value: int, *, refused: bool = False, strobes: int = 15, words: str = ""
    ) -> list[Step]:
        """Write a word and wait for the answer."""
        said = words or f"write of 0x{value & 0xFFFFFFFF:08X} to 0x{address:02X}"
        return self.writes([(address, value)], refused=refused, strobes=strobes, words=said)

    def writes(
        self, pairs: Sequence[tuple[int, int]], *, refused: bool = False, strobes: int = 15, words: str = ""
    ) -> list[Step]:
        """Write words one after the other, all offered at once, and wait for the answers."""
        beat = self._packer.beat
        addresses = [beat("s_axil_aw", {"s_axil_awaddr_i": address}) for address, _ in pairs]
        data = [beat("s_axil_w", {"s_axil_wdata_i": value, "s_axil_wstrb_i": strobes}) for _, value in pairs]
        answer = beat("s_axil_b", {"s_axil_bresp_o": SLAVE_ERROR if refused else 0})
        said = words or f"{len(pairs)} writes"
        return [
            Send("s_axil_aw", addresses, said),
            Send("s_axil_w", data, said),
            Expect("s_axil_b", [answer] * len(pairs), words=f"answer to the {said}"),
            Wait(_ANSWER_LIMIT, ("s_axil_aw", "s_axil_w", "s_axil_b")),
        ]

    def read(
        self,
        address: int,
        value: int,
        *,
        care: int = 0xFFFFFFFF,
        refused: bool = False,
        words: str = "",
        tag: str | None = None,
    ) -> list[Step]:
        """Read a word, which must be `value` in the bits of `care`."""
        said = words or f"read of 0x{address:02X}"
        return self.reads(
            [(address, value)], care=care, refused=refused, words=said, tags=None if tag is None else [tag]
        )

    def reads(
        self,
        pairs: Sequence[tuple[int, int]],
        *,
        care: int = 0xFFFFFFFF,
        refused: bool = False,
        words: str = "",
        labels: Sequence[str] = (),
        tags: Sequence[str] | None = None,
    ) -> list[Step]:
        """Read words one after the other, all asked for at once; each must be as given."""
        beat = self._packer.beat
        response = SLAVE_ERROR if refused else 0
        mask = self._packer.care("s_axil_r", {"s_axil_rdata_o": care, "s_axil_rresp_o": 3})
        return [
            Send("s_axil_ar", [beat("s_axil_ar", {"s_axil_araddr_i": address}) for address, _ in pairs], words),
            Expect(
                "s_axil_r",
                [beat("s_axil_r", {"s_axil_rdata_o": value, "s_axil_rresp_o": response}) for _, value in pairs],
                [mask] * len(pairs),
                tags,
                words=words or f"{len(pairs)} reads",
                labels=labels,
                flags=self._flags if [address for address, _ in pairs] == [self._status] else None,
                hint=_READ_HINT,
            ),
            Wait(_ANSWER_LIMIT, ("s_axil_ar", "s_axil_r")),
        ]
