"""Plays a script on the hybrid accelerator's RTL in Icarus or Verilator, and judges all that was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tpugen.arithmetic.decoder_layer.host import Register, Status
from tpugen.errors import DesignFailedError
from tpugen.flows import process
from tpugen.flows.verilog_bench import bench_commands
from tpugen.verif.pim_llm_harness import BENCH, CommandKind, bench_text
from tpugen.verif.pim_llm_script import Design, LlmScript
from tpugen.verif.unit_simulators import SimulatorName

__all__ = ["llm_parameters", "run_script"]

_LIMITS = process.Limits(wall_s=300.0, cpu_s=300.0, memory_mb=4096, file_mb=100)
_WORD = 0xFFFFFFFF


def llm_parameters(design: Design) -> dict[str, int]:
    """Parameters of the Verilog module `pim_llm` by name; seeds as the signed 32-bit numbers that they are there."""
    shape, array, crossbars = design.shape, design.array, design.crossbars

    def signed(word: int) -> int:
        return word - (1 << 32) if word >> 31 else word

    return {
        "D": shape.d,
        "Heads": shape.heads,
        "KvHeads": shape.key_heads,
        "FeedForward": shape.d_ff,
        "Context": shape.context,
        "Gated": int(shape.gated),
        "LayerNorm": int(shape.norm == "layer_norm"),
        "SquaredRelu": int(shape.activation == "relu2"),
        "Rows": array.rows,
        "Cols": array.cols,
        "Depth": array.depth,
        "CrossbarRows": crossbars.crossbar_rows,
        "CrossbarCols": crossbars.crossbar_cols,
        "AdcBits": crossbars.adc_bits,
        "ColumnsPerAdc": crossbars.columns_per_adc,
        "ZeroSkipping": int(crossbars.zero_skipping),
        "FaultSeed": signed(crossbars.faults.seed),
        "StuckOff": crossbars.faults.stuck_off,
        "StuckOn": crossbars.faults.stuck_on,
        "NoiseSeed": signed(crossbars.noise.seed),
        "NoiseSigma": crossbars.noise.sigma,
    }


def run_script(
    script: LlmScript,
    sources: Mapping[str, str],
    folder: Path,
    simulator: SimulatorName = "icarus",
    *,
    stop: bool = False,
) -> list[str]:
    """Problems of the unit on its script; none: everything was as expected.

    Args:
        script: What is done and what must come of it.
        sources: Verilog text of `pim_llm` and all that it instantiates, by module name.
        folder: Where bench, memories and logs go; created if missing.
        simulator: Icarus starts at once; Verilator builds for half a minute and runs far faster.
        stop: Whether the script ends at the first thing that is wrong.

    Raises:
        DesignFailedError: the design does not compile, or the simulation does not end by itself.
        ToolMissingError: no such simulator.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parameters = llm_parameters(script.design)
    lists = {
        "commands": script.commands,
        "answers": [_answer_word(script.answers.get(number)) for number in range(len(script.commands))],
        "beats": [last << 16 | number & 0xFFFF for number, last in script.beats],
        "results": [last << 16 | number & 0xFFFF for last, number in script.results],
    }
    files = {
        "designs.v": "\n".join(sources.values()),
        "bench.v": bench_text(parameters, {name: len(words) for name, words in lists.items()}, script.seed, stop=stop),
        **{f"{name}.hex": "".join(f"{word:x}\n" for word in [*words, 0]) for name, words in lists.items()},
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    said = ""
    for command in bench_commands(simulator, BENCH, ["bench.v", "designs.v"]):
        done = process.run(command, cwd=folder.resolve(), limits=_LIMITS, log=folder)
        said = done.stdout
        if done.returncode != 0:
            raise DesignFailedError(f"{Path(command[0]).name} refused the accelerator: {(done.stderr or said)[:400]}")
    return _judged(script, said.splitlines())


def _answer_word(answer: tuple[int, int | None] | None) -> int:
    """Whether a word must be this one, response, word."""
    response, value = answer or (0, None)
    return int(value is not None) << 34 | response << 32 | (value or 0)


def _judged(script: LlmScript, lines: Sequence[str]) -> list[str]:
    problems: list[str] = []
    answered: set[int] = set()
    results: list[tuple[int, int]] = []
    unsent: list[int] = []
    for line in lines:
        kind, *words = line.split()
        if kind in "wr":
            number = int(words[0])
            response, value = script.answers[number]
            answered.add(number)
            got = int(words[1]), int(words[2]) if kind == "r" and words[2].isdigit() else None
            if got != (response, value):
                problems.append(f"{_told(script, number)}: {got} instead of {(response, value)}")
            elif _is_status(script, number) and words[3] != str(int((value or 0) & ~Status.BUSY != 0)):
                problems.append(f"{_told(script, number)}: the interrupt is {words[3]}")
        elif kind == "m":
            results.append((int(words[0]), int(words[1])) if words[1].lstrip("-").isdigit() else (-1, 0))
        elif kind == "u":
            unsent.append(int(words[0]))
        elif kind == "T":
            problems.append(f"{_told(script, int(words[0]))}: in vain")
        elif kind == "x":
            problems.append(line)
    if missing := len(script.answers) - len(answered):
        problems.append(f"{missing} requests without an answer")
    if results != script.results:
        wrong = [i for i, (a, b) in enumerate(zip(results, script.results, strict=False)) if a != b]
        problems.append(f"results: {len(results)} of {len(script.results)}, wrong are {wrong[:20]}")
    if unsent != [*script.unsent, 0]:
        problems.append(f"beats of x that nobody took: {unsent} instead of {[*script.unsent, 0]}")
    return problems


def _is_status(script: LlmScript, number: int) -> bool:
    word = script.commands[number]
    return word >> 52 == CommandKind.READ and word >> 32 & 0xFFFF == Register.STATUS


def _told(script: LlmScript, number: int) -> str:
    word = script.commands[number]
    kind, address = CommandKind(word >> 52), word >> 32 & 0xFFFF
    name = next((register.name for register in Register if register == address), f"{address:#x}")
    return f"command {number} ({kind.name.lower()} {name} {word & _WORD:#x})"
