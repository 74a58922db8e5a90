"""Which operators take how many crossbars, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.crossbars.constants import CrossbarConstants
from tpugen.model.crossbars.placement import place_layer
from tpugen.model.workloads.operators import OperatorTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["STAGES", "TAKERS", "CrossbarMapping", "map_operators"]

TAKERS: dict[str, tuple[str, ...]] = {
    "query": (),
    "key": (),
    "value": (),
    "output": ("up", "gate"),
    "up": ("down",),
    "gate": ("down",),
    "down": (),
}
"""Matrices of a decoder layer in the order of placement, and who takes their results on the mesh; nobody: the port,
behind which attention and the next layer are."""

STAGES: tuple[tuple[str, ...], ...] = (("query", "key", "value"), ("up", "gate"))
"""Matrices of a decoder layer that share their input and work at the same time."""


@dataclass(frozen=True)
class CrossbarMapping:
    """How operators lie on crossbars; all arrays of shape `(operators, points)`.

    Attributes:
        row_blocks: Crossbars that share an output: blocks of inputs.
        column_blocks: Crossbars that share an input: blocks of outputs.
        slices: Pairs of crossbars that a weight's magnitude bits are spread over.
        pes: Processing elements (a pair of crossbars each) of one matrix.
        groups: Nodes of the mesh of one matrix.
        used_rows: Rows in use of the fullest crossbar.
        used_columns: Columns in use of the fullest crossbar.
        used_pes: PEs in use of the fullest group.
        merge_hops: From the farthest group to where partial results meet.
        send_hops: From there to whoever takes the result.
        copies: Matrices of that shape that hold different weights.
    """

    row_blocks: IntArray
    column_blocks: IntArray
    slices: IntArray
    pes: IntArray
    groups: IntArray
    used_rows: IntArray
    used_columns: IntArray
    used_pes: IntArray
    merge_hops: IntArray
    send_hops: IntArray
    copies: IntArray

    def tiles(self, constants: CrossbarConstants) -> IntArray:
        """Tiles of all copies, shape `(points,)`; a tile is not shared by matrices."""
        tiles: IntArray = (-(-self.groups // constants.groups_per_tile) * self.copies).sum(axis=0)
        return tiles

    def banks(self, constants: CrossbarConstants) -> IntArray:
        """Banks that hold these tiles, shape `(points,)`."""
        banks: IntArray = -(-self.tiles(constants) // constants.tiles_per_bank)
        return banks


def map_operators(table: OperatorTable, constants: CrossbarConstants) -> CrossbarMapping:
    """Lays a table's operators on crossbars.

    A matrix of M outputs by K inputs takes ceil(M/columns) * ceil(K/rows) crossbar pairs for each of its magnitude
    bits. The projections of a decoder layer share a mesh; every other operator has one of its own. Every decoder layer
    has its own crossbars, placed the same.

    Raises:
        RequestError: An operator's matrix is not weights: crossbars would have to be rewritten for every token.
    """
    import numpy as np

    for name, matrix, counts in zip(table.names, table.matrices, table.count, strict=True):
        if matrix != "weights" and counts.any():
            raise RequestError(
                f"operator {name!r} multiplies with {matrix}, not with weights; crossbars hold what never changes",
                hint="place it on a systolic array",
            )
    slices = np.maximum(1, -(-np.maximum(1, table.matrix_bits - 1) // constants.bits_per_pair))
    row_blocks = -(-table.k // constants.crossbar_rows)
    column_blocks = -(-table.m // constants.crossbar_columns)
    pes = row_blocks * column_blocks * slices
    groups = -(-pes // constants.pes_per_group)
    used_columns = np.minimum(table.m, constants.crossbar_columns)
    used_pes = np.minimum(pes, constants.pes_per_group)
    merge_s = 1 / constants.digital_clock + used_columns * used_pes * table.result_bits / constants.mesh_link
    send_s = table.m * table.result_bits / constants.mesh_link
    merge_hops, send_hops = _hops(table, groups, merge_s, send_s, constants.mesh_side)
    return CrossbarMapping(
        row_blocks,
        column_blocks,
        slices,
        pes,
        groups,
        np.minimum(table.k, constants.crossbar_rows),
        used_columns,
        used_pes,
        merge_hops,
        send_hops,
        np.where(table.count > 0, np.maximum(table.matrix_copies, 1), 0),
    )


def _hops(
    table: OperatorTable,
    groups: IntArray,
    merge_s: npt.NDArray[np.float64],
    send_s: npt.NDArray[np.float64],
    side: int,
) -> tuple[IntArray, IntArray]:
    """Hops of merging and sending. Points whose matrices have the same sizes are placed once."""
    import numpy as np

    nodes = np.where(table.count > 0, groups, 0)
    layer = [row for name in TAKERS for row, found in enumerate(table.names) if found == name]
    layer = [row for row in layer if table.roles[row] == "projection"]
    meshes = ([layer] if layer else []) + [[row] for row in range(len(table.names)) if row not in layer]
    merge_hops, send_hops = np.zeros_like(nodes), np.zeros_like(nodes)
    for mesh in meshes:
        order = {table.names[row]: index for index, row in enumerate(mesh)}
        takers = tuple(
            tuple(order[taker] for taker in TAKERS.get(table.names[row], ()) if taker in order) for row in mesh
        )
        keys, where = np.unique(np.concatenate([nodes[mesh], merge_s[mesh], send_s[mesh]]), axis=1, return_inverse=True)
        size = len(mesh)
        hops = np.array(
            [
                place_layer(
                    tuple(int(value) for value in key[:size]),
                    takers,
                    tuple(key[size : 2 * size].tolist()),
                    tuple(key[2 * size :].tolist()),
                    side,
                )
                for key in keys.T
            ]
        )
        merge_hops[mesh] = hops[where.reshape(-1), 0].T
        send_hops[mesh] = hops[where.reshape(-1), 1].T
    return merge_hops, send_hops
