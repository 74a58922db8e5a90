"""Sizes and dataflows as arrays that broadcast together: checked once, for cycles and traffic alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from tpugen.errors import RequestError
from tpugen.model.systolic.dataflows import CODES, Dataflow, dataflow_name, dataflow_of, is_best
from tpugen.model.systolic.gemm import GEMM_SIZE_MAX
from tpugen.model.systolic.mapping import ARRAY_SIZE_MAX

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

__all__ = ["INT64_LIMIT", "Codes", "Whole", "by_dataflow", "fixed_dataflow", "sizes_of"]

Whole: TypeAlias = Any
"""An `int`, or an int64 NumPy array: formulas are the same for both."""

Codes: TypeAlias = Any
"""A dataflow's name, or an array of codes (`dataflow_code`)."""

INT64_LIMIT = 0.99 * (2**63 - 1)
"""Largest estimate, in floating point, of a count that surely fits 63 bits."""

_BOUNDS = {"m": GEMM_SIZE_MAX, "k": GEMM_SIZE_MAX, "n": GEMM_SIZE_MAX, "rows": ARRAY_SIZE_MAX, "cols": ARRAY_SIZE_MAX}
_SHOWN = {"m": "M", "k": "K", "n": "N"}


def sizes_of(*values: npt.ArrayLike) -> dict[str, IntArray]:
    """M, K, N, rows and columns, in this order, as int64 arrays of one shape (views where they were smaller).

    Raises:
        RequestError: not whole numbers, out of range, or shapes that do not broadcast together.
    """
    import numpy as np

    arrays: dict[str, IntArray] = {}
    for (name, most), value in zip(_BOUNDS.items(), values, strict=True):
        shown = _SHOWN.get(name, name)
        array = np.asarray(value)
        if array.dtype.kind not in "iu":
            raise RequestError(f"{shown}: found values of type {array.dtype}; expected whole numbers")
        if array.size and (int(array.min()) < 1 or int(array.max()) > most):
            raise RequestError(f"{shown}: found {array.min()}..{array.max()}; expected 1..{most}")
        arrays[name] = array.astype(np.int64)
    try:
        return dict(zip(arrays, np.broadcast_arrays(*arrays.values()), strict=True))
    except ValueError:
        # Rows and columns of a single array are numbers: then the GEMM's sizes alone are at odds.
        names = [name for name, array in arrays.items() if array.shape or name in _SHOWN]
        *first, last = [_SHOWN.get(name, name) for name in names]
        shapes = ", ".join(str(arrays[name].shape) for name in names)
        raise RequestError(
            f"{', '.join(first)} and {last} have shapes {shapes}, which do not broadcast together"
        ) from None


def by_dataflow(dataflow: Codes, compute: Callable[[str], list[npt.NDArray[Any]]]) -> list[npt.NDArray[Any]]:
    """What `compute` gives for a dataflow; for an array of codes, element by element.

    Args:
        dataflow: A name, `best`, or an array of codes.
        compute: Arrays for a dataflow's short name, or for `best`.

    Raises:
        RequestError: codes that stand for nothing, or are no whole numbers.
        UnknownNameError: no such dataflow.
    """
    import numpy as np

    if isinstance(dataflow, str):
        return compute(dataflow)
    codes = np.asarray(dataflow)
    if codes.dtype.kind not in "iu":
        raise RequestError(
            f"dataflow: found an array of {codes.dtype}; expected a name or whole numbers",
            hint=", ".join(f"{code} is {name}" for code, name in enumerate(CODES)),
        )
    present = [int(code) for code in np.unique(codes)] or [0]
    chosen = compute(dataflow_name(present[0]))
    for code in present[1:]:
        here = codes == code
        chosen = [np.where(here, new, old) for new, old in zip(compute(dataflow_name(code)), chosen, strict=True)]
    return [np.broadcast_to(part, np.broadcast_shapes(part.shape, codes.shape)).copy() for part in chosen]


def fixed_dataflow(name: str) -> Dataflow:
    """A dataflow by name, where `best` cannot be answered.

    Raises:
        RequestError: for `best`.
        UnknownNameError: no such dataflow.
    """
    if is_best(name):
        raise RequestError("the best dataflow depends on the cycle model", hint="give the codes of best_dataflow(...)")
    return dataflow_of(name)
