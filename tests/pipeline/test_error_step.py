"""The step `error`: metrics of approximate units and of dot products, from the spec alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tpugen.arithmetic.error_records import DesignErrors
from tpugen.pipeline import GenerateOptions, generate
from tpugen.pipeline.error_step import is_approximate
from tpugen.pipeline.generation import design_steps
from tpugen.report.error_chart import error_chart
from tpugen.report.load import load_run
from tpugen.report.page import render_report
from tpugen.spec import spec_from_dict
from tpugen.storage import read_json

DRUM_LOA = {"multiplier": {"family": "drum", "k": 3}, "adder": {"family": "loa", "k": 6}}
SMALL: dict[str, Any] = {"activation_width_bits": 5, "weight_width_bits": 4, "accumulator_width_bits": 16}


@pytest.mark.parametrize(
    ("spec", "approximate"),
    [
        ({"kind": "mac"}, False),
        ({"kind": "mac", "adder": {"family": "exact", "structure": "kogge_stone"}}, False),
        ({"kind": "mac", "adder": {"family": "loa"}}, True),
        ({"kind": "multiplier", "multiplier": {"family": "drum"}}, True),
    ],
)
def test_only_approximate_designs_have_the_step(spec: dict[str, Any], approximate: bool) -> None:
    parsed = spec_from_dict(spec)
    assert is_approximate(parsed) == approximate
    assert ("error" in [step.id for step in design_steps(parsed)]) == approximate


@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary"])
def test_a_run_records_and_shows_its_errors(tmp_path: Path, dataflow: str) -> None:
    spec = {"kind": "systolic_array", "rows": 2, "cols": 2, "dataflow": dataflow, **SMALL, **DRUM_LOA}
    result = generate(spec, options=GenerateOptions(out=tmp_path / "run", gemms=("4x12x4",)))
    assert result.verdict == "pass", result.findings
    errors = DesignErrors.model_validate(read_json(tmp_path / "run/error/error.json"))
    assert errors.multiplier is not None
    assert errors.multiplier.exhaustive
    assert errors.multiplier.pairs == 2**9
    assert errors.multiplier.parameters == {"k": 3}
    assert errors.adder is not None
    assert errors.adder.wce == 32  # 2^(k-1) of LOA
    assert errors.dot_product is not None
    assert errors.dot_product.length == 12
    assert 0.01 < errors.dot_product.relative_rmse < 0.5
    assert result.errors is not None
    assert result.errors["multiplier"]["family"] == "drum"
    page = render_report(load_run(tmp_path / "run"))
    assert "Multiplier: drum, k = 3" in page
    assert "all 512 operand pairs" in page
    assert f"{errors.dot_product.snr_db:.1f} dB" in page
    assert "multiplier error (MRED)" in page


def test_the_chart_has_a_bar_for_every_bin(tmp_path: Path) -> None:
    from tpugen.arithmetic.error_metrics import adder_error, multiplier_error

    for metrics in (multiplier_error("drum", 8, 8, signed=True), adder_error("loa", 32, parameters={"k": 6})):
        drawing = str(error_chart(metrics))
        assert drawing.count("<rect") == len(metrics.histogram.counts)
        assert "approximate − exact" in drawing
        assert f"{1 - metrics.er:.1%} of the operand pairs give the right result" in drawing
