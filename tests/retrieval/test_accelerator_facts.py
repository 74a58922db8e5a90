"""Accelerators as facts and in a line, and which designs are near them."""

from __future__ import annotations

import pytest

from tpugen.dataset import dataset_specs
from tpugen.retrieval.facts import is_assumed, spec_facts, spec_from_facts
from tpugen.retrieval.similar import nearest_specs
from tpugen.retrieval.summary import summary_of
from tpugen.spec import AcceleratorSpec, CellFaults, PimLlmSpec, PimTileSpec, ReadNoise, TpuSpec

SPECS = [spec for spec in dataset_specs() if isinstance(spec, AcceleratorSpec)]


def test_facts_lead_back_to_the_spec() -> None:
    marred = PimTileSpec(faults=CellFaults(stuck_on=7, seed=3), noise=ReadNoise(sigma=5))
    for spec in (*SPECS, marred):
        facts = spec_facts(spec)
        assert spec_from_facts(facts) == spec
        assert all(isinstance(value, str | int | bool) for value in facts.values())
    assert spec_facts(marred)["faults.stuck_on"] == 7


def test_cells_that_nobody_spoke_of_are_no_wish() -> None:
    facts = spec_facts(PimTileSpec())
    assert [name for name in facts if name.startswith(("faults.", "noise."))] == [
        name for name in facts if "." in name and is_assumed(name, facts[name], ())
    ]


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        (TpuSpec(unsigned_activations=True), "8x8 TPU, tensor processing unit with AXI ports, int8, 256-deep operand "
         "buffers, requantisation, unsigned activations"),
        (PimTileSpec(zero_skipping=True), "128x128 ternary PIM tile, matrix vector product in memory, 128x128 "
         "crossbars, 8-bit ADCs, zero skipping"),
        (PimLlmSpec(gated=True), "PIM-LLM, hybrid accelerator of a ternary decoder layer, d 64, 4 heads, 4 KV heads, "
         "gated FFN 256, context 64, 8x8 array, 128x128 crossbars, 8-bit ADCs"),
    ],
)  # fmt: skip
def test_a_line_says_what_tells_designs_apart(spec: AcceleratorSpec, line: str) -> None:
    assert summary_of(spec) == line


def test_near_designs_are_of_the_same_kind_and_differ_least() -> None:
    for spec in (TpuSpec(), PimTileSpec(), PimLlmSpec(d_ff=128, context=16)):
        near = nearest_specs(spec, SPECS, 5)
        assert {other.kind for other in near} == {spec.kind}
        assert spec not in near
        different = [
            sum(spec_facts(spec)[name] != value for name, value in spec_facts(other).items()) for other in near
        ]
        assert different == sorted(different)
