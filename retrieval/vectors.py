"""FAISS over unit vectors: exact up to some thousands of documents, inverted lists above.

Which index above, how many lists and how many of them are probed was measured; `docs/retrieval.md` has the table.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["EXACT_UP_TO", "build_vectors", "is_exact", "nearest", "read_vectors", "write_vectors"]

EXACT_UP_TO = 8192
"""Up to so many vectors each query is compared with all of them (about a millisecond)."""

_LISTS_PER_ROOT = 1.5  # lists = this times the square root of the number of vectors
_PROBED_SHARE = 4  # one list in so many is probed
_SELECTIVE = 4  # a filter that leaves less than one vector in so many is searched exactly


def build_vectors(matrix: NDArray[np.float32]) -> Any:
    """An index of the rows of `matrix`, by inner product.

    Args:
        matrix: Unit vectors, shape (n, dimension), n at least 1.
    """
    import faiss

    count, dimension = matrix.shape
    flat = faiss.IndexFlatIP(int(dimension))
    if count <= EXACT_UP_TO:
        flat.add(matrix)
        return flat
    lists = int(_LISTS_PER_ROOT * count**0.5)
    inverted = faiss.IndexIVFFlat(flat, int(dimension), lists, faiss.METRIC_INNER_PRODUCT)
    inverted.train(matrix)
    inverted.add(matrix)
    inverted.nprobe = max(1, lists // _PROBED_SHARE)
    return inverted


def is_exact(vectors: Any) -> bool:
    """Whether a search without a filter compares with every vector."""
    return not hasattr(vectors, "nprobe")


def nearest(
    vectors: Any, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Positions of the vectors nearest to `query`, nearest first.

    A filter that leaves few vectors is answered exactly: all lists are visited, but only what is allowed is compared.

    Args:
        vectors: What `build_vectors` gives.
        query: Unit vector, shape (dimension,).
        count: How many, at most.
        allowed: Which positions may be found, shape (n,); None allows all.
    """
    import numpy as np

    faiss: Any = import_module("faiss")  # its hints leave out the keywords that its Python layer adds
    selector = None
    left = vectors.ntotal
    if allowed is not None:
        left = int(np.count_nonzero(allowed))
        selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
    count = min(count, left)
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    if is_exact(vectors):
        parameters = faiss.SearchParameters(sel=selector)
    else:
        few = left * _SELECTIVE <= vectors.ntotal or count * _SELECTIVE > left
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=vectors.nlist if few else vectors.nprobe)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # one query is not worth the wait of threads for each other
    try:
        _, positions = vectors.search(query[np.newaxis, :], count, params=parameters)
    finally:
        faiss.omp_set_num_threads(threads)
    return np.asarray(positions[0][positions[0] >= 0], dtype=np.int64)


def write_vectors(vectors: Any, path: Path) -> None:
    """Write an index file.

    Raises:
        OSError: it cannot be written (FAISS says RuntimeError).
    """
    import faiss

    try:
        faiss.write_index(vectors, str(path))
    except RuntimeError as error:
        raise OSError(str(error).splitlines()[0]) from error


def read_vectors(path: Path, count: int) -> Any:
    """Read back what `write_vectors` wrote.

    Raises:
        ValueError: it is no index of `count` vectors.
    """
    import faiss

    try:
        vectors = faiss.read_index(str(path))
    except RuntimeError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    if vectors.ntotal != count:
        raise ValueError(f"{path.name} holds {vectors.ntotal} vectors, expected {count}")
    return vectors
