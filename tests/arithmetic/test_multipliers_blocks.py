"""Array, block and static-segment multipliers: models against the definitions, published figures, their RTL."""

from __future__ import annotations

import itertools
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.arithmetic import MULTIPLIERS, multipliers
from tpugen.arithmetic.units import multiply
from tpugen.errors import SpecError
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.spec import MultiplierSpec, spec_from_dict
from tpugen.verif.proof import prove
from tpugen.verif.simulation import simulate
from tpugen.writers.composer import compose
from tpugen.writers.files import write_files

FAMILIES = ("ssm", "udm", "eim", "asm", "bam", "rad")
STRUCTURES = MULTIPLIERS["exact"].structures

Parameters = dict[str, int]
Widths = tuple[int, int]

# ---------------------------------------------------------------------------------------------------------------------
# A second opinion: one pair at a time in plain Python, straight from the definitions, apart from the models.


def _static_segments(a: int, b: int, widths: Widths, m: int) -> int:
    product = 1
    for x, width in zip((a, b), widths, strict=True):
        bits = format(x, f"0{width}b")
        fits = "1" not in bits[: width - m]
        product *= int(bits[width - m :], 2) if fits else int(bits[:m] + "0" * (width - m), 2)
    return product


def _in_blocks(a: int, b: int, radix: int, block: Callable[[int, int], int]) -> int:
    def digits(x: int) -> list[int]:
        return [x // radix**i % radix for i in range(32)]

    return sum(
        block(x, y) * radix ** (i + j) for i, x in enumerate(digits(a)) if x for j, y in enumerate(digits(b)) if y
    )


def _block_of_eim(x: int, y: int) -> int:
    def p(i: int, j: int) -> int:
        return (x >> i) % 2 * ((y >> j) % 2)

    q = p(3, 2) & p(2, 3)
    r = [
        p(0, 0),
        p(0, 1) | p(1, 0),
        p(0, 2) | p(1, 1) | p(2, 0),
        p(0, 3) | p(1, 2) | p(2, 1) | p(3, 0),
        (p(0, 3) & p(1, 2) & p(2, 1) & p(3, 0)) | p(1, 3) | p(2, 2),
        (p(1, 3) & p(2, 2) & p(3, 1)) ^ p(2, 3) ^ p(3, 2),
        q ^ p(3, 3),
        q & p(3, 3),
    ]
    return sum(bit * 2**position for position, bit in enumerate(r))


def _broken_array(a: int, b: int, vbl: int, hbl: int) -> int:
    return sum(
        2 ** (i + j)
        for i in range(a.bit_length())
        for j in range(hbl, b.bit_length())
        if i + j >= vbl and a >> i & 1 and b >> j & 1
    )


def _high_radix(a: int, b: int, k: int) -> int:
    low = b % 2**k
    low -= 2**k if low >= 2 ** (k - 1) else 0
    digits = sorted({0, *(sign * 2 ** (k - s) for sign in (1, -1) for s in (1, 2, 3, 4))})
    # Of two digits equally near, the greater one.
    digit = min(digits, key=lambda d: (abs(d - low), -d))
    return a * (b - low + digit)


def second_opinion(family: str, a: int, b: int, widths: Widths, signed: bool, p: Parameters) -> int:
    if family == "rad":
        return _high_radix(a, b, p["k"])
    core: Callable[[int, int], int] = {
        "ssm": lambda x, y: _static_segments(x, y, widths, p["m"]),
        "udm": lambda x, y: _in_blocks(x, y, 4, lambda u, v: 7 if u == v == 3 else u * v),
        "eim": lambda x, y: _in_blocks(x, y, 16, _block_of_eim),
        "asm": lambda x, y: _in_blocks(x, y, 16, lambda u, v: u * {9: 8, 11: 10, 13: 12, 15: 14}.get(v, v)),
        "bam": lambda x, y: _broken_array(x, y, p["vbl"], p["hbl"]),
    }[family]
    return core(abs(a), abs(b)) * (-1 if (a < 0) != (b < 0) else 1)


# ---------------------------------------------------------------------------------------------------------------------
# Models


def _operands(width: int, signed: bool) -> range:
    half = 1 << (width - 1)
    return range(-half, half) if signed else range(2 * half)


def _every_parameter(family: str, widths: Widths) -> Iterator[Parameters]:
    parameters = MULTIPLIERS[family].parameters
    for values in itertools.product(*(parameter.values(*widths) for parameter in parameters)):
        yield dict(zip((parameter.name for parameter in parameters), values, strict=True))


SMALL: list[Widths] = [(5, 5), (6, 4), (2, 5), (4, 6), (3, 2)]


@pytest.mark.parametrize(
    ("family", "widths"),
    # RAD's digit takes four bits of the weight.
    [case for case in itertools.product(FAMILIES, SMALL) if case[0] != "rad" or case[1][1] >= 4],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}x{value[1]}",
)
def test_all_pairs_and_parameters_at_small_widths(family: str, widths: Widths) -> None:
    for signed, parameters in itertools.product((False, True), _every_parameter(family, widths)):
        a, b = (_operands(width, signed) for width in widths)
        expected = [[second_opinion(family, x, y, widths, signed, parameters) for y in b] for x in a]
        found = multiply(family, np.array(a)[:, None], np.array(b)[None, :], *widths, signed=signed, **parameters)
        np.testing.assert_array_equal(found, expected, err_msg=f"{signed=} {parameters}")


@st.composite
def _cases(draw: st.DrawFn) -> tuple[str, Widths, bool, Parameters, list[int], list[int]]:
    family = draw(st.sampled_from(FAMILIES))
    smallest = 4 if family == "rad" else 2
    widths = (draw(st.integers(2, 32)), draw(st.one_of(st.integers(smallest, 32), st.just(32))))
    signed = draw(st.booleans())
    parameters = {p.name: draw(st.sampled_from(p.values(*widths))) for p in MULTIPLIERS[family].parameters}

    def operands(width: int) -> st.SearchStrategy[list[int]]:
        every = _operands(width, signed)
        corners = st.sampled_from([0, 1, every[0], every[-1], every[-1] - 1])
        return st.lists(st.one_of(corners, st.integers(every[0], every[-1])), min_size=1, max_size=6)

    return family, widths, signed, parameters, draw(operands(widths[0])), draw(operands(widths[1]))


@given(_cases())
@settings(max_examples=400, deadline=None)
def test_any_widths_to_32_bits(case: tuple[str, Widths, bool, Parameters, list[int], list[int]]) -> None:
    family, widths, signed, parameters, a, b = case
    found = multiply(family, np.array(a)[:, None], np.array(b)[None, :], *widths, signed=signed, **parameters)
    expected = [[second_opinion(family, x, y, widths, signed, parameters) for y in b] for x in a]
    assert found.tolist() == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_single_numbers_without_a_warning(family: str) -> None:
    parameters = MULTIPLIERS[family].complete({}, 32, 32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = multiply(family, 4294967295, 3221225471, 32, 32)
    assert int(found) == second_opinion(family, 4294967295, 3221225471, (32, 32), False, parameters)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("family", "parameters"), [("eim", {}), ("bam", {"vbl": 9, "hbl": 3}), ("bam", {"vbl": 20, "hbl": 0})]
)
def test_tables_of_many_weights_are_the_same_as_pair_by_pair(family: str, parameters: Parameters, signed: bool) -> None:
    """A few activations against a long row of weights take the tabulated way; equal shapes do not."""
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 1 << 16, (3, 1)), rng.integers(0, 1 << 13, (1, 1000))
    tabulated = multiply(family, a, b, 16, 13, signed=signed, **parameters)
    pairs = multiply(family, *np.broadcast_arrays(a, b), 16, 13, signed=signed, **parameters)
    assert tabulated.shape == (3, 1000)
    np.testing.assert_array_equal(tabulated, pairs)


def test_a_broken_array_never_breaks_to_nothing() -> None:
    """At the largest vbl one partial product is left, that of both top bits; beyond it the spec refuses."""
    a, b = np.arange(256)[:, None], np.arange(256)[None, :]
    np.testing.assert_array_equal(multiply("bam", a, b, 8, 8, vbl=14, hbl=7), ((a >> 7) & (b >> 7)) << 14)
    with pytest.raises(SpecError) as caught:
        multiply("bam", a, b, 8, 8, vbl=16)
    assert str(caught.value) == "multiplier.vbl: 16 is outside 0..14 for bam at 8 bits; 4 would work"
    with pytest.raises(SpecError, match=r"multiplier\.family: rad needs wider operands than 8x3 bits"):
        multiply("rad", a, b, 8, 3)


def test_blocks_never_exceed_the_exact_product() -> None:
    """So that no block multiplier leaves the product's width, odd widths included."""
    a, b = np.arange(256)[:, None], np.arange(256)[None, :]
    for family in ("udm", "eim", "asm"):
        assert np.all(multiply(family, a, b, 8, 8) <= a * b), family


@pytest.mark.parametrize("signed", [False, True])
def test_rad_never_leaves_the_product_s_width(signed: bool) -> None:
    """The recoded weight stays within -2^(n-1)..2^(n-1), unsigned within 0..2^n, for every weight and every k."""
    for width in range(4, 13):
        weights = np.array(_operands(width, signed))
        low, high = (-(1 << (width - 1)), 1 << (width - 1)) if signed else (0, 1 << width)
        for k in MULTIPLIERS["rad"].parameters[0].values(8, width):
            recoded = multipliers.rad(1, weights, 8, width, signed, k=k)
            assert low <= recoded.min() <= recoded.max() <= high


@pytest.mark.parametrize(
    ("k", "digits"),
    [
        (4, {-8: -8, -7: -8, -6: -4, -5: -4, -3: -2, -1: -1, 0: 0, 1: 1, 3: 4, 5: 4, 6: 8, 7: 8}),
        (8, {7: 0, 8: 16, 23: 16, 24: 32, 47: 32, 48: 64, 95: 64, 96: 128, 127: 128}),
        (8, {-8: 0, -9: -16, -24: -16, -25: -32, -48: -32, -49: -64, -96: -64, -97: -128, -128: -128}),
    ],
)
def test_rad_rounds_half_way_up_for_both_signs(k: int, digits: dict[int, int]) -> None:
    found = multiply("rad", 1, np.array(list(digits)), 8, 12, signed=True, k=k)
    assert dict(zip(digits, found.tolist(), strict=True)) == digits


# ---------------------------------------------------------------------------------------------------------------------
# Figures that the papers print


def _mred_percent(found: np.ndarray, exact: np.ndarray) -> float:
    counted = exact != 0
    return float(100 * np.mean(np.abs(found - exact)[counted] / np.abs(exact)[counted]))


def test_udm_over_all_pairs_of_8_bits() -> None:
    a, b = np.arange(256)[:, None], np.arange(256)[None, :]
    found = multiply("udm", a, b, 8, 8)
    assert _mred_percent(found, a * b) == pytest.approx(3.28, abs=0.005)
    assert 100 * np.mean(found != a * b) == pytest.approx(46.73, abs=0.005)


@pytest.mark.parametrize(("k", "percent"), [(8, 0.28), (10, 0.93)], ids=["RAD256", "RAD1024"])
def test_rad_over_all_signed_weights_of_16_bits(k: int, percent: float) -> None:
    """The relative error does not depend on the activation, so all pairs have the mean of all weights."""
    weights = np.array(_operands(16, True))
    assert _mred_percent(multiply("rad", -21, weights, 16, 16, signed=True, k=k), -21 * weights) == pytest.approx(
        percent, abs=0.005
    )


@pytest.mark.parametrize(
    # 2^20 pairs: the sample's standard error is below a thousandth of the figure; the papers' last digit leaves more.
    ("k", "percent", "allowed"),
    [(3, 11.9, 0.05), (4, 5.89, 0.01), (5, 2.94, 0.01), (6, 1.47, 0.01), (7, 0.73, 0.01), (8, 0.37, 0.01)],
)
def test_drum_over_a_sample_of_16_bits(k: int, percent: float, allowed: float) -> None:
    a, b = np.random.default_rng(2015).integers(0, 1 << 16, (2, 1 << 20))
    assert _mred_percent(multiply("drum", a, b, 16, 16, k=k), a * b) == pytest.approx(percent, abs=allowed)


# ---------------------------------------------------------------------------------------------------------------------
# RTL


def _unit(family: str, structure: str | None = None) -> str:
    return f"multiplier_{structure or family}"


def _write_library(names: list[str], folder: Path) -> list[str]:
    library = load_library()
    files = []
    for name in dependency_closure(names):
        (folder / f"{name}.v").write_text(library[name].source)
        files.append(f"{name}.v")
    return files


def _instances(family: str, structure: str | None) -> list[tuple[Widths, bool, Parameters]]:
    """Every parameter at 4x4, 3x5 and 2x6 bits, signed and unsigned."""
    return [
        (widths, signed, parameters)
        for widths, signed in itertools.product([(4, 4), (3, 5), (2, 6)], (False, True))
        for parameters in (_every_parameter(family, widths) if structure is None else [{}])
    ]


@pytest.mark.parametrize(
    ("family", "structure"),
    [(family, None) for family in FAMILIES] + [("exact", structure) for structure in STRUCTURES],
    ids=[*FAMILIES, *STRUCTURES],
)
def test_rtl_equals_the_model_for_all_pairs(family: str, structure: str | None, tmp_path: Path) -> None:
    """One bench holds every configuration; it prints their products for all pairs, 8 bits together."""
    cases = _instances(family, structure)
    module = _unit(family, structure)
    files = _write_library([module], tmp_path)
    body, shown = [], []
    for number, ((first, second), signed, parameters) in enumerate(cases):
        settings = {"ActivationWidth": first, "WeightWidth": second, "Signed": int(signed)}
        settings |= {name.capitalize(): value for name, value in parameters.items()}
        chosen = ", ".join(f".{name}({value})" for name, value in settings.items())
        body.append(f"  wire [{first + second - 1}:0] p{number};")
        body.append(
            f"  {module} #({chosen}) u_{number} (.activation_i(x[7:{second}]), .weight_i(x[{second - 1}:0]), "
            f".product_o(p{number}));"
        )
        shown.append(f"p{number}")
    bench = [
        "module bench;",
        "  reg [7:0] x;",
        "  integer i;",
        *body,
        "  initial for (i = 0; i < 256; i = i + 1) begin",
        "    x = i[7:0];",
        f'    #1 $display("{" ".join(["%0d"] * len(shown))}", {", ".join(shown)});',
        "  end",
        "endmodule",
    ]
    (tmp_path / "bench.v").write_text("\n".join(bench) + "\n")
    subprocess.run(["iverilog", "-g2005", "-o", "bench.vvp", "bench.v", *files], cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=tmp_path, check=True, capture_output=True, text=True)
    products = np.array([line.split() for line in done.stdout.splitlines()])
    assert products.shape == (256, len(cases))
    pairs = np.arange(256)
    for column, (widths, signed, parameters) in enumerate(cases):
        expected = multiply(family, pairs >> widths[1], pairs % (1 << widths[1]), *widths, signed=signed, **parameters)
        expected = expected & ((1 << sum(widths)) - 1)
        wrong = np.flatnonzero(products[:, column] != expected.astype(str))
        assert not wrong.size, f"{widths} {signed=} {parameters}: {wrong.size} wrong, the first for {wrong[0]:#x}"


@pytest.mark.parametrize("widths", [(6, 6), (3, 6), (6, 2)], ids=lambda widths: f"{widths[0]}x{widths[1]}")
@pytest.mark.parametrize("structure", STRUCTURES)
def test_exact_structures_are_proved(structure: str, widths: Widths, tmp_path: Path) -> None:
    for signed in (False, True):
        spec = MultiplierSpec.model_validate(
            {
                "activation_width_bits": widths[0],
                "weight_width_bits": widths[1],
                "signed": signed,
                "multiplier": {"family": "exact", "structure": structure},
            }
        )
        folder = tmp_path / str(signed)
        assert prove(spec, write_files(compose(spec), folder / "rtl"), folder / "proof") == []


CORNERS = [0, 1, 0x7FFFFFFF, 0x80008100, 0xAAAAAAAA, 0x55555555, 0xFFFFFFFF]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("widths", [(16, 16), (32, 32), (9, 32)], ids=lambda widths: f"{widths[0]}x{widths[1]}")
def test_exact_structures_at_wide_operands(widths: Widths, signed: bool, tmp_path: Path) -> None:
    """Corners against corners, then random pairs; Python's own product is the judge."""
    files = _write_library([_unit("exact", structure) for structure in STRUCTURES], tmp_path)
    rng = np.random.default_rng(1964)
    pairs = [*itertools.product(CORNERS, CORNERS), *rng.integers(0, 1 << 32, (60, 2)).tolist()]
    (tmp_path / "pairs.hex").write_text("\n".join(f"{a:08x}{b:08x}" for a, b in pairs))
    chosen = f".ActivationWidth({widths[0]}), .WeightWidth({widths[1]}), .Signed({int(signed)})"
    ports = f".activation_i(x[{31 + widths[0]}:32]), .weight_i(x[{widths[1] - 1}:0])"
    bench = ["module bench;", f"  reg [63:0] pairs [0:{len(pairs) - 1}];", "  reg [63:0] x;", "  integer i;"]
    for structure in STRUCTURES:
        bench.append(f"  wire [{sum(widths) - 1}:0] {structure};")
        bench.append(f"  {_unit('exact', structure)} #({chosen}) u_{structure} ({ports}, .product_o({structure}));")
    bench += [
        '  initial begin $readmemh("pairs.hex", pairs);',
        f"    for (i = 0; i < {len(pairs)}; i = i + 1) begin x = pairs[i]; #1",
        f'      $display("{"%0d " * len(STRUCTURES)}", {", ".join(STRUCTURES)});',
        "    end",
        "  end",
        "endmodule",
    ]
    (tmp_path / "bench.v").write_text("\n".join(bench) + "\n")
    subprocess.run(["iverilog", "-g2005", "-o", "bench.vvp", "bench.v", *files], cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=tmp_path, check=True, capture_output=True, text=True)

    def number(bits: int, width: int) -> int:
        bits %= 1 << width
        return bits - (1 << width) if signed and bits >> (width - 1) else bits

    expected = [number(a, widths[0]) * number(b, widths[1]) % (1 << sum(widths)) for a, b in pairs]
    found = [[int(text) for text in line.split()] for line in done.stdout.splitlines()]
    assert found == [[product] * len(STRUCTURES) for product in expected]


def test_dadda_and_wallace_take_as_many_adders_as_published(tmp_path: Path) -> None:
    """n x n bits, Dadda: n^2 - 4n + 3 full and n - 1 half adders; 8 rows need four levels, Wallace more half adders."""
    files = _write_library(["partial_product_columns"], tmp_path)
    counts: dict[tuple[int, int], tuple[int, int, int]] = {}
    for width, eager in itertools.product((8, 16), (0, 1)):
        (tmp_path / "bench.v").write_text(
            "module bench;\n"
            f"  partial_product_columns #(.MultiplicandWidth({width}), .MultiplierWidth({width}), .Signed(0),\n"
            f"    .Eager({eager})) u_unit (.multiplicand_i(), .multiplier_i(), .product_o());\n"
            '  initial $display("%0d %0d %b", u_unit.Levels, u_unit.Field, u_unit.Plan);\n'
            "endmodule\n"
        )
        subprocess.run(["iverilog", "-g2005", "-o", "bench.vvp", "bench.v", *files], cwd=tmp_path, check=True)
        done = subprocess.run(["vvp", "-n", "bench.vvp"], cwd=tmp_path, check=True, capture_output=True, text=True)
        levels, field, plan = done.stdout.split()
        fields = [int(plan[at : at + int(field)], 2) for at in range(0, len(plan), int(field))][::-1]
        full, adders = sum(fields[0::3]), sum(fields[1::3])
        per_level = np.array(fields[1::3]).reshape(int(levels), 2 * width).sum(axis=1)
        counts[width, eager] = (full, adders - full, int(np.count_nonzero(per_level)))
    assert counts[8, 0] == (64 - 32 + 3, 7, 4)
    assert counts[16, 0] == (256 - 64 + 3, 15, 6)
    for width in (8, 16):
        assert counts[width, 1][2] == counts[width, 0][2], "both schemes are as shallow"
        assert counts[width, 1][1] > counts[width, 0][1], "Wallace spends half adders"


LINTED = [
    ({"family": "ssm", "m": 1}, (8, 5), False),
    ({"family": "ssm", "m": 5}, (5, 8), True),
    ({"family": "udm"}, (7, 2), True),
    ({"family": "udm"}, (5, 8), False),
    ({"family": "eim"}, (2, 3), False),
    ({"family": "eim"}, (9, 16), True),
    ({"family": "asm"}, (3, 6), True),
    ({"family": "bam", "vbl": 11, "hbl": 4}, (8, 5), True),
    ({"family": "bam", "vbl": 0, "hbl": 0}, (2, 2), False),
    ({"family": "rad", "k": 4}, (2, 4), False),
    ({"family": "rad", "k": 8}, (8, 16), True),
    ({"family": "rad", "k": 16}, (16, 16), True),
    ({"family": "exact", "structure": "array"}, (3, 7), True),
    ({"family": "exact", "structure": "booth_radix4"}, (2, 2), False),
    ({"family": "exact", "structure": "booth_radix4"}, (7, 8), True),
    ({"family": "exact", "structure": "wallace"}, (6, 9), False),
    ({"family": "exact", "structure": "dadda"}, (9, 4), True),
]


@pytest.mark.parametrize(
    ("unit", "widths", "signed"), LINTED, ids=[f"{unit['family']}{index}" for index, (unit, *_) in enumerate(LINTED)]
)
def test_lint_is_silent(unit: dict[str, int | str], widths: Widths, signed: bool, tmp_path: Path) -> None:
    spec = spec_from_dict(
        {
            "kind": "multiplier",
            "activation_width_bits": widths[0],
            "weight_width_bits": widths[1],
            "signed": signed,
            "multiplier": unit,
        }
    )
    paths = [path.name for path in write_files(compose(spec), tmp_path)]
    top = Path(paths[-1]).stem
    commands = [
        ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", top, *paths],
        ["verilator", "--lint-only", "-Wall", "--top-module", top, *paths],
        [
            "yosys", "-q", "-e", ".*", "-p",
            f"read_verilog {' '.join(paths)}; hierarchy -check -top {top}; proc; flatten; opt_clean; check -assert",
        ],
    ]  # fmt: skip
    for command in commands:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), command[0]


@pytest.mark.parametrize("shared", [False, True])
def test_static_segments_in_an_array_with_shared_operands(shared: bool, tmp_path: Path) -> None:
    spec = spec_from_dict(
        {
            "kind": "systolic_array",
            "rows": 2,
            "cols": 3,
            "activation_width_bits": 6,
            "weight_width_bits": 4,
            "multiplier": {"family": "ssm", "m": 3},
            "shared_pre_approximation": shared,
        }
    )
    paths = write_files(compose(spec), tmp_path / "rtl")
    assert any(path.stem == "operand_encoders" for path in paths) == shared
    result = simulate(spec, paths, tmp_path / "simulate", seed=1, waves=False)
    assert result.verdict == "pass", [finding.one_line() for finding in result.findings]
