"""System files: what they may say, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.errors import RequestError, TpugenError, UnknownNameError
from tpugen.model.systems import ArrayOptions, built_in_systems, evaluate_system, load_system, read_system
from tpugen.model.systolic import SystolicEngine
from tpugen.model.workloads import decoder_table, find_language_model

MIX = """
summary = "attention and one projection on a big array"
source = "mine"
schedule = "overlapped"

[engines.big]
kind = "systolic"
rows = 64
cols = 16
dataflow = { attention = "is", default = "best" }
cycle_model = "tpugen"
clock_mhz = 250
set = { array_power = "8 mW" }

[engines.analog]
kind = "crossbar"

[placement]
projection = "analog"
attention = "big"
down = "big"

[memory]
card = "lpddr4"
set = { bandwidth = "1 GB/s" }
weights = "streamed"
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mix.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_built_in_systems_are_those_of_the_paper() -> None:
    assert built_in_systems() == ("pim-llm", "tpu-llm")
    for name in built_in_systems():
        system = load_system(name)
        assert (system.name, system.schedule, system.accounting) == (name, "sequential", "consistent")
        assert "2504.01994" in system.source
        assert system.memory is None


def test_a_mix_of_ones_own(tmp_path: Path) -> None:
    system = load_system(written(tmp_path, MIX))
    assert (system.name, system.schedule, system.source) == ("mix", "overlapped", "mine")
    engine = system.engines["big"].engine
    assert isinstance(engine, SystolicEngine)
    assert (engine.rows, engine.cols, engine.clock_mhz, engine.cycle_model) == (64, 16, 250, "tpugen")
    assert system.memory is not None
    assert (system.memory.memory.bandwidth_bytes_s, system.memory.weights) == (1e9, "streamed")
    table = decoder_table([find_language_model("opt-1.3b")], 512)
    costs = evaluate_system(system, table)
    assert dict(zip(table.names, costs.placement, strict=True)) == {
        **dict.fromkeys(("query", "key", "value", "output", "up"), "analog"),
        **dict.fromkeys(("down", "scores", "mix"), "big"),
    }
    assert system.engines["big"].settings["dataflow"] == "attention: is, default: best"


def test_options_take_the_place_of_the_file(tmp_path: Path) -> None:
    options = ArrayOptions(rows=8, cols=8, dataflow="ws", cycle_model="scalesim-paper", clock_mhz=10.0)
    engine = load_system(written(tmp_path, MIX), options).engines["big"].engine
    assert isinstance(engine, SystolicEngine)
    assert (engine.rows, engine.cols, engine.dataflow, engine.cycle_model, engine.clock_mhz) == (
        *(8, 8, "ws", "scalesim-paper", 10.0),
    )
    assert engine.clock_origin == "assumed"


def test_options_need_an_array(tmp_path: Path) -> None:
    text = '[engines.analog]\nkind = "crossbar"\n[placement]\nprojection = "analog"\n'
    with pytest.raises(RequestError) as caught:
        load_system(written(tmp_path, text), ArrayOptions(rows=8))
    assert caught.value.message == "system 'mix' has no systolic array to change: rows"


def test_one_error_lists_all_that_is_wrong(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
schedule = "sometimes"
typo = 1

[engines.a]
kind = "systolic"
rows = 0
clock_mhz = -5

[engines.b]
kind = "quantum"

[engines.c]
rows = 4
""",
    )
    with pytest.raises(RequestError) as caught:
        read_system(path)
    assert caught.value.message.splitlines() == [
        f"system {path!r}:",
        "  schedule: 'sometimes'; input should be 'sequential' or 'overlapped'",
        "  engines.a.rows: 0; input should be greater than or equal to 1",
        "  engines.a.clock_mhz: -5; input should be greater than 0",
        "  engines.b: kind 'quantum'; expected systolic, crossbar or vector",
        "  engines.c: kind is missing; expected systolic, crossbar or vector",
        "  placement: missing",
        "  typo: no such key",
    ]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('"is"', '"sideways"', "no dataflow is called 'sideways'"),
        ('cycle_model = "tpugen"', 'cycle_model = "guess"', "no cycle model is called 'guess'"),
        ('"8 mW"', '"8 kg"', "array_power: unit 'kg'"),
        ("array_power =", "array_pwr =", "no value 'array_pwr'"),
        ('card = "lpddr4"', 'card = "lpddr44"', "'lpddr44' is not known"),
        ('down = "big"', 'down = "bigger"', "down is placed on 'bigger', which is no engine of the system"),
        ('"1 GB/s"', '"1 GB"', "bandwidth: unit 'GB'"),
        ("rows = 64", 'design = "some-run"', "design = 'some-run' names a run, which only the pipeline can read"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, old: str, new: str, found: str) -> None:
    assert old in MIX
    with pytest.raises(RequestError) as caught:
        load_system(written(tmp_path, MIX.replace(old, new)))
    assert found in str(caught.value)


def test_an_unknown_system() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load_system("pimllm")
    assert str(caught.value) == (
        "no system is called 'pimllm', and there is no such file\n"
        "  did you mean pim-llm or tpu-llm? built in: pim-llm, tpu-llm; or give the path of a .toml file"
    )


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", None])
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TpugenError, match="not TOML" if content == b"name = " else "cannot be read"):
        read_system(path)


def test_the_file_of_the_how_to_guide_is_one(tmp_path: Path) -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "how-to.md"
    blocks = [block.partition("```")[0] for block in guide.read_text(encoding="utf-8").split("```toml\n")[1:]]
    (text,) = (block for block in blocks if "[placement]" in block)
    system = load_system(written(tmp_path, text))
    assert {placed.kind for placed in system.engines.values()} == {"systolic", "crossbar", "vector"}
    assert system.memory is not None
    table = decoder_table([find_language_model("opt-1.3b")], 64, nonlinear=True, embedding=True)
    assert evaluate_system(system, table).latency_s[0] > 0
