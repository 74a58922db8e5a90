"""FAISS by size: exact where it is small, inverted lists above, filters answered in both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tpugen.retrieval.embeddings import embed_all
from tpugen.retrieval.vectors import EXACT_UP_TO, build_vectors, is_exact, nearest, read_vectors, write_vectors

COUNT, DIMENSION = 12_000, 48


def _clustered(count: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors around common centres, as descriptions of designs lie around their kinds."""
    centres = np.random.default_rng(0).normal(size=(60, DIMENSION))
    chance = np.random.default_rng(seed)
    points = centres[chance.integers(60, size=count)] + 0.6 * chance.normal(size=(count, DIMENSION))
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float32)


MATRIX, QUERIES = _clustered(COUNT, 1), _clustered(100, 2)


@pytest.fixture(scope="module")
def approximate():
    return build_vectors(MATRIX)


def _exactly(query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_] | None = None) -> list[int]:
    scores = MATRIX @ query
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    return np.argsort(-scores, kind="stable")[:count].tolist()


def test_the_index_is_chosen_by_size(approximate):
    assert COUNT > EXACT_UP_TO
    assert not is_exact(approximate)
    assert is_exact(build_vectors(MATRIX[:EXACT_UP_TO]))


def test_the_approximate_index_finds_nearly_all_that_the_exact_one_does(approximate):
    found = [len(set(nearest(approximate, q, 10).tolist()) & set(_exactly(q, 10))) for q in QUERIES]
    assert sum(found) / (10 * len(QUERIES)) >= 0.99


def test_a_selective_filter_is_answered_exactly(approximate):
    allowed = np.random.default_rng(3).random(COUNT) < 0.02
    for query in QUERIES[:25]:
        found = nearest(approximate, query, 10, allowed)
        assert set(found.tolist()) == set(_exactly(query, 10, allowed))
        assert allowed[found].all()


def test_no_more_is_found_than_allowed(approximate):
    allowed = np.zeros(COUNT, dtype=np.bool_)
    assert nearest(approximate, QUERIES[0], 5, allowed).tolist() == []
    allowed[[7, 11_999]] = True
    assert sorted(nearest(approximate, QUERIES[0], 5, allowed).tolist()) == [7, 11_999]
    small = build_vectors(MATRIX[:4])
    assert sorted(nearest(small, QUERIES[0], 9).tolist()) == [0, 1, 2, 3]


def test_it_survives_its_file_and_another_file_is_refused(approximate, tmp_path: Path):
    write_vectors(approximate, tmp_path / "v")
    again = read_vectors(tmp_path / "v", COUNT)
    assert nearest(again, QUERIES[0], 10).tolist() == nearest(approximate, QUERIES[0], 10).tolist()
    with pytest.raises(ValueError, match="holds 12000 vectors, expected 3"):
        read_vectors(tmp_path / "v", 3)
    (tmp_path / "v").write_bytes(b"no index")
    with pytest.raises(ValueError):
        read_vectors(tmp_path / "v", 3)


def test_texts_are_embedded_once_and_come_back_in_order():
    class Lengths:
        identity = "lengths"
        seen: list[str] = []  # noqa: RUF012

        def embed(self, texts):
            self.seen += texts
            return np.asarray([[len(text), 1] for text in texts], dtype=np.float32)

    model, told = Lengths(), []
    texts = ["ccc", "a", "bb", "a", "ccc"]
    matrix = embed_all(model, texts, lambda done, total: told.append((done, total)))
    assert matrix[:, 0].tolist() == [3, 1, 2, 1, 3]
    assert model.seen == ["a", "bb", "ccc"] and told == [(3, 3)]
