"""Technology libraries by name: a Liberty file, its nominal voltage, its process, and where it came from.

`osu018`, `osu035` and `osu050` come with Debian's qflow packages; `nangate45`, `sky130hd`, `asap7` and `gf180` are used
where they are found; any `.lib` or `.lib.gz` works by path. Looked at in this order:

1. `TPUGEN_LIBERTY_<NAME>` (for example `TPUGEN_LIBERTY_NANGATE45`): the path of the Liberty file,
2. `TPUGEN_LIBERTY_DIR`: a folder that holds `<name>*.lib` or `<name>*.lib.gz`,
3. the packages' folders and, for `sky130hd` and `gf180`, the PDK below `PDK_ROOT`.

A compressed library is unpacked once into the cache folder, under its content's hash.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tpugen.errors import LibraryFileError, UnknownNameError
from tpugen.flows.liberty import LIBERTY_MAX_BYTES, LibertySummary, read_liberty
from tpugen.paths import cache_dir
from tpugen.storage import write_bytes_atomic
from tpugen.user_files import read_bytes

__all__ = ["DEFAULT_TECHNOLOGY", "Technology", "TechnologyStatus", "find_technology", "list_technologies"]

DEFAULT_TECHNOLOGY = "osu018"
"""The technology used when none is named; `make` installs it."""

_LARGEST_LIBERTY_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Technology:
    """A library that was found and read.

    Attributes:
        name: Registered name, or the file's stem when it was given by path.
        liberty: Plain Liberty file.
        nominal_voltage_v: Nominal supply in volts.
        process_nm: Feature size in nanometres; None for a library given by path.
        origin: Where it was found and through what.
    """

    name: str
    liberty: Path
    nominal_voltage_v: float
    process_nm: int | None
    origin: str

    def cells(self) -> LibertySummary:
        """What the library holds."""
        return read_liberty(self.liberty)


@dataclass(frozen=True)
class TechnologyStatus:
    """What `doctor` shows of a technology.

    Attributes:
        found: Path of its Liberty file, if there is one.
        looked_in: Every place that was looked at, in order.
        fix: What makes it available; None when it was found.
    """

    name: str
    title: str
    process_nm: int
    found: Path | None
    looked_in: tuple[str, ...]
    fix: str | None


@dataclass(frozen=True)
class _Entry:
    """A registered technology: `globs` below fixed folders, `pdk_globs` below PDK_ROOT."""

    name: str
    title: str
    process_nm: int
    fix: str
    file_patterns: tuple[str, ...]
    globs: tuple[str, ...] = ()
    pdk_globs: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        return f"TPUGEN_LIBERTY_{self.name.upper()}"


_QFLOW_FOLDERS = ("/usr/share/qflow/tech", "/usr/local/share/qflow/tech")


def _osu(name: str, process_nm: int) -> _Entry:
    return _Entry(
        name=name,
        title=f"Oklahoma State University {process_nm / 1000:g} um standard cells",
        process_nm=process_nm,
        fix=f"install it (Debian, Ubuntu: sudo apt install qflow-tech-{name}) or set TPUGEN_LIBERTY_{name.upper()}",
        file_patterns=(f"{name}*.lib", f"{name}*.lib.gz"),
        globs=tuple(f"{folder}/{name}/{name}_stdcells.lib" for folder in _QFLOW_FOLDERS),
    )


def _free(name: str, title: str, process_nm: int, patterns: tuple[str, ...], pdk: tuple[str, ...] = ()) -> _Entry:
    pdk_words = ", or PDK_ROOT to an installed PDK" if pdk else ""
    return _Entry(
        name=name,
        title=title,
        process_nm=process_nm,
        fix=f"set TPUGEN_LIBERTY_{name.upper()} to its Liberty file, or TPUGEN_LIBERTY_DIR to a folder with "
        f"{name}*.lib or {name}*.lib.gz{pdk_words}",
        file_patterns=patterns,
        pdk_globs=pdk,
    )


_ENTRIES = {
    entry.name: entry
    for entry in (
        _osu("osu018", 180),
        _osu("osu035", 350),
        _osu("osu050", 500),
        _free("nangate45", "Nangate 45 nm open cell library", 45,
              ("nangate45*.lib", "nangate45*.lib.gz", "NangateOpenCellLibrary_typical.lib*")),
        _free("sky130hd", "SkyWater 130 nm, high density", 130,
              ("sky130hd*.lib", "sky130hd*.lib.gz", "sky130_fd_sc_hd__tt_025C_1v80.lib*"),
              ("sky130A/libs.ref/sky130_fd_sc_hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib",
               "volare/sky130/versions/*/sky130A/libs.ref/sky130_fd_sc_hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib",
               "skywater-pdk/libraries/sky130_fd_sc_hd/latest/timing/sky130_fd_sc_hd__tt_025C_1v80.lib")),
        _free("asap7", "ASAP 7 nm predictive, one merged library", 7, ("asap7*.lib", "asap7*.lib.gz")),
        _free("gf180", "GlobalFoundries 180 nm, 7 tracks, 5 V", 180,
              ("gf180*.lib", "gf180*.lib.gz", "gf180mcu_fd_sc_mcu7t5v0__tt_025C_5v00.lib*"),
              ("gf180mcu[A-D]/libs.ref/gf180mcu_fd_sc_mcu7t5v0/lib/gf180mcu_fd_sc_mcu7t5v0__tt_025C_5v00.lib",
               "volare/gf180mcu/versions/*/gf180mcu[A-D]/libs.ref/gf180mcu_fd_sc_mcu7t5v0/lib/"
               "gf180mcu_fd_sc_mcu7t5v0__tt_025C_5v00.lib")),
    )
}  # fmt: skip


def find_technology(name_or_path: str) -> Technology:
    """A technology by registered name, or any Liberty file by path.

    Args:
        name_or_path: `osu018`, ..., or a path that ends in `.lib` or `.lib.gz`.

    Raises:
        UnknownNameError: no such name, or a known one that is not on this machine.
        LibraryFileError: the file is there but cannot be used.
    """
    if re.search(r"\.lib(\.gz)?$", name_or_path) or "/" in name_or_path:
        path = Path(name_or_path).expanduser().absolute()
        return _technology(re.sub(r"\.lib(\.gz)?$", "", path.name), path, None, f"given by path: {path}")
    entry = _ENTRIES.get(name_or_path.lower())
    if entry is None:
        known = ", ".join(status.name + ("" if status.found else " (not found here)") for status in list_technologies())
        raise UnknownNameError(
            f"no technology is called {name_or_path!r}; known: {known}",
            hint="name one of these, or give the path of a .lib or .lib.gz file",
        )
    looked: list[str] = []
    for liberty, place in _candidates(entry):
        looked.append(place)
        if liberty is not None:
            return _technology(entry.name, liberty, entry.process_nm, place)
    raise UnknownNameError(
        f"the technology {entry.name} ({entry.title}) is known but was not found; looked at: {'; '.join(looked)}",
        hint=entry.fix,
    )


def list_technologies() -> list[TechnologyStatus]:
    """Every registered technology, found or not, with where it was looked for."""
    found = []
    for entry in _ENTRIES.values():
        looked: list[str] = []
        liberty: Path | None = None
        for liberty, place in _candidates(entry):
            looked.append(place)
            if liberty is not None:
                break
        fix = None if liberty is not None else entry.fix
        found.append(TechnologyStatus(entry.name, entry.title, entry.process_nm, liberty, tuple(looked), fix))
    return found


def _candidates(entry: _Entry) -> Iterator[tuple[Path | None, str]]:
    """Places in order: the file (None if nothing is there) and the place in words."""
    override = os.environ.get(entry.variable)
    if override:
        # Named by hand: no silent fall-back to another file if it does not exist.
        yield Path(override).expanduser().absolute(), f"{entry.variable}={override}"
        return
    yield None, f"{entry.variable} (not set)"
    folder = os.environ.get("TPUGEN_LIBERTY_DIR")
    if folder:
        base = Path(folder).expanduser().absolute()
        matches = [path for pattern in entry.file_patterns for path in sorted(base.glob(pattern))]
        yield (matches[0] if matches else None), f"TPUGEN_LIBERTY_DIR={folder} ({entry.file_patterns[0]})"
    else:
        yield None, "TPUGEN_LIBERTY_DIR (not set)"
    for pattern in entry.globs:
        path = Path(pattern)
        yield (path if path.is_file() else None), pattern
    yield from _in_pdk(entry)


def _in_pdk(entry: _Entry) -> Iterator[tuple[Path | None, str]]:
    if not entry.pdk_globs:
        return
    root = os.environ.get("PDK_ROOT")
    if not root:
        yield None, "PDK_ROOT (not set)"
        return
    base = Path(root).expanduser().absolute()
    for pattern in entry.pdk_globs:
        matches = sorted(base.glob(pattern))
        yield (matches[-1] if matches else None), f"{base}/{pattern}"


def _technology(name: str, path: Path, process_nm: int | None, origin: str) -> Technology:
    plain = _unpacked(path) if path.name.endswith(".gz") else path
    return Technology(
        name=name,
        liberty=plain,
        nominal_voltage_v=read_liberty(plain).nominal_voltage_v,
        process_nm=process_nm,
        origin=origin,
    )


def _unpacked(path: Path) -> Path:
    """The library unpacked into the cache folder, under the hash of the packed file."""
    try:
        packed = read_bytes(path, LIBERTY_MAX_BYTES)
    except OSError as error:
        raise LibraryFileError(
            f"cannot read the Liberty file {path}: {error.strerror or error}", hint="check the path and its permissions"
        ) from error
    target = cache_dir() / "liberty" / f"{hashlib.sha256(packed).hexdigest()[:32]}-{path.name.removesuffix('.gz')}"
    if target.is_file():
        return target
    try:
        unpacker = zlib.decompressobj(wbits=31)
        text = unpacker.decompress(packed, _LARGEST_LIBERTY_BYTES)
        if unpacker.unconsumed_tail:
            raise LibraryFileError(
                f"the Liberty file {path} unpacks to more than {_LARGEST_LIBERTY_BYTES >> 20} MiB",
                hint="that is no standard-cell library",
            )
        if not unpacker.eof:
            raise EOFError
        if unpacker.unused_data:
            text = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise LibraryFileError(f"the Liberty file {path} is not a whole gzip file", hint="fetch it again") from error
    return write_bytes_atomic(target, text)
