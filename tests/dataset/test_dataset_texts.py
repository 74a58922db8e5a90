"""Requests of the dataset: read back to exactly their design, varied, and never near-duplicates across splits."""

from __future__ import annotations

import random
import re

import pytest

from tpugen.dataset import SPLITS, VOICES, dataset_specs, spec_digest, split_of
from tpugen.dataset.descriptions import describe_all
from tpugen.dataset.identity import pick
from tpugen.dataset.sentences import SENTENCES
from tpugen.dataset.similarity import NEAR_DUPLICATE, closest_pair, normalised, shingles, similarity
from tpugen.spec import DesignSpec
from tpugen.spec.language import parse_request

Texts = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def specs() -> list[DesignSpec]:
    return list(dataset_specs())


@pytest.fixture(scope="module")
def texts(specs: list[DesignSpec]) -> Texts:
    found: Texts = {voice: {split: [] for split in SPLITS} for voice in VOICES}
    for spec in specs:
        for voice, text in describe_all(spec).items():
            found[voice][split_of(spec)].append(text)
    return found


def test_every_text_is_read_back_to_its_design(specs: list[DesignSpec]) -> None:
    """A sample over all kinds, families and splits; each voice carries every fact."""
    for spec in specs[::113]:
        for voice, text in describe_all(spec).items():
            read = parse_request(text)
            assert read.spec == spec, (voice, text)
            assert read.not_understood == [], (voice, text)


def test_every_sentence_is_read_back(specs: list[DesignSpec]) -> None:
    """Each pattern of each voice, kind and split at least once, whatever the sample above holds."""
    missing = {
        (voice, kind, split, sentence)
        for voice, kinds in SENTENCES.items()
        for kind, splits in kinds.items()
        for split, sentences in splits.items()
        for sentence in sentences
    }
    for spec in specs[::7]:
        digest, split = spec_digest(spec), split_of(spec)
        for voice in VOICES:
            place = (voice, spec.kind, split, pick(digest, f"{voice} sentence", SENTENCES[voice][spec.kind][split]))
            if place in missing:
                missing.discard(place)
                text = describe_all(spec, digest)[voice]
                assert parse_request(text).spec == spec, text
    assert not missing


@pytest.mark.parametrize("voice", VOICES)
def test_no_pair_across_splits_is_a_near_duplicate(texts: Texts, voice: str) -> None:
    """Over all pairs of the whole dataset, not over a sketch or a sample."""
    mine = texts[voice]
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        closest = closest_pair(mine[first], mine[second])
        assert closest.pairs > 1_000_000
        assert closest.similarity < NEAR_DUPLICATE, (closest.first, closest.second)


def test_texts_of_a_voice_are_many(texts: Texts) -> None:
    for voice, splits in texts.items():
        assert len({normalised(text) for text in splits["train"]}) > 10_000, voice
    train = [text for splits in texts.values() for text in splits["train"]]
    assert not [text for text in train if re.search(r"\b[Aa] (?:unsigned|output-|input-|8-|11-|18-)", text)]
    assert not [text for text in train if "{" in text or "None" in text or ", ," in text]


def test_similarity_by_hand() -> None:
    assert normalised("An 8x8 array, INT8 (k=4)!") == "an # x # array int # k #"
    assert shingles("8 bit adder now") == {"# bit adder", "bit adder now"}
    assert shingles("adder") == {"adder"}
    assert similarity("a 4x4 int8 array", "a 8x16 int4 array") == 1.0
    assert similarity("one two three four", "one two three five") == pytest.approx(1 / 3)
    assert similarity("one two three", "four five six") == 0.0


def test_the_closest_pair_is_that_of_brute_force() -> None:
    words = ["adder", "array", "signed", "bits", "wide", "the", "of", "four", "rows"]
    rng = random.Random(3)
    left, right = ([" ".join(rng.choices(words, k=rng.randint(1, 9))) for _ in range(120)] for _ in range(2))
    found = closest_pair(left, right)
    assert found.similarity == max(similarity(a, b) for a in left for b in right)
    assert similarity(found.first, found.second) == found.similarity
    assert closest_pair(left, []).similarity == 0.0
    planted = "an exact 8-bit adder with a carry look-ahead and nothing else"
    assert closest_pair([*left, planted], [*right, planted.replace("8", "16")]).similarity == 1.0
