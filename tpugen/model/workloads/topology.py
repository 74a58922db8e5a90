"""Topology files of SCALE-Sim: networks as tables of convolutions or of matrix products (arXiv 1811.02883).

Two kinds, told apart by their first line::

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Layer, M, N, K,

A convolution's input is as large as its padding makes it. A layer whose name holds `DP` is depthwise: its filters run
on each channel apart. A matrix product is inputs (M x K) times filters (K x N).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tpugen.errors import RequestError
from tpugen.model.workloads.network_layers import Convolution, Dense, Layer, Network
from tpugen.user_files import read_text_file

__all__ = ["read_topology"]

_CONVOLUTION = ("IFMAP height", "IFMAP width", "filter height", "filter width", "channels", "num filter", "strides")
_PRODUCT = ("M", "N", "K")

_HINT = (
    "expected a SCALE-Sim topology: a first line `Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, "
    "Channels, Num Filter, Strides,` or `Layer, M, N, K,`, then one layer a line"
)


def read_topology(path: str | Path, kind: Literal["auto", "convolutions", "products"] = "auto") -> Network:
    """The network of a SCALE-Sim topology file.

    Args:
        path: The CSV file.
        kind: What its lines are; `auto` reads it off the first line.

    Raises:
        RequestError: if the file cannot be read or a line is wrong; the message lists all that are.
    """
    path = Path(path)
    lines = read_text_file(path, f"topology {path}", encoding="utf-8-sig", hint=_HINT).splitlines()
    header = _cells(lines[0]) if lines else []
    convolutions = kind == "convolutions" or (kind == "auto" and any("ifmap" in cell.lower() for cell in header))
    if not convolutions and kind == "auto" and {"m", "n", "k"} - {cell.lower() for cell in header}:
        raise RequestError(f"topology {path}: the first line names no columns that are known: {header}", hint=_HINT)
    names = list(_CONVOLUTION if convolutions else _PRODUCT)
    if convolutions and sum(cell.lower().startswith("stride") for cell in header) == 2:
        names[-1:] = ["stride height", "stride width"]
    elif not convolutions:
        names = _product_order(header)
    layers, found = _layers(lines, names)
    if not layers and not found:
        found.append("it holds no layer")
    if found:
        raise RequestError(f"topology {path}:\n  " + "\n  ".join(found), hint=_HINT)
    return Network(path.stem, tuple(layers), str(path))


def _product_order(header: Sequence[str]) -> list[str]:
    """The order of M, N and K in the first line, else SCALE-Sim's own."""
    order = [cell.upper() for cell in header if cell.upper() in _PRODUCT]
    return order if sorted(order) == sorted(_PRODUCT) else list(_PRODUCT)


def _layers(lines: Sequence[str], names: Sequence[str]) -> tuple[list[Layer], list[str]]:
    """The layers, and what is wrong with lines that are none."""
    layers: list[Layer] = []
    found: list[str] = []
    taken: dict[str, int] = {}
    for number, line in enumerate(lines[1:], start=2):
        cells = _cells(line)
        if not any(cells):
            continue
        values, wrong = _values(cells, names)
        if wrong:
            found.append(f"line {number}: {'; '.join(wrong)}")
            continue
        name = cells[0] or f"layer{number - 1}"
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            name = f"{name}#{taken[name]}"
        try:
            layers.append(_layer(name, values))
        except RequestError as error:
            found.append(f"line {number}: {error.message}")
    return layers, found


def _values(cells: Sequence[str], names: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """The numbers of a line by column; a trailing sparsity must say that nothing is sparse."""
    own, rest = cells[1 : 1 + len(names)], [cell for cell in cells[1 + len(names) :] if cell]
    wrong = [f"{name} is missing" for name in names[len(own) :]]
    wrong += [
        f"{name} is {cell!r}; expected a positive whole number"
        for name, cell in zip(names, own, strict=False)
        if not re.fullmatch(r"0*[1-9][0-9]{0,9}", cell)
    ]
    wrong += [
        f"{cell!r} after the last column; expected nothing, or the sparsity 1:1" for cell in rest if cell != "1:1"
    ]
    return ({} if wrong else dict(zip(names, map(int, own), strict=True))), wrong


def _layer(name: str, values: dict[str, int]) -> Layer:
    if "K" in values:
        return Dense(name, inputs=values["K"], outputs=values["N"], vectors=values["M"])
    channels, filters = values["channels"], values["num filter"]
    depthwise = "DP" in name
    return Convolution(
        name,
        in_height=values["IFMAP height"],
        in_width=values["IFMAP width"],
        in_channels=channels,
        out_channels=filters * channels if depthwise else filters,
        kernel_height=values["filter height"],
        kernel_width=values["filter width"],
        stride_height=values.get("stride height", values.get("strides", 1)),
        stride_width=values.get("stride width", values.get("strides", 1)),
        groups=channels if depthwise else 1,
        partial_windows=True,
    )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")]
