"""Contracts and references of the user's own: what is read from them, and every way in which they can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.custom_designs import RTL, example

from tpugen.errors import RequestError
from tpugen.spec import CustomSpec, any_spec_from_dict, contract_of, spec_json_schema
from tpugen.spec.custom_header import HEADER_LIMIT_BYTES, read_header
from tpugen.spec.custom_reference import REFERENCE_LIMIT_BYTES

ADD = "module add (\n  input wire [7:0] a_i,\n  input wire [7:0] b_i,\n  output wire [8:0] sum_o\n);\n"
ADD_REFERENCE = "def reference(a_i, b_i):\n    return a_i + b_i\n"
CLOCKED = (
    "module acc (\n  input wire clk_i,\n  input wire rst_ni,\n  input wire [7:0] a_i,\n  output wire [7:0] q_o\n);\n"
)
STEP = (
    "class Reference:\n    def reset(self):\n        self.q = 0\n"
    "    def step(self, a_i):\n        self.q = a_i\n        return self.q\n"
)
CHANNELS = (
    "module relay (\n  input wire clk_i,\n  input wire rst_ni,\n  input wire in_valid_i,\n  output wire in_ready_o,\n"
    "  input wire [7:0] in_i,\n  output wire out_valid_o,\n  input wire out_ready_i,\n  output wire [7:0] out_o\n);\n"
)


def spec(contract: str = ADD, reference: str = ADD_REFERENCE, **names: str) -> CustomSpec:
    return CustomSpec.from_texts(contract, reference, **names)  # type: ignore[arg-type]


# -- what is read -------------------------------------------------------------------------------------------------


def test_a_header_with_comments_becomes_a_contract() -> None:
    text = """
// Adds two numbers.
// The sum has one bit more than they,
// so it never overflows.
// clock: clk, 0.25 GHz
// reset: rst, synchronous, active high
/* latency: 2 cycles */
`default_nettype none
module adder_stage (
  input wire clk, rst,                // control
  // first operand
  input  wire signed [8 - 1:0] a_i,
  input  wire signed [7:0] b_i,       // second operand
  output reg signed [8:0] sum_o
);
endmodule
"""
    contract = contract_of(spec(text, "def reference(a_i, b_i):\n    return a_i + b_i\n"))
    assert contract.module == "adder_stage"
    assert [(port.name, port.width_bits, port.signed) for port in contract.ports] == [
        ("clk", 1, False), ("rst", 1, False), ("a_i", 8, True), ("b_i", 8, True), ("sum_o", 9, True),
    ]  # fmt: skip
    assert contract.port("a_i").meaning == "first operand"
    assert contract.port("b_i").meaning == "second operand"
    assert contract.port("sum_o").meaning == "9-bit number, two's complement"
    assert contract.port("a_i").declaration() == "input  wire signed [7:0] a_i"
    assert contract.behaviour == (
        "Adds two numbers.",
        "The sum has one bit more than they, so it never overflows.",
        "Everything happens on the rising edge of clk; the reset is rst, synchronous, active high.",
    )
    assert (contract.clock_name, contract.latency.form, contract.latency.cycles) == ("clk", "fixed", 2)
    assert contract.latency.formula() == "2 clock cycles from operands to their result"
    assert contract.reset_port is not None
    assert (contract.reset_port.asynchronous, contract.reset_port.active_low) == (False, False)


@pytest.mark.parametrize(
    ("contract", "reference", "form"),
    [
        (ADD, ADD_REFERENCE, "combinational"),
        (CLOCKED, STEP, "reference"),
        (f"// latency: 1 cycle\n{CLOCKED}", "def reference(a_i):\n    return a_i\n", "fixed"),
        (CHANNELS, "def reference(in_i):\n    return in_i\n", "any"),
        (f"// latency: 3\n{CHANNELS}", "def reference(in_i):\n    return in_i\n", "fixed"),
        (CHANNELS, "class Reference:\n    def reset(self): ...\n    def beat(self, in_i): ...\n", "any"),
    ],
)
def test_the_latency_follows_from_contract_and_reference(contract: str, reference: str, form: str) -> None:
    assert contract_of(spec(contract, reference)).latency.form == form


def test_channels_are_told_by_their_names() -> None:
    channels = contract_of(example("zero_skipping_pe")).channels
    assert [(c.name, c.role, c.payload) for c in channels] == [
        ("operand", "sink", ("operand_last_i", "activation_i", "weight_i")),
        ("result", "source", ("result_o", "skipped_o")),
    ]
    same = CHANNELS.replace("in_valid", "data_valid").replace("in_ready", "data_ready")
    same = same.replace("out_valid", "data_valid").replace("out_ready", "data_ready")
    names = [channel.name for channel in contract_of(spec(same, "def reference(in_i):\n    return in_i\n")).channels]
    assert names == ["data_in", "data_out"]


@pytest.mark.parametrize("name", RTL)
def test_a_custom_spec_comes_back_from_plain_data(name: str) -> None:
    one = example(name)
    assert any_spec_from_dict(one.model_dump(mode="json")) == one
    assert (
        contract_of(one).content_hash() == contract_of(any_spec_from_dict(one.model_dump(mode="json"))).content_hash()
    )


def test_the_published_schema_does_not_know_custom_designs() -> None:
    assert "custom" not in str(spec_json_schema()).lower()


def test_only_a_clock_that_was_named_counts_as_asked_for() -> None:
    assert "clock_mhz" not in spec(CLOCKED, STEP).model_fields_set
    assert spec(f"// clock: 50 MHz\n{CLOCKED}", STEP).clock_mhz == 50.0
    assert CustomSpec.from_texts(f"// clock: 50 MHz\n{CLOCKED}", STEP, clock_mhz=75.0).clock_mhz == 75.0


# -- wrong contracts ----------------------------------------------------------------------------------------------

PORTS = "input wire [7:0] a_i, input wire [7:0] b_i, output wire [8:0] sum_o"
WRONG_CONTRACTS = {
    "": "contract.v is empty",
    "hello there": "contract.v:1: found 'hello' where `module` is expected",
    "module add (input wire [7:0] a_i output wire b);": "contract.v:1: found 'output' behind port a_i",
    f"{ADD}\n{ADD}": "contract.v:7: a second module begins here",
    f"module add #(parameter W = 8) ({PORTS});": "contract.v:1: parameters are refused",
    "module add (\n  inout wire [7:0] a_io,\n  output wire b_o);": "contract.v:2: inout ports are refused",
    "module add (a_i, sum_o); input a_i; output sum_o;": "contract.v:1: port a_i has no direction",
    f"module add ({PORTS});\n  assign sum_o = a_i + b_i;\nendmodule": "contract.v:2: found 'assign' behind the header",
    "module add (input wire [W-1:0] a_i, output wire b_o);": "contract.v:1: the width names W",
    "module add (input wire [0:7] a_i, output wire b_o);": "the range [0:7] is refused",
    "module add (input wire [9999:0] a_i, output wire b_o);": "10,000 bits are more than a port may have (4,096)",
    "module add (input wire [7:0] a_i [3:0], output wire b_o);": "port a_i is an array",
    "module add (input wire [7:0][1:0] a_i, output wire b_o);": "a port of two dimensions is refused",
    "module add (input wire a_i, input wire a_i, output wire b_o);": "port a_i is declared twice",
    "module add (input wire module, output wire b_o);": "found 'module' where a port's name is expected",
    "module tpugen_harness (input wire a_i, output wire b_o);": "belong to the test bench",
    "module add ();": "contract.v:1: the module has no ports",
    "module add (input wire a_i, input wire b_i);": "module add has no output to drive or to look at",
    f"`include \"x.v\"\nmodule add ({PORTS});": "contract.v:1: `include is refused: a contract has no macros",
    f"module add ({PORTS}) $finish;": "contract.v:1: '$' has no place in a contract",
    f"// latency: soon\nmodule add ({PORTS});": "contract.v:1: the latency 'soon' cannot be read",
    f"// latency: 2 cycles\nmodule add ({PORTS});": "a module without a clock has no latency of 2 cycles",
    f"// latancy: 2 cycles\nmodule add ({PORTS});": "'latancy' says nothing",
    f"// latency: 1\n// latency: 2\n{CLOCKED}": "contract.v:2: latency is said twice",
    f"// clock: 0 MHz\n{CLOCKED}": "0 MHz is out of range",
    f"// clock: a_i\n{CLOCKED}": "a clock port called a_i is not known",
    f"// clock: tick\n{CLOCKED}": "clock 'tick' is not an input",
    f"// reset: rst_ni, maybe\n{CLOCKED}": "the reset 'rst_ni, maybe' cannot be read",
    CLOCKED.replace("rst_ni", "rst"): "contract.v:3: rst looks like a reset; say how it works",
    CLOCKED.replace("wire rst_ni", "wire [1:0] rst_ni"): "rst_ni must be an input of one bit",
    CLOCKED.replace("rst_ni", "clk"): "two clocks: clk_i, clk",
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG_CONTRACTS.items())
def test_a_wrong_contract_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_header(text, "contract.v")
    assert message in str(caught.value)


def test_a_huge_contract_is_refused() -> None:
    with pytest.raises(RequestError, match="a contract may hold 65,536"):
        read_header("// long\n" * HEADER_LIMIT_BYTES, "contract.v")


# -- wrong references ---------------------------------------------------------------------------------------------

WRONG_REFERENCES = [
    (ADD, "", "reference.py is empty"),
    (ADD, "def reference(a_i, b_i:\n    return 0\n", "reference.py:1: Python cannot read this: "),
    (ADD, "def add(a_i, b_i):\n    return 0\n", "no `def reference` and no `class Reference`; it has def add"),
    (ADD, "reference = 3\n", "it has neither function nor class"),
    (
        ADD,
        "def reference(a_i):\n    return 0\n",
        "reference.py:1: reference() does not take b_i; it is called with a_i, b_i",
    ),
    (ADD, "def reference(a_i, b_i, c_i):\n    return 0\n", "reference() wants c_i, which is no input of the contract"),
    (ADD, "def reference(a_i, b_i, /):\n    return 0\n", "reference() is called by names; remove the `/`"),
    (ADD, STEP, "a class that remembers needs a clock, and contract.v has none"),
    (ADD, f"{ADD_REFERENCE}{STEP}", "has both `def reference` and `class Reference`"),
    (CLOCKED, ADD_REFERENCE, "a function says nothing of time, and contract.v has a clock"),
    (CLOCKED, "class Reference:\n    def step(self, a_i): ...\n", "class Reference has no `reset()`"),
    (CLOCKED, "class Reference:\n    def reset(self): ...\n", "class Reference has reset; it needs"),
    (CLOCKED, STEP.replace("reset(self)", "reset(self, level)"), "reset() is called without arguments; it wants level"),
    (
        CLOCKED,
        STEP.replace("step", "beat"),
        "`beat` is called for beats under valid/ready; contract.v has 0 channels in",
    ),
    (f"// latency: any\n{CLOCKED}", STEP, "`latency: any` does not fit reference.py, which says what happens in each"),
    (CHANNELS.replace("  input wire rst_ni,\n", ""), "def reference(in_i):\n    return 0\n", "need a reset"),
    (
        CHANNELS.replace("out_ready_i", "go_i"),
        "def reference(in_i, go_i):\n    return 0\n",
        "has 1 channels in and 0 out",
    ),
]


@pytest.mark.parametrize(("contract", "reference", "message"), WRONG_REFERENCES)
def test_a_wrong_reference_is_refused_without_running_it(contract: str, reference: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        spec(contract, reference)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bench.py", "import cocotb\n", "bench.py imports cocotb but has no test"),
        ("bench.v", "// nothing\n", "bench.v holds no Verilog module"),
        ("bench.v", "module tb; endmodule\n", "bench.v does not instantiate add, the contract's module"),
        ("bench.v", f"{ADD}endmodule\n", "bench.v defines add itself"),
        ("bench.v", "module t1; add u (.a_i(a)); endmodule\nmodule t2; endmodule\n", "has 2 top modules (t1, t2)"),
        ("bench.txt", "hello\n", "a reference is Python (.py) or a Verilog test bench"),
    ],
)
def test_a_wrong_bench_is_refused_without_running_it(name: str, text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        spec(ADD, text, reference_name=name)
    assert message in str(caught.value)


def test_a_huge_reference_is_refused() -> None:
    with pytest.raises(RequestError, match="a reference may hold 262,144"):
        spec(ADD, "#" * (REFERENCE_LIMIT_BYTES + 1))


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    contract, reference = tmp_path / "add.v", tmp_path / "add.py"
    reference.write_text(ADD_REFERENCE)
    with pytest.raises(RequestError, match=r"add\.v: no such file"):
        CustomSpec.from_files(contract, reference)
    contract.write_bytes(b"module add (\xff")
    with pytest.raises(RequestError, match=r"add\.v is not text in UTF-8: byte 13 is 0xff"):
        CustomSpec.from_files(contract, reference)
    contract.write_bytes(b" " * (2**20 + 1))
    with pytest.raises(RequestError, match=r"add\.v cannot be read: it holds more than 1 MiB"):
        CustomSpec.from_files(contract, reference)
    contract.write_bytes(ADD.replace("\n", "\r\n").encode())
    assert CustomSpec.from_files(contract, reference).module == "add"


def test_a_stored_spec_that_was_changed_is_refused() -> None:
    data = {**spec().model_dump(mode="json"), "module": "other"}
    with pytest.raises(RequestError, match="does not agree with its texts: module add"):
        any_spec_from_dict(data)
    with pytest.raises(RequestError, match="reference: Field required"):
        any_spec_from_dict({name: value for name, value in data.items() if name != "reference"})
