"""Prompts: what a model needs is in them, what it does not need is not, and they fit a small model."""

from __future__ import annotations

from importlib import resources

import pytest

from tpugen.dataset import library_modules_for, module_header
from tpugen.findings import Finding
from tpugen.retrieval import Retriever
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.spec import AdderSpec, DesignSpec, MacSpec, MultiplierSpec, SystolicArraySpec, contract_for
from tpugen.writers.candidate import assemble
from tpugen.writers.composer import compose, library_files
from tpugen.writers.prompting import estimated_tokens, first_prompt, repair_prompt, system_prompt

SPECS: list[DesignSpec] = [
    AdderSpec(width_bits=12),
    MultiplierSpec(activation_width_bits=5, weight_width_bits=9, signed=False),
    MacSpec(accumulator_width_bits=20),
    SystolicArraySpec(rows=5, cols=3),
    SystolicArraySpec(rows=2, cols=7, dataflow="weight_stationary", activation_width_bits=4),
    SystolicArraySpec(rows=32, cols=32, dataflow="input_stationary"),
]


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    return Retriever(embedder=None, cache_folder=tmp_path_factory.mktemp("index"))


def _prompt(spec: DesignSpec, retriever: Retriever, request: str = "build it", **settings: int) -> str:
    return first_prompt(spec, request, retriever.search(request, 5, spec), **settings)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: contract_for(spec).module)
def test_the_prompt_holds_contract_modules_and_request(spec: DesignSpec, retriever: Retriever):
    prompt = _prompt(spec, retriever, "please build {{ this }} & <that>")
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
    body = compose(spec)[-1].text.split(");\n", 1)[1]
    assert body.strip() not in _prompt(spec, retriever)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: contract_for(spec).module)
def test_the_prompt_fits_a_small_model(spec: DesignSpec, retriever: Retriever):
    assert estimated_tokens(system_prompt() + _prompt(spec, retriever)) < 3500


def test_source_follows_while_the_budget_lasts(retriever: Retriever):
    spec = SystolicArraySpec(rows=4, cols=4)
    source = load_library()["array_output_stationary"].source.strip()
    assert source not in _prompt(spec, retriever)
    assert source in _prompt(spec, retriever, source_budget_tokens=6000)


def test_the_numbers_of_the_design_are_given(retriever: Retriever):
    prompt = _prompt(SystolicArraySpec(rows=5, cols=3, signed=False), retriever)
    assert (
        "Numbers of this design: signed = 0 (unsigned), activation_width_bits = 8, weight_width_bits = 8, "
        "accumulator_width_bits = 32, rows = 5, cols = 3, dataflow = output_stationary." in prompt
    )


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
    assert {"system.md", "write.md.j2", "repair.md.j2"} <= names


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: contract_for(spec).module)
def test_a_candidate_is_what_the_composer_would_hand_over(spec: DesignSpec):
    composed = compose(spec)
    top = contract_for(spec).module
    candidate = assemble(spec, {top: composed[-1].text}, top, model="m", attempt=2)
    assert [(file.name, file.text, file.writer) for file in candidate[:-1]] == [
        (file.name, file.text, file.writer) for file in composed[:-1]
    ]
    assert candidate[-1].text == composed[-1].text
    assert (candidate[-1].writer, candidate[-1].model, candidate[-1].attempt) == ("llm", "m", 2)


def test_a_module_that_the_model_wrote_stands_for_the_librarys():
    spec = SystolicArraySpec(rows=2, cols=2)
    top = contract_for(spec).module
    own = "module skew_buffer (input wire x); endmodule\n"
    files = assemble(spec, {top: compose(spec)[-1].text, "skew_buffer": own}, top, model="m", attempt=1)
    (skew,) = [file for file in files if file.name == "skew_buffer.v"]
    assert (skew.writer, skew.text) == ("llm", own)
    assert files[-1].name == f"{top}.v"
    # What only the replaced module instantiated is not carried along.
    only_skew = library_files(spec, ["skew_buffer"], replaced={"skew_buffer"})
    assert only_skew == []


def test_a_candidate_without_instances_has_only_what_the_model_wrote():
    text = "module adder_s8 (input wire a); // adder_exact u_x (\nendmodule\n"
    files = assemble(AdderSpec(), {"adder_s8": text}, "adder_s8", model="m", attempt=1)
    assert [file.name for file in files] == ["adder_s8.v"]
