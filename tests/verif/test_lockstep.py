"""Many designs in one run: good ones pass, a faulty one is found and named, and its neighbours keep their verdicts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tpugen.flows.process import Limits
from tpugen.spec import SystolicArraySpec, contract_for, spec_from_dict
from tpugen.verif.lockstep import Follower, distinct_modules, lockstep_digest, run_lockstep
from tpugen.verif.matrix import record_timeline, reference_spec
from tpugen.verif.matrix_cells import COLS, DATAFLOWS, ROWS
from tpugen.verif.matrix_stimulus import matrix_plan
from tpugen.verif.timeline import Timeline
from tpugen.writers.composer import compose

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
SHORT = Limits(wall_s=60, cpu_s=2, memory_mb=2_000, file_mb=50)
Timelines = Callable[[str], Timeline]
Fault = tuple[str, str, str]


@pytest.fixture(scope="module")
def timelines(tmp_path_factory: pytest.TempPathFactory) -> Timelines:
    """The timeline of a dataflow, recorded where a test first needs it."""
    recorded: dict[str, Timeline] = {}

    def timeline(dataflow: str) -> Timeline:
        if dataflow not in recorded:
            folder = tmp_path_factory.mktemp(dataflow)
            files = []
            for file in compose(reference_spec(dataflow)):
                files.append(folder / file.name)
                files[-1].write_text(file.text)
            recorded[dataflow] = record_timeline(dataflow, files, folder / "simulate", seed=1)
        return recorded[dataflow]

    return timeline


def follower(dataflow: str = "output_stationary", faults: Sequence[Fault] = (), **fields: object) -> Follower:
    """A design of 6-bit activations and 5-bit weights; a fault is a module, a text in it, and what replaces that."""
    spec = spec_from_dict(
        {
            "kind": "systolic_array",
            "rows": ROWS,
            "cols": COLS,
            "dataflow": dataflow,
            "activation_width_bits": 6,
            "weight_width_bits": 5,
            "accumulator_width_bits": 14,
            **fields,
        }
    )
    assert isinstance(spec, SystolicArraySpec)
    modules = {file.name.removesuffix(".v"): file.text for file in compose(spec)}
    for module, found, replaced in faults:
        name = contract_for(spec).module if module == "top" else module
        assert modules[name].count(found) == 1, (name, modules[name])
        modules[name] = modules[name].replace(found, replaced)
    return Follower(spec, modules, matrix_plan(spec, 1))


DRUM = {"multiplier": {"family": "drum", "k": 3}, "adder": {"family": "loa", "k": 4}}
SHARED = {**DRUM, "shared_pre_approximation": True}


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_designs_with_different_arithmetic_pass_together(dataflow: str, timelines: Timelines, tmp_path: Path) -> None:
    fields = [{}, DRUM, SHARED, {"adder": {"family": "loa", "k": 13}}, {"multiplier": {"family": "letam", "t": 1}}]
    outcomes = run_lockstep([follower(dataflow, **f) for f in fields], timelines(dataflow), tmp_path)
    assert [outcome.findings for outcome in outcomes] == [()] * len(fields)
    assert {outcome.checked for outcome in outcomes} == {sum(c.result is not None for c in timelines(dataflow).cycles)}
    assert outcomes[0].checked > 70


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_the_timeline_is_what_the_contract_says(dataflow: str, timelines: Timelines) -> None:
    timeline = timelines(dataflow)
    spec = reference_spec(dataflow)
    plan, latency = matrix_plan(spec, 1), contract_for(spec).latency
    assert timeline.fits(plan)
    assert Timeline.from_data(timeline.to_data()) == timeline
    first = [c for c in timeline.cycles if (c.test, c.phase) == (0, 0)]
    offers = [n for n, c in enumerate(first) if any(b is not None for b in c.offered)]
    results = [n for n, c in enumerate(first) if c.result is not None]
    assert results[-1] - offers[0] + 1 == plan.tests[0].phases[0].expected_cycles == latency.total_cycles(14, 3)
    by_test = {test.name: [c for c in timeline.cycles if c.test == n] for n, test in enumerate(plan.tests)}
    assert any(c.result is not None and not c.result_ready for c in by_test["stall_all"])
    assert any(not all(c.ready) and c.phase is not None for c in by_test["shut"])
    inside = [c.phase is None for c in by_test["resets"]]
    assert sum(a and not b for a, b in pairwise(inside)) == 3  # reset at first, and twice in mid-run


FAULTS: dict[str, tuple[dict[str, object], list[Fault], str]] = {
    "sum without its carry": (DRUM, [("adder_loa", "(a_i[K-1] && b_i[K-1])", "(1'b0)")], "wrong-result"),
    "low bits of the sum ANDed": (DRUM, [("adder_loa", "a_i[K-1:0] | b_i", "a_i[K-1:0] & b_i")], "wrong-result"),
    "product not sign-extended": (DRUM, [("sign_extend", "(Signed != 0) && ", "(Signed == 0) && ")], "wrong-result"),
    "zero becomes one": (DRUM, [("segment_encoder", "ForcedOne != 0 && |shift", "ForcedOne != 0")], "wrong-result"),
    "sign lost": (DRUM, [("magnitude", "(Signed != 0) && data_i[Width-1]", "1'b0")], "wrong-result"),
    "most negative taken for zero": (
        DRUM,
        [
            (
                "magnitude",
                "^ {Width{negative_o}})",
                "^ {Width{negative_o}} ^ {negative_o && ~|data_i[Width-2:0], {(Width-1){1'b0}}})",
            )
        ],
        "wrong-result",
    ),
    "undriven bit": (DRUM, [("segment_core", "(product_o)", "(product_o[ProductWidth-1:1])")], "x-output"),
    "codes a cycle late": (
        SHARED,
        [
            ("top", "(activation_code),", "(late_code),"),
            (
                "top",
                "\n);\n\n",
                "\n);\n\n  reg [13:0] late_code;\n  always @(posedge clk_i) late_code <= activation_code;\n",
            ),
        ],
        "wrong-result",
    ),
    "reset forgotten": (DRUM, [("output_stationary_control", "      first_q <= 1'b1;\n", "")], "x-output"),
    "never ready": (
        DRUM,
        [("output_stationary_control", "advance_i && (drain_free || !operand_last_i)", "1'b0")],
        "handshake",
    ),
    "a cycle lost between tiles": (
        DRUM,
        [("output_stationary_control", "DrainCycles - 1", "DrainCycles")],
        "handshake",
    ),
    "does not compile": (DRUM, [("adder_loa", "endmodule", "endmodul")], "compile"),
    "a unit is missing": (DRUM, [("pe_output_stationary", "multiplier_drum #(", "multiplier_dram #(")], "compile"),
    "never settles": (
        DRUM,
        [
            (
                "adder_loa",
                "| b_i[K-1:0];",
                "| b_i[K-1:0];\n  reg spin;\n  initial spin = 1'b0;\n  initial forever #0 spin = !spin;",
            )
        ],
        "endless",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_its_neighbours_keep_their_verdicts(
    name: str, timelines: Timelines, tmp_path: Path
) -> None:
    fields, faults, rule = FAULTS[name]
    batch = [follower(**DRUM), follower(faults=faults, **fields), follower(), follower(**SHARED)]
    outcomes = run_lockstep(batch, timelines("output_stationary"), tmp_path, limits=SHORT)
    assert [outcome.passed for outcome in outcomes] == [True, False, True, True]
    (finding,) = outcomes[1].findings
    assert finding.rule == rule, finding
    assert finding.severity == "error"
    if rule in ("wrong-result", "x-output", "handshake"):
        assert finding.message.startswith("test "), finding
        assert "cycle " in finding.message
        assert outcomes[1].checked < outcomes[0].checked


@pytest.mark.parametrize("dataflow", DATAFLOWS[1:])
@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (
            ("partial_sum_join", "row_valid_i && partial_valid_i && register_free", "row_valid_i && register_free"),
            "handshake",
        ),
        (("partial_sum_join", "(partial_i[c", "(row_i[c"), "wrong-result"),
        (("adder_loa", "(a_i[K-1] && b_i[K-1])", "(a_i[K-1] || b_i[K-1])"), "wrong-result"),
        (("pe_operand_stationary", "      swap_q  <= 1'b0;\n", "      swap_q  <= 1'b1;\n"), None),
        (("pe_operand_stationary", "stationary_q <= loading_q", "stationary_q <= stationary_i"), "wrong-result"),
    ],
    ids=["partial sums not waited for", "partial sums not added", "carry from either", "harmless", "swapped too soon"],
)
def test_faults_of_operand_stationary_arrays(
    dataflow: str, fault: Fault, rule: str | None, timelines: Timelines, tmp_path: Path
) -> None:
    batch = [follower(dataflow, **DRUM), follower(dataflow, [fault], **DRUM)]
    good, bad = run_lockstep(batch, timelines(dataflow), tmp_path)
    assert good.passed
    assert [finding.rule for finding in bad.findings] == ([rule] if rule else [])


def test_a_finding_says_which_operands_gave_the_wrong_result(timelines: Timelines, tmp_path: Path) -> None:
    _, faults, _ = FAULTS["sum without its carry"]
    (outcome,) = run_lockstep([follower(faults=faults, **DRUM)], timelines("output_stationary"), tmp_path)
    message = outcome.findings[0].message
    assert re.match(r"test full_rate: cycle \d+: result beat \d+ is wrong\. ", message), message
    assert "expected" in message
    assert "it is the dot product (K = 14) of activations [" in message
    assert message.endswith("nobody pauses: cycles as the contract says")


def test_modules_are_the_same_only_with_all_that_is_below_them() -> None:
    leaf, other = "module leaf (\n);\nendmodule\n", "module leaf (\n);\n  wire x;\nendmodule\n"
    middle = "module middle (\n);\n  leaf u_leaf ();\nendmodule\n"
    top = "module top (\n);\n  middle #(\n    .leaf (1)\n  ) u_middle ();\nendmodule\n"
    designs = [{"leaf": text, "middle": middle, "top": top} for text in (leaf, other, leaf)]
    texts, tops = distinct_modules(designs)
    assert tops == ["top", "top__2", "top"]
    assert texts == [
        leaf,
        middle,
        top,
        other.replace("module leaf", "module leaf__2"),
        middle.replace("module middle", "module middle__2").replace("leaf u_leaf", "leaf__2 u_leaf"),
        top.replace("module top", "module top__2").replace("middle #(", "middle__2 #("),
    ]


def test_the_digest_follows_all_that_decides_the_verdict(timelines: Timelines) -> None:
    timeline = timelines("output_stationary")
    good = lockstep_digest([follower(**DRUM)], timeline)
    assert lockstep_digest([follower(**DRUM)], timeline) == good
    others = [
        [follower(faults=FAULTS["sign lost"][1], **DRUM)],
        [follower(multiplier={"family": "drum", "k": 4}, adder=DRUM["adder"])],
        [follower(**DRUM), follower()],
        [replace(follower(**DRUM), plan=matrix_plan(follower(**DRUM).spec, 2))],
    ]
    assert len({good, *(lockstep_digest(batch, timeline) for batch in others)}) == 5


def test_designs_that_cannot_be_driven_alike_are_refused(timelines: Timelines, tmp_path: Path) -> None:
    timeline = timelines("output_stationary")
    with pytest.raises(ValueError, match="its operands differ from those of the batch"):
        run_lockstep([follower(), follower(signed=False)], timeline, tmp_path)
    with pytest.raises(ValueError, match="its plan is not the one that the timeline recorded"):
        run_lockstep([follower("weight_stationary")], timeline, tmp_path)
