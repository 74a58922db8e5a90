"""Where the groups of PEs of a layer lie on the mesh, and how far their results travel.

The nodes of the mesh are routers with a group of PEs each. The matrices of a layer take consecutive nodes along a
curve that fills the mesh in L-shaped shells from one corner (the placement that MNSIM 2.0 uses by default), so that
neighbours in a layer are neighbours on the mesh. A port in the middle of the mesh's left edge leads to the rest of the
chip. Every matrix has one node, chosen to cost the least time, where its partial results meet and from where its
result leaves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]

__all__ = ["curve_nodes", "mesh_side_for", "place_layer"]


def curve_nodes(index: IntArray) -> tuple[IntArray, IntArray]:
    """Rows and columns of places on the curve.

    Shell s holds the 2s + 1 nodes whose larger coordinate is s; odd shells run down column s and back along row s, even
    shells the other way, so that consecutive places are always neighbours.

    Args:
        index: Places on the curve, from 0.
    """
    import numpy as np

    shell = np.floor(np.sqrt(index)).astype(np.int64)
    offset = index - shell * shell
    along, back = np.minimum(offset, shell), np.minimum(2 * shell - offset, shell)
    odd = shell % 2 == 1
    return np.where(odd, along, back), np.where(odd, back, along)


def mesh_side_for(nodes: int, side: int) -> int:
    """The side of the mesh that holds so many nodes: the given one, doubled as often as needed."""
    while side * side < nodes:
        side *= 2
    return side


@lru_cache(maxsize=65536)
def place_layer(
    nodes: tuple[int, ...],
    targets: tuple[tuple[int, ...], ...],
    merge_s: tuple[float, ...],
    send_s: tuple[float, ...],
    side: int,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Hops of merging and of sending for the matrices of one layer.

    Args:
        nodes: Nodes that each matrix takes, in the order of placement; 0 for a matrix that does not occur.
        targets: For each, the indexes of the matrices that take its result; none of them on the mesh: the port.
        merge_s: For each, seconds per hop of merging partial results.
        send_s: For each, seconds per hop of sending the result.
        side: Side of the mesh at least.

    Returns:
        Hops from the farthest node of a matrix to its meeting node, and from there to the farthest node of its targets
        or to the port.
    """
    import numpy as np

    ends = np.cumsum((0, *nodes))
    side = mesh_side_for(int(ends[-1]), side)
    rows, columns = curve_nodes(np.arange(ends[-1]))
    falling, rising = rows + columns, rows - columns
    blocks = [slice(ends[index], ends[index + 1]) for index in range(len(nodes))]

    def farthest(block: slice, other: slice) -> IntArray:
        # Manhattan distance is the larger of the distances along the two diagonals.
        far = [
            np.maximum(np.abs(axis[block] - axis[other].max()), np.abs(axis[block] - axis[other].min()))
            for axis in (falling, rising)
        ]
        hops: IntArray = np.maximum(far[0], far[1])
        return hops

    merging, sending = [], []
    for index, block in enumerate(blocks):
        if nodes[index] == 0:
            merging.append(0)
            sending.append(0)
            continue
        merge = farthest(block, block)
        takers = [target for target in targets[index] if nodes[target] > 0]
        if takers:
            send = np.max([farthest(block, blocks[taker]) for taker in takers], axis=0)
        else:
            send = np.abs(rows[block] - side // 2) + columns[block]
        best = int(np.argmin(merge * merge_s[index] + send * send_s[index]))
        merging.append(int(merge[best]))
        sending.append(int(send[best]))
    return tuple(merging), tuple(sending)
