"""The size of a tile's periphery is that of its RTL."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tpugen.arithmetic.crossbar import TileShape
from tpugen.flows import process
from tpugen.flows.tools import YOSYS
from tpugen.model.accelerators.periphery import tile_elements, tile_flip_flops
from tpugen.rtl_templates import dependency_closure, load_library

SIZES = [(8, 8, 8, 8, 4, 8), (20, 12, 8, 8, 5, 4), (33, 17, 16, 8, 6, 3), (16, 40, 16, 16, 6, 8)]


def tile(rows: int, cols: int, crossbar_rows: int, crossbar_cols: int, adc_bits: int, share: int) -> TileShape:
    return TileShape(
        rows, cols, crossbar_rows=crossbar_rows, crossbar_cols=crossbar_cols, adc_bits=adc_bits, columns_per_adc=share
    )


@cache
def source() -> str:
    return "\n".join(load_library()[name].source for name in dependency_closure(["pim_tile"]))


def found_by_yosys(size: tuple[int, ...], folder: Path) -> int:
    (folder / "tile.v").write_text(source())
    names = ("Rows", "Cols", "CrossbarRows", "CrossbarCols", "AdcBits", "ColumnsPerAdc")
    parameters = " ".join(f"-chparam {name} {value}" for name, value in zip(names, size, strict=True))
    script = f"read_verilog -DSYNTHESIS tile.v; hierarchy -top pim_tile {parameters}; proc; flatten; opt -full; "
    script += "opt_clean -purge; simplemap; opt_clean; stat"
    done = process.run([YOSYS.require().path, "-p", script], cwd=folder, log=folder)
    assert done.returncode == 0
    return sum(int(count) for count in re.findall(r"\$_\w*DFF\w*_\s+(\d+)", done.stdout))


@pytest.mark.parametrize("size", SIZES[1:])
def test_flip_flops_grow_as_in_the_rtl(size: tuple[int, ...], tmp_path: Path) -> None:
    """What the formula leaves out does not depend on the size."""
    (tmp_path / "small").mkdir()
    left_out = found_by_yosys(SIZES[0], tmp_path / "small") - tile_flip_flops(tile(*SIZES[0]))
    assert 0 <= left_out < 60
    assert found_by_yosys(size, tmp_path) == tile_flip_flops(tile(*size)) + left_out


def test_elements_grow_with_rows_columns_and_blocks() -> None:
    small, wide, tall = (
        tile_elements(tile(rows, cols, 128, 128, 6, 8)) for rows, cols in ((64, 64), (64, 256), (256, 64))
    )
    assert small < tall < wide
    # 4096 x 4096: accumulators and inputs grow with the sides, adders with the crossbars.
    large = tile(4096, 4096, 128, 128, 6, 8)
    assert tile_flip_flops(large) == pytest.approx(4096 * 8 + 4096 * 19 + 512 * (11 + 6) + 1024, rel=0.01)
    assert tile_elements(large) - tile_flip_flops(large) == 512 * 32 * 6 + 1024 * 32
