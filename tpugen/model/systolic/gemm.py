"""A workload item: one matrix product C[M,N] = A[M,K] x B[K,N], and how people write it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tpugen.errors import RequestError

__all__ = ["GEMM_SIZE_MAX", "Gemm", "GemmRuns", "parse_gemm", "parse_gemms"]

GEMM_SIZE_MAX = 2**31 - 1
"""Largest M, K or N; beyond it a size is taken for a typing error."""

_HINT = "write a GEMM as MxKxN, three positive whole numbers, e.g. 64x128x256 (M=64, K=128, N=256)"
_TEXT = re.compile(
    r"""\s*(?:gemm\s*[:=]?\s*)?(?:m\s*=\s*)?(?P<m>[+-]?\d+)
        \s*[x×*,]\s*(?:k\s*=\s*)?(?P<k>[+-]?\d+)
        \s*[x×*,]\s*(?:n\s*=\s*)?(?P<n>[+-]?\d+)\s*""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Gemm:
    """One GEMM: A of `m` x `k` times B of `k` x `n`.

    Raises:
        RequestError: if a size is not a whole number in 1..`GEMM_SIZE_MAX`.
    """

    m: int
    k: int
    n: int

    def __post_init__(self) -> None:
        wrong = []
        for name in ("m", "k", "n"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= GEMM_SIZE_MAX:
                wrong.append(f"{name.upper()}={_short(value)}")
        if wrong:
            raise RequestError(
                f"GEMM {_short(self.m)}x{_short(self.k)}x{_short(self.n)}: {', '.join(wrong)} "
                f"outside the whole numbers 1..{GEMM_SIZE_MAX}",
                hint=_HINT,
            )

    @property
    def macs(self) -> int:
        """Multiply-accumulates: M*K*N."""
        return self.m * self.k * self.n

    def __str__(self) -> str:
        return f"{self.m}x{self.k}x{self.n}"


@dataclass(frozen=True, slots=True)
class GemmRuns:
    """A GEMM that runs `count` times with different operands, e.g. a group of a layer's convolution.

    Attributes:
        gemm: The GEMM.
        count: How often.
        name: Of the layer that it is, if it is one.
    """

    gemm: Gemm
    count: int = 1
    name: str | None = None


def parse_gemm(text: str) -> Gemm:
    """A GEMM from text: `64x128x256`, `64×128×256`, `64,128,256`, `M=64, K=128, N=256`; order M, K, N.

    Raises:
        RequestError: if the text is anything else, or a size is outside 1..`GEMM_SIZE_MAX`.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise RequestError(f"cannot read {_short(text)} as a GEMM", hint=_HINT)
    sizes = [found[name] for name in ("m", "k", "n")]
    # Python refuses to convert numbers of thousands of digits; any that long is out of range anyhow.
    m, k, n = (int(size[:20]) for size in sizes)
    return Gemm(m, k, n)


def parse_gemms(texts: Iterable[str]) -> list[Gemm]:
    """Several GEMMs, each as `parse_gemm` takes it; one text may hold several, separated by `;` or white space.

    Raises:
        RequestError: if none is given or one cannot be read.
    """
    gemms = [parse_gemm(part) for text in texts for part in _parts(text)]
    if not gemms:
        raise RequestError("the workload holds no GEMM", hint=_HINT)
    return gemms


def _parts(text: str) -> list[str]:
    """Splits at `;` and line ends; at white space only where every word is a GEMM of its own."""
    parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
    split: list[str] = []
    for part in parts:
        words = part.split()
        split.extend(words if len(words) > 1 and all(_TEXT.fullmatch(word) for word in words) else [part])
    return split


def _short(value: object) -> str:
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
