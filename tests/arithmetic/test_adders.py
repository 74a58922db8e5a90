"""Adder families: models against a second opinion written bit by bit, RTL against the models, published figures."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpugen.arithmetic import ADDERS, adders
from tpugen.arithmetic.units import add
from tpugen.errors import SpecError
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.spec import AdderSpec, spec_from_dict
from tpugen.verif.proof import prove
from tpugen.writers.composer import compose
from tpugen.writers.files import write_files

APPROXIMATE = [name for name in ADDERS if name != "exact"]
STRUCTURES = ADDERS["exact"].structures

# ---------------------------------------------------------------------------------------------------------------------
# A second opinion: the published table, one bit at a time, on plain Python integers. It shares nothing with the models.

Bits = list[int]  # least significant first


def _ones(count: int) -> Bits:
    return [1] * count


def _ored(a: Bits, b: Bits, count: int) -> Bits:
    return [x or y for x, y in zip(a[:count], b[:count], strict=True)]


def _herloa_low(a: Bits, b: Bits, k: int, ones: int) -> Bits:
    x1, a2, o2 = a[k - 1] ^ b[k - 1], a[k - 2] & b[k - 2], a[k - 2] | b[k - 2]
    below = [o | (x1 & a2) for o in _ored(a, b, k - 2)]
    below[:ones] = _ones(ones)
    return [*below, o2 & (1 - (a2 & (1 - x1))), x1 | a2]


def _table(family: str, a: Bits, b: Bits, k: int) -> tuple[int, Bits]:
    """Carry into the exact part and the low k bits; `a` and `b` are the operands' bits."""
    a1, o1, x1 = a[k - 1] & b[k - 1], a[k - 1] | b[k - 1], a[k - 1] ^ b[k - 1]
    a2, o2 = (a[k - 2] & b[k - 2], a[k - 2] | b[k - 2]) if k > 1 else (0, 0)
    rows: dict[str, Callable[[], tuple[int, Bits]]] = {
        "loa": lambda: (a1, _ored(a, b, k)),
        "loawa": lambda: (0, _ored(a, b, k)),
        "approx5": lambda: (a[k - 1], b[:k]),
        "heaa": lambda: (a1, [*_ored(a, b, k - 1), x1]),
        "oloca": lambda: (a1, [*_ones(k - 2), o2, o1]),
        "m_heaa": lambda: (a1, [*_ones(k - 2), o2, 0 if a1 else o1]),
        "hoeraa": lambda: (a1, [*_ones(k - 2), o2, a2 if a1 else o1]),
        "hoaaned": lambda: (a1, [*_ones(k - 2), o2, (0 if a1 else o1) | a2]),
        "herloa": lambda: (a1, _herloa_low(a, b, k, 0)),
        "m_herloa": lambda: (a1, _herloa_low(a, b, k, k - 4)),
        "seta": lambda: (a1, [*(o | a2 for o in _ored(a, b, k - 2)), o2, o1]),
        "lzta": lambda: (o1, [0] * k),
        "ldca": lambda: (a[k - 1], [*_ones(k // 2), *b[k // 2 : k]]),
    }
    return rows[family]()


def _number(bits: Bits, signed: bool) -> int:
    value = sum(bit << index for index, bit in enumerate(bits))
    return value - (1 << len(bits)) if signed and bits[-1] else value


def second_opinion(family: str, a: int, b: int, n: int, k: int, signed: bool) -> int:
    first, second = ([value >> index & 1 for index in range(n)] for value in (a, b))
    carry, low = _table(family, first, second, k)
    assert len(low) == k
    return (_number(first[k:], signed) + _number(second[k:], signed) + carry) * 2**k + _number(low, False)


# ---------------------------------------------------------------------------------------------------------------------
# Models.


def test_the_models_are_the_families() -> None:
    assert sorted(adders.__all__) == sorted(ADDERS)
    assert [family.model for family in ADDERS.values()] == [getattr(adders, name) for name in ADDERS]
    assert len(APPROXIMATE) == 13


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("family", APPROXIMATE)
def test_all_pairs_at_small_widths(family: str, signed: bool) -> None:
    for n in (2, 3, 5, 6):
        values = np.arange(1 << n) - (1 << n >> 1 if signed else 0)
        for k in ADDERS[family].parameters[0].values(n):
            sums = ADDERS[family].model(values[:, None], values[None, :], n, signed, k=k)
            expected = [[second_opinion(family, a, b, n, k, signed) for b in values.tolist()] for a in values.tolist()]
            assert sums.dtype == np.int64
            assert np.array_equal(sums, expected), f"{n} bits, k = {k}"


@st.composite
def _wide_operands(draw: st.DrawFn) -> tuple[str, int, int, bool, list[int], list[int]]:
    family = draw(st.sampled_from(APPROXIMATE))
    low, _ = ADDERS[family].parameters[0].bounds(2)
    n = draw(st.sampled_from([low + 1, 8, 16, 24, 32, 61, 62, 63, 64, 65, 127, 128]) | st.integers(low + 1, 128))
    k = draw(st.sampled_from([low, n - 1]) | st.integers(low, n - 1))
    signed = draw(st.booleans())
    least = -(1 << (n - 1)) if signed else 0
    greatest = least + (1 << n) - 1
    operand = st.sampled_from([least, greatest, 0, 1, -1 % (1 << n) + least]) | st.integers(least, greatest)
    pairs = draw(st.lists(st.tuples(operand, operand), min_size=1, max_size=6))
    return family, n, k, signed, [a for a, _ in pairs], [b for _, b in pairs]


@settings(max_examples=400, deadline=None)
@given(_wide_operands())
def test_any_width_to_128_bits(case: tuple[str, int, int, bool, list[int], list[int]]) -> None:
    family, n, k, signed, a, b = case
    sums = ADDERS[family].model(a, b, n, signed, k=k)
    assert sums.dtype == (np.int64 if n <= 61 else object)
    assert sums.tolist() == [second_opinion(family, x, y, n, k, signed) for x, y in zip(a, b, strict=True)]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 128), st.booleans(), st.data())
def test_exact_is_python_addition(n: int, signed: bool, data: st.DataObject) -> None:
    least = -(1 << (n - 1)) if signed else 0
    operand = st.integers(least, least + (1 << n) - 1)
    a, b = data.draw(operand), data.draw(operand)
    assert adders.exact([a], [b], n, signed).tolist() == [a + b]


@pytest.mark.parametrize("n", [8, 32, 61, 62, 64, 128])
@pytest.mark.parametrize("family", APPROXIMATE)
def test_most_negative_operands_at_both_ends_of_k(family: str, n: int) -> None:
    """-2^(n-1) twice: the low bits are zero, so the sum is exact but for a low part of constants."""
    least = -(1 << (n - 1))
    for k in (ADDERS[family].parameters[0].minimum, n - 1):
        (total,) = ADDERS[family].model([least], [least], n, True, k=k).tolist()
        assert total == second_opinion(family, least, least, n, k, True)
        assert total >> k << k == -(1 << n)
        ones = {
            "oloca": k - 2, "m_heaa": k - 2, "hoeraa": k - 2, "hoaaned": k - 2, "m_herloa": k - 4, "ldca": k // 2,
        }.get(family, 0)  # fmt: skip
        assert total - (total >> k << k) == (1 << ones) - 1


def test_operands_are_read_modulo_the_width() -> None:
    for family in APPROXIMATE:
        model, k = ADDERS[family].model, 4
        assert (
            model([0x1F3, -1], [-3, 0x205], 8, False, k=k).tolist()
            == model([0xF3, 0xFF], [0xFD, 0x05], 8, False, k=k).tolist()
        )
        assert model([0x1F3], [0x205], 8, True, k=k).tolist() == model([0xF3 - 256], [5], 8, True, k=k).tolist()


def test_operands_stay_as_they_were() -> None:
    a, b = np.arange(-8, 8), np.arange(8, -8, -1)
    for family in APPROXIMATE:
        ADDERS[family].model(a, b, 5, True, k=4)
        assert np.array_equal(a, np.arange(-8, 8))
        assert np.array_equal(b, np.arange(8, -8, -1))


@pytest.mark.parametrize(
    ("family", "error_rate", "mean_distance", "worst"),
    [("loa", 0.6836, 2.875, 8), ("heaa", 0.5781, 1.750, 7), ("herloa", 0.5078, 1.156, 7)],
)
def test_published_error_figures(family: str, error_rate: float, mean_distance: float, worst: int) -> None:
    """8 bits, k = 4, all pairs."""
    values = np.arange(256)
    distance = np.abs(add(family, values[:, None], values[None, :], 8, k=4) - (values[:, None] + values[None, :]))
    assert np.mean(distance != 0) == pytest.approx(error_rate, abs=5e-5)
    assert distance.mean() == pytest.approx(mean_distance, abs=5e-4)
    assert distance.max() == worst


@pytest.mark.parametrize("family", APPROXIMATE)
def test_low_parts_stay_low(family: str) -> None:
    """At any k the error is below two units of the exact part; HEAA with one bit, a half adder, makes none."""
    values = np.arange(128)
    for k in ADDERS[family].parameters[0].values(7):
        error = add(family, values[:, None], values[None, :], 7, k=k) - (values[:, None] + values[None, :])
        assert np.abs(error).max() < 2 << k
        assert error.any() != ((family, k) == ("heaa", 1))


def test_k_outside_its_range_is_refused() -> None:
    for family in APPROXIMATE:
        low, high = ADDERS[family].parameters[0].bounds(8)
        assert (low, high) == (
            {"loa": 1, "loawa": 1, "approx5": 1, "heaa": 1, "lzta": 1, "m_herloa": 4}.get(family, 2),
            7,
        )
        for k in (low - 1, high + 1):
            with pytest.raises(
                SpecError, match=rf"adder\.k: {k} is outside {low}\.\.7 for {family} at 8 bits; \d would"
            ):
                add(family, 1, 2, 8, k=k)


# ---------------------------------------------------------------------------------------------------------------------
# RTL: one module that holds every configuration, so that one run of each tool sees them all.

Unit = tuple[str, int, bool, int | None]  # library module, width, signed, k


def _units() -> Iterator[Unit]:
    for signed in (False, True):
        for structure in STRUCTURES:
            for n in (1, 2, 3, 4, 5, 8, 16, 17, 33, 128):
                yield f"adder_{structure}", n, signed, None
        for family in APPROXIMATE:
            for n in (2, 3, 4, 5):
                for k in ADDERS[family].parameters[0].values(n):
                    yield f"adder_{family}", n, signed, k
            low, _ = ADDERS[family].parameters[0].bounds(8)
            for n, k in ((8, 7), (16, low), (33, 13), (128, low), (128, 127)):
                yield f"adder_{family}", n, signed, k


UNITS = list(_units())


def _wrapper() -> str:
    ports, instances = ["input wire [127:0] a_i", "input wire [127:0] b_i"], []
    for index, (module, n, signed, k) in enumerate(UNITS):
        parameters = f".Width({n}), .Signed({int(signed)})" + (f", .K({k})" if k else "")
        ports.append(f"output wire [{n}:0] sum_{index}_o")
        connections = f".a_i(a_i[{n - 1}:0]), .b_i(b_i[{n - 1}:0]), .sum_o(sum_{index}_o)"
        instances.append(f"  {module} #({parameters}) u_{index} ({connections});\n")
    return f"module every_adder ({', '.join(ports)});\n{''.join(instances)}endmodule\n"


def _bench(pairs: int) -> str:
    formats = " ".join(["%h"] * len(UNITS))
    sums = ", ".join(f"dut.sum_{index}_o" for index in range(len(UNITS)))
    return f"""\
module bench;
  reg [255:0] pairs [0:{pairs - 1}];
  reg [127:0] a, b;
  integer i;
  every_adder dut (.a_i(a), .b_i(b));
  initial begin
    $readmemh("pairs.hex", pairs);
    for (i = 0; i < {pairs}; i = i + 1) begin
      {{a, b}} = pairs[i];
      #1 $display("{formats}", {sums});
    end
  end
endmodule
"""


@pytest.fixture(scope="module")
def library_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("every_adder")
    for name in dependency_closure(dict.fromkeys(module for module, *_ in UNITS)):
        (folder / f"{name}.v").write_text(load_library()[name].source)
    (folder / "every_adder.v").write_text(_wrapper())
    return folder


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["iverilog", "-g2005", "-Wall", "-t", "null", "-s", "every_adder"],
        ["verilator", "--lint-only", "-Wall", "--top-module", "every_adder"],
        ["yosys", "-q", "-e", ".*", "-p", "hierarchy -check -top every_adder; proc; flatten; opt_clean; check -assert"],
    ],
    ids=lambda command: command[0],
)
def test_every_configuration_is_clean(command: list[str], library_files: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    files = sorted(path.name for path in library_files.glob("*.v") if path.name != "bench.v")
    assert _run([*command, *files], library_files).strip() == ""


def _pairs() -> tuple[list[int], list[int]]:
    """Operands of 128 bits: all pairs of their low five bits below random ones, then corners, then random ones."""
    rng = np.random.default_rng(20)
    draw = lambda: int.from_bytes(rng.bytes(16), "big")  # noqa: E731
    low = [(draw() >> 5 << 5 | a, draw() >> 5 << 5 | b) for a in range(32) for b in range(32)]
    corners = [0, 1, (1 << 128) - 1, *(1 << n - 1 for n in (8, 16, 33, 128))]
    corners += [corner ^ (1 << 128) - 1 for corner in corners[3:]]
    pairs = [*low, *((a, b) for a in corners for b in corners), *((draw(), draw()) for _ in range(100))]
    return [a for a, _ in pairs], [b for _, b in pairs]


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
def test_every_configuration_equals_its_model(library_files: Path) -> None:
    a, b = _pairs()
    (library_files / "pairs.hex").write_text("".join(f"{x << 128 | y:064x}\n" for x, y in zip(a, b, strict=True)))
    (library_files / "bench.v").write_text(_bench(len(a)))
    files = sorted(path.name for path in library_files.glob("*.v"))
    _run(["iverilog", "-g2005", "-Wall", "-s", "bench", "-o", "bench.vvp", *files], library_files)
    lines = [line.split() for line in _run(["vvp", "-n", "bench.vvp"], library_files).splitlines()]
    assert len(lines) == len(a)
    for (module, n, signed, k), words in zip(UNITS, zip(*lines, strict=True), strict=True):
        if k is None:
            expected = adders.exact(a, b, n, signed).tolist()
        else:
            expected = ADDERS[module.removeprefix("adder_")].model(a, b, n, signed, k=k).tolist()
        found = [int(word, 16) for word in words]  # refuses x and z
        wrong = [row for row in zip(a, b, expected, found, strict=True) if row[2] & (2 << n) - 1 != row[3]]
        assert not wrong, f"{module}, {n} bits, signed {signed}, k {k}: a, b, expected, found {wrong[0]}"


@pytest.mark.skipif(shutil.which("yosys") is None, reason="needs Yosys")
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(("n", "signed"), [(2, True), (7, False), (32, True)])
def test_structures_are_proved(structure: str, n: int, signed: bool, tmp_path: Path) -> None:
    spec = spec_from_dict(
        {"kind": "adder", "width_bits": n, "signed": signed, "adder": {"family": "exact", "structure": structure}}
    )
    assert isinstance(spec, AdderSpec)
    files = compose(spec)
    assert files[0].name == f"adder_{structure}.v"
    assert prove(spec, write_files(files, tmp_path / "rtl"), tmp_path / "proof") == []
