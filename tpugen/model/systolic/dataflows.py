"""Dataflows: which dimension of a GEMM lies over the rows of an array, which over its columns, which over time.

The mapping is SCALE-Sim's (Samajdar et al., ISPASS 2020, table I). For C[M,N] = A[M,K] x B[K,N]:

| dataflow | rows | columns | time | stays in the elements |
|---|---|---|---|---|
| `os` | M | N | K | C, the results |
| `ws` | K | N | M | B |
| `is` | K | M | N | A |
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping as NameMapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, cast

from tpugen.errors import RequestError, UnknownNameError
from tpugen.spec.latency import TiledForm

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = [
    "BEST",
    "CHOICES",
    "CODES",
    "DATAFLOWS",
    "Dataflow",
    "dataflow_code",
    "dataflow_name",
    "dataflow_of",
    "form_of",
    "is_best",
]

Dataflow = Literal["os", "ws", "is", "mac"]
"""`mac`: one element by itself, as a MAC unit: the M*N dot products of length K one after the other."""

BEST = "best"
"""Stands for the dataflow of `CHOICES` that takes the fewest cycles, operator by operator."""

DATAFLOWS: NameMapping[Dataflow, tuple[str, str, str]] = MappingProxyType(
    {"os": ("m", "n", "k"), "ws": ("k", "n", "m"), "is": ("k", "m", "n"), "mac": ("m", "n", "k")}
)
"""Dimensions over rows, columns and time, by name."""

CODES: tuple[str, ...] = (*DATAFLOWS, BEST)
"""The position of a name is its code in arrays of dataflows."""

CHOICES: tuple[Dataflow, ...] = ("os", "ws", "is")
"""Dataflows of arrays; `best` picks among them, the first where several are equal."""

_FORMS: NameMapping[Dataflow, TiledForm] = MappingProxyType(
    {"os": "output_stationary", "ws": "operand_stationary", "is": "operand_stationary", "mac": "mac"}
)
_LONG_NAMES: NameMapping[str, Dataflow] = MappingProxyType(
    {"output_stationary": "os", "weight_stationary": "ws", "input_stationary": "is"}
)


def dataflow_of(name: str) -> Dataflow:
    """The dataflow of that name: `os`, `ws`, `is`, `mac`, or as specs write them (`output_stationary`, ...).

    Raises:
        UnknownNameError: if there is none; the message lists those that exist.
    """
    plain = name.strip().lower().replace("-", "_")
    short = _LONG_NAMES.get(plain, plain)
    if short not in DATAFLOWS:
        near = difflib.get_close_matches(plain, [*DATAFLOWS, *_LONG_NAMES], n=1, cutoff=0.5)
        raise UnknownNameError(
            f"no dataflow is called {name!r}",
            hint=(f"did you mean {near[0]}? " if near else "") + f"known dataflows: {', '.join([*CHOICES, BEST])}",
        )
    return cast("Dataflow", short)


def form_of(dataflow: Dataflow) -> TiledForm:
    """Which formula of the contract the dataflow's tiles follow."""
    return _FORMS[dataflow]


def dataflow_code(name: str) -> int:
    """The number that stands for a dataflow, or for `best`, in arrays.

    Raises:
        UnknownNameError: if there is no such dataflow.
    """
    return CODES.index(BEST if is_best(name) else dataflow_of(name))


def dataflow_name(code: int) -> str:
    """The dataflow that a number stands for, or `best`.

    Raises:
        RequestError: if it stands for none.
    """
    if not 0 <= code < len(CODES):
        raise RequestError(
            f"dataflow code {code} stands for nothing; expected 0..{len(CODES) - 1}",
            hint=", ".join(f"{number} is {name}" for number, name in enumerate(CODES)),
        )
    return CODES[code]


def is_best(name: object) -> bool:
    """Whether that is the name `best`."""
    return isinstance(name, str) and name.strip().lower() == BEST
