"""The golden decoder layer against the product's model; the golden check against right and wrong accelerators."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpugen.arithmetic import nonlinear
from tpugen.arithmetic.decoder_layer import IntegerLayer, IntegerNorm, LowBitWeights, Scales, program, run_tokens
from tpugen.bench.golden import golden_check, layer_units
from tpugen.bench.golden.crossbars import Crossbars
from tpugen.bench.golden.decoder_layer import DecoderLayer
from tpugen.bench.golden.layer_job import layer_job
from tpugen.bench.golden.layer_settings import MATRICES, VOICES, LayerSettings, matrices
from tpugen.bench.golden.stimulus import Operands
from tpugen.findings import Finding
from tpugen.spec import DesignSpec, PimLlmSpec, spec_from_dict
from tpugen.writers.composer import compose

SUITE = Path(__file__).resolve().parents[2] / "tpugen" / "bench" / "suites" / "accelerators.jsonl"
SMALL: dict[str, Any] = {
    "kind": "pim_llm", "d": 6, "heads": 2, "kv_heads": 1, "d_ff": 7, "context": 3, "rows": 2, "cols": 2,
    "operand_depth": 4, "crossbar_rows": 4, "crossbar_cols": 5, "adc_bits": 2, "columns_per_adc": 2,
}  # fmt: skip
OTHER = SMALL | {"gated": True, "norm": "layer_norm", "activation": "relu2", "weights": "binary", "zero_skipping": True}
BROKEN = {"faults": {"stuck_off": 6000, "stuck_on": 5000, "seed": 3}, "noise": {"sigma": 300, "seed": 0xFFFFFFFD}}


def _llm(data: dict[str, Any]) -> PimLlmSpec:
    spec = spec_from_dict(data)
    assert isinstance(spec, PimLlmSpec)
    return spec


def _suite(name: str) -> PimLlmSpec:
    problems = map(json.loads, SUITE.read_text(encoding="utf-8").splitlines())
    return _llm(next(problem["expect"] for problem in problems if problem["id"] == name))


NUMBERS = r"result \d of token \d of programme \d \(position \d\) is -?\d+, expected -?\d+"


# -- formulas -------------------------------------------------------------------------------------------------------


def test_activations_agree_everywhere() -> None:
    numbers = np.arange(-(1 << 15), 1 << 15)
    assert [layer_units.gelu(x) for x in numbers.tolist()] == nonlinear.gelu(numbers).tolist()
    for shift in (0, 1, 8, 17):
        squares = [layer_units.squared_relu(x, shift) for x in numbers.tolist()]
        assert squares == nonlinear.relu2(numbers, shift).tolist()


def test_gelu_is_gelu() -> None:
    """Hendrycks and Gimpel's figure 1: zero at zero, the least value -0.17 near -0.75, the identity far out."""
    assert layer_units.gelu(0) == 0
    least = min(range(-1024, 1024), key=layer_units.gelu)
    assert (layer_units.gelu(least) / 256, least / 256) == (
        pytest.approx(-0.17, abs=2e-3),
        pytest.approx(-0.75, abs=0.1),
    )
    assert layer_units.gelu(5000) == 5000 and layer_units.gelu(-5000) == 0


def test_weights_of_equal_scores_and_of_halves() -> None:
    """With 4096 for a factor of two: equal scores weigh the same, one less weighs half, rounded up."""
    assert layer_units.attention_weights([7, 7, 7], 4096, 0) == [255, 255, 255]
    assert layer_units.attention_weights([3, 4, 2, -20], 4096, 0) == [128, 255, 64, 0]
    assert layer_units.mean_of_values([255, 255], [-128, -128]) == -32767


@pytest.mark.parametrize("seed", range(20))
def test_vector_units_agree(seed: int) -> None:
    draw = Operands(seed, True)
    length, bits, shift = draw.length(40), draw.length(16) - 1, draw.length(64) - 1
    x, gains, biases = (draw.vector(16, length) for _ in range(3))
    assert layer_units.rms_norm(x, gains, bits) == nonlinear.rms_norm(x, gains, gain_fraction_bits=bits).tolist()
    expected = nonlinear.layer_norm(x, gains, biases, gain_fraction_bits=bits).tolist()
    assert layer_units.layer_norm(x, gains, biases, bits) == expected
    quantised = nonlinear.absmax_quantise(x)
    assert layer_units.absmax(x) == (quantised.values.tolist(), int(quantised.scale))
    scores, values, multiplier = draw.vector(20, length), draw.vector(8, length), draw.length(65535)
    for places in (shift, 3 + seed % 16):
        weights = nonlinear.softmax_weights(scores, multiplier, places)
        assert layer_units.attention_weights(scores, multiplier, places) == weights.weights.tolist()
        total = int(weights.weights @ np.array(values))
        mean = layer_units.mean_of_values(weights.weights.tolist(), values)
        assert mean == int(nonlinear.weighted_mean(total, weights.sums))


@pytest.mark.parametrize("voice", range(len(VOICES)))
@pytest.mark.parametrize("data", [SMALL, OTHER, SMALL | BROKEN, OTHER | BROKEN], ids=["one", "other", "bad", "worse"])
def test_whole_layers_agree(data: dict[str, Any], voice: int) -> None:
    """Every token, every read, and the counts of clipped conversions."""
    spec, draw = _llm(data), Operands(voice, True)
    weights = matrices(spec, draw)
    tiles = {name: Crossbars(spec, matrix, number=MATRICES.index(name)) for name, matrix in weights.items()}
    settings = LayerSettings.random(spec, draw, VOICES[voice])
    layer = DecoderLayer(spec, settings, tiles)
    stream = [draw.vector(16, spec.d), draw.vector(9, spec.d), [0] * spec.d]
    found = [layer.run(x, position) for position, x in enumerate(stream)]
    same, stored = _as_model(spec, settings, weights)
    expected, state = run_tokens(same, stream, tiles=stored)
    for token, trace in zip(found, expected, strict=True):
        assert token.numbers["x2"] == trace.x2.tolist()
        for name, reading in token.readings.items():
            product = trace.products[name]
            assert (reading.planes, reading.clips) == (int(product.planes), int(product.clips))
    assert {name: tile.reads for name, tile in tiles.items()} == state.reads


def _as_model(spec: PimLlmSpec, settings: LayerSettings, weights: dict[str, Any]) -> tuple[IntegerLayer, Any]:
    """The product's model of the same layer, and its programmed tiles."""
    arrays = {name: np.array(matrix, dtype=np.int8) for name, matrix in weights.items()}
    biased = spec.norm == "layer_norm"
    norms = [
        IntegerNorm(
            np.array(norm.gains, dtype=np.int16),
            np.array(norm.biases, dtype=np.int16) if biased else None,
            norm.fraction_bits,
        )
        for norm in settings.norms
    ]
    layer = IntegerLayer(
        shape=spec.shape,
        matrices={name: LowBitWeights(array, 1.0) for name, array in arrays.items()},
        constants={name: nonlinear.Factor(*settings.factors[name]) for name in arrays},
        norm1=norms[0],
        norm2=norms[1],
        softmax=nonlinear.Factor(*settings.factors["softmax"]),
        activation_shift=settings.shifts.get("activation", 0),
        gate_shift=settings.shifts.get("gate", 0),
        scales=Scales(1, 1, 1, 1, 1, 1),
    )
    return layer, program(spec.shape, arrays, spec.crossbars)


def test_what_a_design_is_tried_on_is_worth_it() -> None:
    """Weights between none and all, numbers that saturate and numbers that do not, clipped conversions, planes."""
    tokens = [token for programme in layer_job(_llm(SMALL), 1).programmes for token in programme.tokens]
    weights = {w for token in tokens for name, row in token.numbers.items() if "weights" in name for w in row}
    assert len(weights - {0, 255}) >= 8
    results = {x for token in tokens for x in token.numbers["x2"]}
    assert {-32768, 32767} < results and len(results) > 60
    assert any(max(map(abs, token.numbers["h"])) < 128 for token in tokens)
    readings = [reading for token in tokens for reading in token.readings.values()]
    assert sum(reading.clips > 0 for reading in readings) > 3
    assert len({token.position for token in tokens}) > 2


# -- the check ------------------------------------------------------------------------------------------------------


def _found(spec: DesignSpec, texts: dict[str, str], folder: Path) -> list[Finding]:
    files = []
    for name, text in texts.items():
        files.append(folder / name)
        files[-1].write_text(text, encoding="utf-8")
    return golden_check(spec, files, folder / "golden")


def _composed(spec: DesignSpec) -> dict[str, str]:
    return {file.name: file.text for file in compose(spec)}


@pytest.mark.parametrize("name", ["acc-llm-01", "acc-llm-02"])
def test_designs_of_the_suite_pass(name: str, tmp_path: Path) -> None:
    spec = _suite(name)
    assert _found(spec, _composed(spec), tmp_path) == []


@pytest.mark.parametrize("data", [OTHER, SMALL | BROKEN], ids=["gated", "stuck cells and noise"])
def test_small_designs_pass(data: dict[str, Any], tmp_path: Path) -> None:
    spec = _llm(data)
    assert _found(spec, _composed(spec), tmp_path) == []


@pytest.mark.parametrize(
    ("data", "file", "right", "wrong", "said"),
    [
        (SMALL, "requantise_core.v", "extended + bias", "extended", r"token 0 of programme 0 \(position 0\) is"),
        (SMALL, "saturating_adder.v", "fits ? sum[Width-1:0]", "1'b1 ? sum[Width-1:0]", NUMBERS),
        (SMALL, "power_of_two.v", "17'd46341", "17'd44341", "of token [123]"),
        (SMALL, "softmax_weights.v", "{power, 8'b0} - {8'b0, power}", "{power, 8'b0} - {7'b0, power, 1'b0}", NUMBERS),
        (SMALL, "gelu_tail.v", "rise * along", "rise", NUMBERS),
        (SMALL, "crossbar.v", "(1 << (AdcBits - 1)) - 1", "(1 << (AdcBits - 1)) - 2", NUMBERS),
        (SMALL, "projection_tile.v", "<= clips;", "<= clips_q + clips;", "that clipped after token 1 of programme 0"),
        (SMALL, "token_status.v", "length_q <= position_i;", "length_q <= length_q;", "LENGTH after token 2"),
        (SMALL, "token_status.v", "done_q || |errors_q", "1'b0", "nothing moves any more .* waiting for token 0"),
        (OTHER, "relu2.v", "{16{!operand_i[15]}}", "16'hffff", NUMBERS),
        (OTHER, "norm_stage.v", "written = {bias_i, gain_i};", "written = {16'd0, gain_i};", NUMBERS),
        (SMALL | BROKEN, "projection_bank.v", "(FaultSeed + m)", "(FaultSeed)", NUMBERS),
    ],
)  # fmt: skip
def test_wrong_layers_are_refused(
    data: dict[str, Any], file: str, right: str, wrong: str, said: str, tmp_path: Path
) -> None:
    spec = _llm(data)
    texts = _composed(spec)
    assert texts[file].count(right) == 1
    found = _found(spec, texts | {file: texts[file].replace(right, wrong)}, tmp_path)
    assert found and {finding.severity for finding in found} == {"error"}
    assert re.search(said, "\n".join(finding.message for finding in found)), found
    assert found[0].hint == "golden.txt beside the bench has the numbers of every operator"
    assert "token 1 of programme 0 (position 1):\n  x: " in (tmp_path / "golden" / "golden.txt").read_text("utf-8")


def test_layers_that_cannot_be_simulated_here_are_named(tmp_path: Path) -> None:
    wide = {"kind": "pim_llm", "d": 128, "d_ff": 256, "rows": 9, "crossbar_cols": 129}
    (finding,) = golden_check(spec_from_dict(wide), [], tmp_path)
    assert (finding.severity, finding.rule) == ("info", "no-second-opinion")
    sizes = "d of 128 (up to 64), array of 72 (up to 64), crossbar of 16512 (up to 16384)"
    assert finding.message == f"a decoder layer is too large to be simulated here: {sizes}"


TILE: dict[str, Any] = {
    "kind": "pim_tile", "rows": 9, "cols": 7, "crossbar_rows": 4, "crossbar_cols": 5, "adc_bits": 3,
    "columns_per_adc": 2, "faults": {"stuck_off": 9000, "stuck_on": 7000, "seed": 0xFFFFFFFF},
}  # fmt: skip


def test_stuck_cells_of_a_tile(tmp_path: Path) -> None:
    spec = spec_from_dict(TILE)
    texts = _composed(spec)
    assert _found(spec, texts, tmp_path) == []
    wrong = texts | {"crossbar.v": texts["crossbar.v"].replace("draw < StuckOff + StuckOn", "draw < StuckOn")}
    assert wrong != texts
    assert {finding.rule for finding in _found(spec, wrong, tmp_path)} == {"mismatch"}
