"""Prompts: what a model needs is in them, what it does not need is not, and they fit a small model."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

from tpugen.dataset import library_modules_for, module_header
from tpugen.findings import Finding
from tpugen.retrieval import Retriever
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.spec import (
    AdderSpec,
    AdderUnit,
    DesignSpec,
    MacSpec,
    MultiplierSpec,
    MultiplierUnit,
    SystolicArraySpec,
    contract_for,
)
from tpugen.spec.contract import Reset
from tpugen.writers.candidate import assemble
from tpugen.writers.composer import compose, library_files
from tpugen.writers.prompt_parts import (
    SIMILAR_LOOKED_AT,
    estimated_tokens,
    numbers_of,
    shown_example,
    teaching_examples,
)
from tpugen.writers.prompting import Material, first_prompt, prompts_hash, repair_prompt, system_prompt
from tpugen.writers.settings import WriterSettings
from tpugen.writers.task import WritingTask

SPECS: list[DesignSpec] = [
    AdderSpec(width_bits=12),
    MultiplierSpec(activation_width_bits=5, weight_width_bits=9, signed=False),
    MacSpec(accumulator_width_bits=20),
    SystolicArraySpec(rows=5, cols=3),
    SystolicArraySpec(rows=2, cols=7, dataflow="weight_stationary", activation_width_bits=4),
    SystolicArraySpec(rows=32, cols=32, dataflow="input_stationary"),
    SystolicArraySpec(multiplier=MultiplierUnit(family="drum"), shared_pre_approximation=True),
]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return Retriever(embedder=None, cache_folder=tmp_path_factory.mktemp("index"))


def _prompt(spec: DesignSpec, retriever: Retriever, request: str = "build it", **choices: Any) -> str:
    settings = WriterSettings(**choices)
    similar = retriever.similar_designs(spec, request, SIMILAR_LOOKED_AT)
    examples = teaching_examples(spec, (record.spec for record in similar), settings.examples)
    material = Material(tuple(retriever.search(request, 5, spec)), tuple(examples))
    return first_prompt(WritingTask.for_spec(spec, request), material, settings)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: contract_for(spec).module)
def test_the_prompt_holds_contract_modules_and_request(spec: DesignSpec, retriever: Retriever):
    prompt = _prompt(spec, retriever, "please build {{ this }} & <that>", examples=0)
    contract = contract_for(spec)
    assert "please build {{ this }} & <that>" in prompt
    assert module_header(contract) in prompt
    assert contract.latency.formula() in prompt
    for sentence in contract.behaviour:
        assert sentence in prompt
    for name in library_modules_for(spec):
        card = load_library()[name].card
        assert card.summary in prompt
        assert f"module {name} #(" in prompt
        for parameter in card.parameters:
            assert f".{parameter.name}" in prompt and parameter.meaning in prompt
        for port in card.ports:
            assert f"({port.name})" in prompt
        for inside in set(dependency_closure([name])) - {name}:
            assert inside in prompt


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: contract_for(spec).module)
def test_the_prompt_does_not_give_the_solution_away(spec: DesignSpec, retriever: Retriever):
    body = " ".join(shown_example(spec).body.split())
    for mode in ("compose", "full"):
        assert body not in " ".join(_prompt(spec, retriever, mode=mode, examples=3).split())


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: contract_for(spec).module)
def test_the_prompt_fits_a_small_model(spec: DesignSpec, retriever: Retriever):
    for settings in (WriterSettings(), WriterSettings(mode="full")):
        prompt = _prompt(spec, retriever, mode=settings.mode)
        assert estimated_tokens(system_prompt(contract_for(spec), settings) + prompt) < 3500


def test_designs_with_the_same_top_module_are_no_examples():
    spec = SystolicArraySpec(rows=2, cols=2)
    same = SystolicArraySpec(rows=2, cols=2, multiplier=MultiplierUnit(family="drum"))
    other = SystolicArraySpec(rows=2, cols=3)
    assert shown_example(same).body == shown_example(spec).body
    assert teaching_examples(spec, [same, other, same], 2) == [other]


def test_source_follows_while_the_budget_lasts(retriever: Retriever):
    spec = SystolicArraySpec(rows=4, cols=4)
    source = load_library()["array_output_stationary"].source.strip()
    assert source not in _prompt(spec, retriever)
    assert source in _prompt(spec, retriever, source_budget_tokens=6000)


def test_the_numbers_of_the_design_are_given(retriever: Retriever):
    prompt = _prompt(SystolicArraySpec(rows=5, cols=3, signed=False), retriever)
    assert (
        "Numbers of this design: signed = 0 (unsigned), activation_width_bits = 8, weight_width_bits = 8, "
        "accumulator_width_bits = 32, rows = 5, cols = 3, dataflow = output_stationary, "
        "multiplier = multiplier_exact, adder = adder_exact." in prompt
    )


def test_numbers_hold_the_parameters_of_units_and_the_widths_of_shared_codes():
    loa = AdderSpec(width_bits=8, adder=AdderUnit.model_validate({"family": "loa", "k": 3}))
    assert numbers_of(loa) == "signed = 1 (twos complement), width_bits = 8, adder = adder_loa with K = 3"
    shared = numbers_of(SPECS[-1])
    assert "multiplier = multiplier_drum with K = " in shared
    assert "activation lanes = 8, activation code width = 8 (64 bits of all lanes), weight lanes = 8" in shared


@pytest.mark.parametrize("reply", ["body", "module"])
def test_similar_designs_are_shown_as_they_are_to_be_written(reply: str, retriever: Retriever):
    spec = SystolicArraySpec(rows=6, cols=4, dataflow="weight_stationary")
    similar = (record.spec for record in retriever.similar_designs(spec, "", SIMILAR_LOOKED_AT))
    example = shown_example(teaching_examples(spec, similar, 1)[0])
    prompt = _prompt(spec, retriever, reply=reply)
    assert f"Its numbers: {example.numbers}." in prompt
    assert ("Its body:\n" in prompt) == (reply == "body")
    assert example.header in prompt and example.body in prompt
    assert example.body.endswith("endmodule") and "//" not in example.body
    # The header to copy or to continue stands last.
    assert prompt.rstrip().endswith(f"```verilog\n{module_header(contract_for(spec))}\n```")


def test_what_is_the_same_for_alike_requests_stands_first(retriever: Retriever):
    """A server that keeps the beginning of a prompt reads the library's part once."""
    prompts = [_prompt(SystolicArraySpec(rows=rows), retriever, examples=0) for rows in (3, 4)]
    assert prompts[0].index("# Library modules") < prompts[0].index("# Request")
    assert prompts[0].partition("# Request")[0] == prompts[1].partition("# Request")[0]


def test_the_rules_of_full_mode_name_the_contracts_clock_and_reset():
    full = WriterSettings(mode="full")
    assert "It has no clock" in system_prompt(contract_for(AdderSpec()), full)
    mac = contract_for(MacSpec())
    assert "`always @(posedge clk_i or negedge rst_ni) if (!rst_ni) ... else ...`" in system_prompt(mac, full)
    own = mac.model_copy(update={"clock": "clk", "reset": Reset(port="reset", asynchronous=False, active_low=False)})
    assert "`always @(posedge clk) if (reset) ... else ...`" in system_prompt(own, full)


def test_the_hash_tells_prompts_apart():
    assert len(prompts_hash()) == 16


def test_findings_are_fed_back_with_the_line_that_they_point_at():
    contract = contract_for(AdderSpec())
    sources = {"adder_s8.v": "module adder_s8 (\n  input wire [6:0] a_i,\n"}
    findings = [
        Finding(severity="error", gate="contract", rule="port-width", message="port a_i is\n 7 bits, expected 8",
                file="adder_s8.v", line=2, hint="declare [7:0]"),
        Finding(severity="error", gate="lint", rule="syntax", message="oops", file="elsewhere.v", line=99),
        Finding(severity="warning", gate="lint", rule="style", message="a warning on the library", file="library.v"),
        Finding(severity="warning", gate="lint", rule="width", message="expects 64 bits", file="adder_s8.v", line=1),
        Finding(severity="info", gate="lint", rule="note", message="by the way", file="adder_s8.v", line=1),
    ]  # fmt: skip
    prompt = repair_prompt(contract, findings, sources)
    assert "3 problems:" in prompt
    assert "2. [contract/port-width] port a_i is 7 bits, expected 8\n" in prompt
    assert "   At adder_s8.v line 2: `input wire [6:0] a_i,`\n   To mend it: declare [7:0]\n" in prompt
    assert "3. [lint/syntax] oops\n" in prompt and "elsewhere.v" not in prompt
    assert "1. [lint/width] expects 64 bits\n   At adder_s8.v line 1: `module adder_s8 (`\n" in prompt
    assert "a warning on the library" not in prompt and "by the way" not in prompt
    assert module_header(contract) in prompt


def test_of_many_findings_the_first_are_shown_each_once():
    many = [Finding(severity="error", gate="lint", rule="x", message=f"number {n // 2}") for n in range(40)]
    prompt = repair_prompt(contract_for(AdderSpec()), many, {})
    assert "20 problems, the first 8:" in prompt
    assert prompt.count("number 7") == 1 and "number 8" not in prompt


def test_prompts_are_files_of_the_package():
    folder = resources.files("tpugen.writers.prompts")
    names = {item.name for item in folder.iterdir()}
    assert {"system_compose.md.j2", "system_full.md.j2", "compose.md.j2", "full.md.j2", "repair.md.j2"} <= names


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: contract_for(spec).module)
def test_a_candidate_is_what_the_composer_would_hand_over(spec: DesignSpec):
    composed = compose(spec)
    top = contract_for(spec).module
    candidate = assemble(WritingTask.for_spec(spec), {top: composed[-1].text}, library=True, model="m", attempt=2)
    assert {(file.name, file.text, file.writer) for file in candidate[:-1]} == {
        (file.name, file.text, file.writer) for file in composed[:-1]
    }
    assert candidate[-1].text == composed[-1].text
    assert (candidate[-1].writer, candidate[-1].model, candidate[-1].attempt) == ("llm", "m", 2)


def test_a_module_that_the_model_wrote_stands_for_the_librarys():
    spec = SystolicArraySpec(rows=2, cols=2)
    top = contract_for(spec).module
    own = "module skew_buffer (input wire x); endmodule\n"
    written = {top: compose(spec)[-1].text, "skew_buffer": own}
    files = assemble(WritingTask.for_spec(spec), written, library=True, model="m", attempt=1)
    (skew,) = [file for file in files if file.name == "skew_buffer.v"]
    assert (skew.writer, skew.text) == ("llm", own)
    assert files[-1].name == f"{top}.v"
    # What only the replaced module instantiated is not carried along.
    only_skew = library_files(spec, ["skew_buffer"], replaced={"skew_buffer"})
    assert only_skew == []


def test_a_candidate_without_instances_has_only_what_the_model_wrote():
    text = "module adder_s8 (input wire a); // adder_exact u_x (\nendmodule\n"
    files = assemble(WritingTask.for_spec(AdderSpec()), {"adder_s8": text}, library=True, model="m", attempt=1)
    assert [file.name for file in files] == ["adder_s8.v"]


def test_in_full_mode_a_candidate_is_what_the_model_wrote():
    spec = SystolicArraySpec(rows=2, cols=2)
    top = contract_for(spec).module
    written = {top: compose(spec)[-1].text, "helper": "module helper (input wire x); endmodule\n"}
    files = assemble(WritingTask.for_spec(spec), written, library=False, model="m", attempt=1)
    assert [file.name for file in files] == ["helper.v", f"{top}.v"]


def test_without_a_spec_library_modules_come_with_what_they_need():
    contract = contract_for(AdderSpec())
    text = "module adder_s8 (input wire x); carry_save_tree u_t (.x (x)); partial_products u_p (.x (x)); endmodule\n"
    files = assemble(WritingTask("x", contract), {"adder_s8": text}, library=True, model="m", attempt=1)
    names = [file.name.removesuffix(".v") for file in files]
    assert names[-1] == "adder_s8" and set(names[:-1]) == set(
        dependency_closure(["carry_save_tree", "partial_products"])
    )
