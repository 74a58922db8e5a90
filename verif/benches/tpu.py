"""Bench of tensor units: plays a script on the AXI ports of each with cocotbext-axi and writes down all that it sees.

Runs inside the simulator; `tpugen.verif.tpu_bench` writes the scripts and reads the report. Units stand side by side,
each on its own. Nothing is judged here but the rules of AXI: what is offered is known and stays until it is taken, and
every request is answered.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge, SimTimeoutError, with_timeout
from cocotb_bus.bus import Bus
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from tpugen.verif.benches.reporting import load_plan, report, test_seed

_PERIOD_STEPS = 10
_ANSWER_CYCLES = 300
"""A host that waits this long for an answer waits in vain, however slow both sides are on purpose."""
_LITE = {
    "aw": (("awvalid", "awaddr", "awprot"), ("awready",)),
    "w": (("wvalid", "wdata", "wstrb"), ("wready",)),
    "b": (("bready",), ("bvalid", "bresp")),
    "ar": (("arvalid", "araddr", "arprot"), ("arready",)),
    "r": (("rready",), ("rvalid", "rdata", "rresp")),
}


class _SuffixedBus(Bus):  # type: ignore[misc]
    """A bus whose ports end in `_i` and `_o`."""

    _optional_signals: tuple[str, ...] = ()

    def __init__(self, entity: Any, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        signals = {port: f"{port}_i" for port in inputs} | {port: f"{port}_o" for port in outputs}
        super().__init__(entity, name, signals)


def _pauses(chance: float, rng: random.Random) -> Iterator[bool]:
    while True:
        yield rng.random() >= chance


class _Ports:
    """The unit's ports with a model on each."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        clock, reset = dut.clk_i, {"reset": dut.rst_ni, "reset_active_level": False}
        lite = {name: _SuffixedBus(dut, "s_axil", *ports) for name, ports in _LITE.items()}
        self.host = AxiLiteMaster(AxiLiteBus.from_channels(**lite), clock, **reset)
        self.sources = {
            name: AxiStreamSource(
                _SuffixedBus(dut, f"s_axis_{name}", ("tvalid", "tdata", "tlast"), ("tready",)), clock, **reset
            )
            for name in ("a", "b", "bias")
        }
        self.sink = AxiStreamSink(
            _SuffixedBus(dut, "m_axis", ("tready",), ("tvalid", "tdata", "tkeep", "tlast")), clock, **reset
        )
        self.pacers = {
            **self.sources,
            "result": self.sink,
            "aw": self.host.write_if.aw_channel,
            "w": self.host.write_if.w_channel,
            "b_answer": self.host.write_if.b_channel,
            "ar": self.host.read_if.ar_channel,
            "r": self.host.read_if.r_channel,
        }


async def _watch(dut: Any, unit: int) -> None:
    """What the unit offers is known, and stays until it is taken; so is whether it takes anything."""
    ports = {
        "m_axis": (
            dut.m_axis_tvalid_o,
            dut.m_axis_tready_i,
            dut.m_axis_tkeep_o,
            dut.m_axis_tlast_o,
            dut.m_axis_tdata_o,
        ),
        "b": (dut.s_axil_bvalid_o, dut.s_axil_bready_i, dut.s_axil_bresp_o),
        "r": (dut.s_axil_rvalid_o, dut.s_axil_rready_i, dut.s_axil_rdata_o, dut.s_axil_rresp_o),
    }
    names = (
        "s_axis_a_tready",
        "s_axis_b_tready",
        "s_axis_bias_tready",
        "s_axil_awready",
        "s_axil_arready",
        "interrupt",
    )
    controls = [getattr(dut, f"{name}_o") for name in names]
    waiting: dict[str, str] = {}
    while True:
        await RisingEdge(dut.clk_i)
        await ReadOnly()  # the cycle that begins: what registers and models drive from this edge on
        if str(dut.rst_ni.value) != "1":
            waiting.clear()
            continue
        if not all(signal.value.is_resolvable for signal in controls):
            report("unknown", unit=unit, port="ready")
        for name, (valid, ready, *payload) in ports.items():
            offered = "".join(str(signal.value) for signal in payload) if str(valid.value) != "0" else ""
            if name in waiting and offered != waiting[name]:
                report("moved", unit=unit, port=name, before=waiting[name], after=offered)
            waiting.pop(name, None)
            if offered and _unknown(name, offered, len(payload[0]), str(valid.value)):
                report("unknown", unit=unit, port=name)
            if offered and str(ready.value) != "1":
                waiting[name] = offered


def _unknown(port: str, offered: str, lanes: int, valid: str) -> bool:
    """Whether bits that count are neither 0 nor 1: all, but on the stream only bytes that are kept."""
    if port != "m_axis":
        return bool(set(valid + offered) - set("01"))
    keep, last, data = offered[:lanes], offered[lanes], offered[lanes + 1 :]
    kept = "".join(data[8 * i : 8 * i + 8] for i, bit in enumerate(keep) if bit != "0")
    return bool(set(valid + keep + last + kept) - set("01"))


async def _idle(ports: _Ports, limit: int) -> bool:
    """Wait until no job runs, looking at the interrupt and the status; False if it does for `limit` cycles."""
    for _ in range(limit):
        await RisingEdge(ports.dut.clk_i)
        if int(ports.dut.interrupt_o.value):
            answer = await ports.host.read(4, 4)
            if not answer.data[0] & 1:
                return True
    return False


async def _play(ports: _Ports, step: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """One step of the script; what came of it."""
    match step["do"]:
        case "write":
            data = step["value"].to_bytes(4, "little")[: step["bytes"]]
            answer = await ports.host.write(step["address"], data)
            return {"response": int(answer.resp)}
        case "read":
            answer = await ports.host.read(step["address"], step["bytes"])
            return {
                "response": int(answer.resp),
                "value": int.from_bytes(answer.data, "little"),
                "interrupt": int(ports.dut.interrupt_o.value),
            }
        case "send":
            for frame in step["frames"]:
                ports.sources[step["stream"]].send_nowait(AxiStreamFrame(bytes.fromhex(frame)))
        case "wait":
            return {"idle": await _idle(ports, step["limit"])}
        case "receive":
            await ClockCycles(ports.dut.clk_i, 2)
            frames = []
            while not ports.sink.empty():
                frame = ports.sink.recv_nowait(compact=False)
                keep = [int(bit) for bit in frame.tkeep]
                kept = bytes(byte if bit else 0 for byte, bit in zip(frame.tdata, keep, strict=True))
                frames.append({"data": kept.hex(), "keep": keep})
            return {"frames": frames, "unsent": {name: port.count() for name, port in ports.sources.items()}}
        case "cycles":
            await ClockCycles(ports.dut.clk_i, step["count"])
        case "pace":
            for name, chance in step["chances"].items():
                ports.pacers[name].set_pause_generator(_pauses(chance, rng))
        case "reset":
            ports.dut.rst_ni.value = 0
            for model in (*ports.sources.values(), ports.sink):
                model.clear()
            await ClockCycles(ports.dut.clk_i, 3)
            ports.dut.rst_ni.value = 1
            await ClockCycles(ports.dut.clk_i, 2)
        case other:
            raise ValueError(other)
    return {}


async def _script(dut: Any, unit: int, plan: dict[str, Any]) -> None:
    """All steps on one unit, one event for each; ends in reset, so that its models rest."""
    rng = random.Random(test_seed(plan["seed"], "tpu"))  # noqa: S311
    dut.rst_ni.value = 0
    Clock(dut.clk_i, _PERIOD_STEPS, unit="step").start()
    ports = _Ports(dut)
    await ClockCycles(dut.clk_i, 3)
    dut.rst_ni.value = 1
    await ClockCycles(dut.clk_i, 2)
    watch = cocotb.start_soon(_watch(dut, unit))
    try:
        for step, expected in zip(plan["steps"], plan["expected"], strict=True):
            limit = _PERIOD_STEPS * (step.get("limit", 0) + step.get("count", 0) + _ANSWER_CYCLES)
            outcome = await with_timeout(_play(ports, step, rng), limit, "step")
            report("step", unit=unit, do=step["do"], **outcome)
            if plan["stop"] and {**outcome, **expected} != outcome:
                break
        else:
            report("end", unit=unit)
    except SimTimeoutError:
        report("silent", unit=unit)
    watch.cancel()
    dut.rst_ni.value = 0


@cocotb.test()
async def units(top: Any) -> None:
    """Every unit its script."""
    plans = load_plan()["units"]
    tasks = [cocotb.start_soon(_script(getattr(top, f"u_{i}"), i, plan)) for i, plan in enumerate(plans)]
    for task in tasks:
        await task
