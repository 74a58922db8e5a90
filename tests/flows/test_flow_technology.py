from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tpugen.errors import LibraryFileError, StorageError, UnknownNameError
from tpugen.flows.liberty import parse_liberty, read_liberty
from tpugen.flows.technology import find_technology, list_technologies
from tpugen.paths import cache_dir

KNOWN = ["osu018", "osu035", "osu050", "nangate45", "sky130hd", "asap7", "gf180"]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TPUGEN_LIBERTY") or name == "PDK_ROOT"]:
        monkeypatch.delenv(name)


def test_reads_cells_pins_and_units(small_liberty: Path) -> None:
    library = read_liberty(small_liberty)
    assert library.name == "small"
    assert library.nominal_voltage_v == 1.2
    assert library.time_unit == "1ns"
    assert set(library.cells) == {"INV", "BUF", "DLYBUF", "NAND2", "TIE", "DFF"}
    assert library.cells["INV"].area_um2 == 1.5
    assert library.cells["INV"].pins["A"].capacitance_ff == 2.0
    assert [cell.name for cell in library.inverters()] == ["INV"]
    assert [cell.name for cell in library.buffers()] == ["BUF"]  # a delay cell is no buffer
    assert [cell.name for cell in library.flip_flops()] == ["DFF"]
    assert library.cells["DFF"].pins["CK"].clock
    tie = library.tie_cell(0)
    assert tie is not None and tie.name == "TIE"


def test_default_library() -> None:
    technology = find_technology("osu018")
    assert technology.process_nm == 180
    assert technology.nominal_voltage_v == 1.8
    assert technology.liberty.name == "osu018_stdcells.lib"
    cells = technology.cells()
    assert len(cells.cells) == 32
    assert cells.tie_cell(1) is None
    assert 5 < cells.typical_input_ff() < 40


@pytest.mark.parametrize(
    ("file", "voltage", "cells"), [("nangate45_typ.lib.gz", 1.1, 134), ("sky130hd_tt.lib.gz", 1.8, 428)]
)
def test_compressed_libraries_by_path(shared_liberty: Path | None, file: str, voltage: float, cells: int) -> None:
    if shared_liberty is None or not (shared_liberty / file).is_file():
        pytest.skip(f"{file} is not here: set TPUGEN_TEST_LIBERTY_DIR to a folder that has it")
    technology = find_technology(str(shared_liberty / file))
    assert technology.nominal_voltage_v == voltage
    assert len(technology.cells().cells) == cells
    assert technology.liberty.parent == cache_dir() / "liberty"


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_technology("tsmc3")
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith("no technology is called 'tsmc3'; known: osu018, osu035")
    for name in KNOWN:
        assert name in caught.value.message
    assert caught.value.hint == "name one of these, or give the path of a .lib or .lib.gz file"


def test_known_but_absent_says_where_it_looked() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_technology("asap7")
    assert str(caught.value) == (
        "the technology asap7 (ASAP 7 nm predictive, one merged library) is known but was not found; "
        "looked at: TPUGEN_LIBERTY_ASAP7 (not set); TPUGEN_LIBERTY_DIR (not set)\n"
        "  set TPUGEN_LIBERTY_ASAP7 to its Liberty file, or TPUGEN_LIBERTY_DIR to a folder with asap7*.lib or "
        "asap7*.lib.gz"
    )


def test_by_variable_and_by_folder(small_liberty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPUGEN_LIBERTY_ASAP7", str(small_liberty))
    technology = find_technology("asap7")
    assert (technology.name, technology.process_nm, technology.liberty) == ("asap7", 7, small_liberty)
    assert technology.origin == f"TPUGEN_LIBERTY_ASAP7={small_liberty}"
    folder = small_liberty.parent / "libs"
    folder.mkdir()
    shutil.copy(small_liberty, folder / "nangate45_slow.lib")
    monkeypatch.setenv("TPUGEN_LIBERTY_DIR", str(folder))
    assert find_technology("nangate45").liberty == folder / "nangate45_slow.lib"
    found = {status.name: status for status in list_technologies()}
    assert list(found) == KNOWN
    assert found["nangate45"].found == folder / "nangate45_slow.lib"
    assert found["nangate45"].fix is None
    assert found["gf180"].found is None
    assert found["gf180"].fix is not None


def test_variable_that_leads_nowhere_is_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TPUGEN_LIBERTY_OSU018", "/nowhere/x.lib")
    with pytest.raises(LibraryFileError) as caught:
        find_technology("osu018")
    assert str(caught.value) == (
        "cannot read the Liberty file /nowhere/x.lib: No such file or directory\n  check the path and its permissions"
    )


def test_in_a_pdk_folder(small_liberty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "pdk/sky130A/libs.ref/sky130_fd_sc_hd/lib"
    place.mkdir(parents=True)
    shutil.copy(small_liberty, place / "sky130_fd_sc_hd__tt_025C_1v80.lib")
    monkeypatch.setenv("PDK_ROOT", str(tmp_path / "pdk"))
    assert find_technology("sky130hd").liberty.parent == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{path} is not a Liberty file: it has no `library (...) {{` group"),
        ("module m; endmodule", "{path} is not a Liberty file: it has no `library (...) {{` group"),
        ("library (x) { cell (A) { area : 1;", "the Liberty file {path} is cut short: a group is not closed"),
        (
            "library (x) { nom_voltage : 1; cell (A) { pin (Y) { timing () { values (",
            "the Liberty file {path} is cut short: a group is not closed",
        ),
        (
            "library (x) { nom_voltage : 1; }",
            "the Liberty file {path} (library x, 0 cells) lacks an inverter, a buffer, two-input gates, a flip-flop",
        ),
    ],
)
def test_unreadable_libraries(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.lib"
    path.write_text(text)
    with pytest.raises(LibraryFileError) as caught:
        find_technology(str(path))
    assert caught.value.exit_code == 3
    assert caught.value.message == message.format(path=path)


def test_every_truncation_is_refused(small_liberty: Path) -> None:
    text = small_liberty.read_text().strip()
    for length in range(0, len(text), 37):
        with pytest.raises(LibraryFileError):
            parse_liberty(text[:length], "x.lib")


def test_gzip_is_unpacked_once(small_liberty: Path, tmp_path: Path) -> None:
    packed = tmp_path / "small.lib.gz"
    packed.write_bytes(gzip.compress(small_liberty.read_bytes()))
    first = find_technology(str(packed))
    assert first.name == "small"
    assert first.liberty.read_text() == small_liberty.read_text()
    stamp = first.liberty.stat().st_mtime_ns
    assert find_technology(str(packed)).liberty.stat().st_mtime_ns == stamp
    assert [path.name for path in first.liberty.parent.iterdir()] == [first.liberty.name]


@pytest.mark.parametrize("cut", ["not gzip at all", "half"])
def test_damaged_gzip(small_liberty: Path, tmp_path: Path, cut: str) -> None:
    packed = tmp_path / "small.lib.gz"
    whole = gzip.compress(small_liberty.read_bytes())
    packed.write_bytes(whole[: len(whole) // 2] if cut == "half" else b"not gzip at all")
    with pytest.raises(LibraryFileError) as caught:
        find_technology(str(packed))
    assert str(caught.value) == f"the Liberty file {packed} is not a whole gzip file\n  fetch it again"
    assert not (cache_dir() / "liberty").exists()


def test_full_disk_while_unpacking(small_liberty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "small.lib.gz"
    packed.write_bytes(gzip.compress(small_liberty.read_bytes()))
    monkeypatch.setenv("TPUGEN_CACHE_DIR", "/dev/full")
    with pytest.raises(StorageError, match="cannot write /dev/full/liberty/"):
        find_technology(str(packed))


def test_no_permission(small_liberty: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    small_liberty.chmod(0)
    with pytest.raises(LibraryFileError, match="Permission denied"):
        find_technology(str(small_liberty))
