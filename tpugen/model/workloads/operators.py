"""Operators of a workload: matrix products with their widths, alone or as a table over many design points.

Every operator is C[M,N] = A[M,K] x B[K,N], `count` times an inference. A is the **matrix** that the product is about:
weights, or keys and values of the cache (M outputs by K inputs). B holds the **vectors**: N activations that meet it
(N = 1 for one token of a batch of one). All engines take the table, so that one design point and a hundred thousand go
the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from tpugen.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["COLUMNS", "MATRIX_KINDS", "ROLES", "MatrixKind", "Operator", "OperatorTable", "Role"]

Role = Literal["projection", "attention", "convolution", "embedding", "head", "nonlinear"]
"""What an operator is for; systems place operators by role or by name.

`projection`: weights of a layer; `attention`: products with the KV cache; `head`: the LM head; `embedding`: a look-up,
bytes without MACs; `nonlinear`: softmax, normalisation, activation function: elements without MACs.
"""

MatrixKind = Literal["weights", "kv_cache", "none"]
"""Where matrix A lives: it was learnt, it grows with the context, or there is none."""

ROLES: tuple[Role, ...] = get_args(Role)
MATRIX_KINDS: tuple[MatrixKind, ...] = get_args(MatrixKind)

COLUMNS = ("m", "k", "n", "count", "layers", "matrix_bits", "vector_bits", "result_bits", "matrix_copies")
"""Numeric columns of an `OperatorTable`."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of one workload.

    Attributes:
        name: Unique in its workload: `query`, `key`, `value`, `output`, `up`, `gate`, `down`, `scores` (QK^T),
            `mix` (PV), `lm_head`, ...
        role: See `Role`.
        matrix: See `MatrixKind`.
        m: Outputs (rows of A).
        k: Inputs (columns of A).
        n: Vectors (columns of B).
        count: How often per inference, over all layers, heads and sequences.
        layers: How many layers `count` spreads over; `count / layers` is per layer.
        matrix_bits: Width of an element of A.
        vector_bits: Width of an element of B.
        result_bits: Width of an element of C as it leaves.
        matrix_copies: Different matrices A per inference: `count` where each product has its own, fewer where sequences
            of a batch share weights.
    """

    name: str
    role: Role
    matrix: MatrixKind
    m: int
    k: int
    n: int
    count: int = 1
    layers: int = 1
    matrix_bits: int = 8
    vector_bits: int = 8
    result_bits: int = 8
    matrix_copies: int = 1

    def __post_init__(self) -> None:
        wrong = [
            f"{name}={getattr(self, name)!r}"
            for name in COLUMNS
            if isinstance(getattr(self, name), bool) or not isinstance(getattr(self, name), int)
            or getattr(self, name) < (0 if name in ("count", "matrix_copies", "matrix_bits") else 1)
        ]  # fmt: skip
        if wrong:
            raise RequestError(
                f"operator {self.name!r}: {', '.join(wrong)}; expected positive whole numbers",
                hint="check the sizes of the workload",
            )

    @property
    def macs(self) -> int:
        """Multiply-accumulates per inference; 0 where there is no matrix."""
        return 0 if self.matrix == "none" else self.m * self.k * self.n * self.count


@dataclass(frozen=True)
class OperatorTable:
    """Operators of many design points: a row per operator, a column per point.

    All numeric columns are int64 of shape `(operators, points)`. A point without an operator has `count` 0 there.

    Attributes:
        names: Of the operators, unique.
        roles: Of the operators.
        matrices: Kind of A of the operators.
        tokens: Tokens (or images) that one inference yields, shape `(points,)`.
        m: And the other columns: see `Operator`.
    """

    names: tuple[str, ...]
    roles: tuple[Role, ...]
    matrices: tuple[MatrixKind, ...]
    tokens: IntArray
    m: IntArray
    k: IntArray
    n: IntArray
    count: IntArray
    layers: IntArray
    matrix_bits: IntArray
    vector_bits: IntArray
    result_bits: IntArray
    matrix_copies: IntArray

    def __post_init__(self) -> None:
        shape = (len(self.names), self.tokens.size)
        wrong = [name for name in COLUMNS if getattr(self, name).shape != shape]
        if wrong or len(set(self.names)) != len(self.names):
            raise ValueError(f"columns {', '.join(wrong)} are not of shape {shape}, or names repeat")

    @classmethod
    def build(
        cls,
        rows: Sequence[tuple[str, Role, MatrixKind]],
        columns: Mapping[str, Sequence[npt.ArrayLike]],
        tokens: npt.ArrayLike,
    ) -> OperatorTable:
        """A table from columns that broadcast over the points.

        Args:
            rows: Name, role and matrix kind of each operator.
            columns: For each of `COLUMNS` one entry per operator, each a number or an array over the points.
            tokens: A number or an array over the points.
        """
        import numpy as np

        flat = [np.asarray(value) for name in COLUMNS for value in columns[name]]
        points = np.broadcast_shapes(np.shape(tokens), (1,), *(value.shape for value in flat))
        arrays = {
            name: np.stack([np.broadcast_to(value, points) for value in columns[name]]).astype(np.int64)
            for name in COLUMNS
        }
        names, roles, matrices = zip(*rows, strict=True)
        return cls(names, roles, matrices, np.broadcast_to(tokens, points).astype(np.int64), **arrays)

    @classmethod
    def of(cls, operators: Sequence[Operator], tokens: int = 1) -> OperatorTable:
        """The table of one workload: a single point."""
        rows = [(item.name, item.role, item.matrix) for item in operators]
        return cls.build(rows, {name: [getattr(item, name) for item in operators] for name in COLUMNS}, tokens)

    @property
    def points(self) -> int:
        """How many design points."""
        return int(self.tokens.size)

    def operators(self, point: int = 0) -> list[Operator]:
        """The operators of one point that occur there."""
        return [
            Operator(
                name, role, matrix, **{column: int(getattr(self, column)[row, point]) for column in COLUMNS}
            )
            for row, (name, role, matrix) in enumerate(zip(self.names, self.roles, self.matrices, strict=True))
            if self.count[row, point] > 0
        ]  # fmt: skip

    def select(self, rows: Sequence[bool]) -> OperatorTable:
        """The table of some operators."""
        kept = [index for index, wanted in enumerate(rows) if wanted]
        return OperatorTable(
            tuple(self.names[index] for index in kept),
            tuple(self.roles[index] for index in kept),
            tuple(self.matrices[index] for index in kept),
            self.tokens,
            **{name: getattr(self, name)[kept] for name in COLUMNS},
        )

    @property
    def macs(self) -> IntArray:
        """Multiply-accumulates per inference, shape `(operators, points)`."""
        import numpy as np

        real = np.array([matrix != "none" for matrix in self.matrices])[:, None]
        macs: IntArray = np.where(real, self.m * self.k * self.n * self.count, 0)
        return macs

    @property
    def matrix_bytes(self) -> npt.NDArray[np.float64]:
        """Bytes of the different matrices A that an inference touches, shape `(operators, points)`."""
        return self.m * self.k * self.matrix_copies * (self.matrix_bits / 8)

    @property
    def vector_bytes(self) -> npt.NDArray[np.float64]:
        """Bytes of B, each counted once per product."""
        return self.k * self.n * self.count * (self.vector_bits / 8)

    @property
    def result_bytes(self) -> npt.NDArray[np.float64]:
        """Bytes of C."""
        return self.m * self.n * self.count * (self.result_bits / 8)
