"""Language models by name: their sizes against published parameter counts, their spellings, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tpugen.errors import RequestError, UnknownNameError
from tpugen.model.workloads import LanguageModel, find_language_model, language_model_names, published_variant

# Parameters of the released weights, biases and norms included.
RELEASED = {
    "gpt2-small": 124_439_808,
    "gpt2-350m": 354_823_168,
    "gpt2-774m": 774_030_080,
    "gpt2-1.5b": 1_557_611_200,
    "opt-125m": 125_239_296,
    "opt-1.3b": 1_315_758_080,
    "opt-6.7b": 6_658_473_984,
    "llama-7b": 6_738_415_616,
    "llama-13b": 13_015_864_320,
    "llama-33b": 32_528_943_616,
    "llama-65b": 65_285_660_672,
    "llama2-7b": 6_738_415_616,
    "llama2-70b": 68_976_648_192,
    "llama3-8b": 8_030_261_248,
    "llama3-70b": 70_553_706_496,
    "llama3.1-405b": 405_853_388_800,
    "llama3.2-1b": 1_235_814_400,
    "llama3.2-3b": 3_212_749_824,
    "mistral-7b": 7_241_732_096,
}

# Layers, d, heads and d_ff as the PIM-LLM paper's models are published.
PAPER = {
    "gpt2-350m": (24, 1024, 16, 4096),
    "gpt2-774m": (36, 1280, 20, 5120),
    "gpt2-1.5b": (48, 1600, 25, 6400),
    "opt-1.3b": (24, 2048, 32, 8192),
    "opt-2.7b": (32, 2560, 32, 10240),
    "opt-6.7b": (32, 4096, 32, 16384),
    "llama-7b": (32, 4096, 32, 11008),
}


def without_matrices(model: LanguageModel) -> int:
    """Parameters that are no matrix: RMSNorm has d of them, LayerNorm 2 d, GPT-2 and OPT have biases."""
    d, d_ff = model.d_model, model.d_ff
    if model.family in ("gpt2", "opt"):
        biases = 4 * d + d_ff + d
        # OPT's table of positions has two rows that no token uses.
        return model.layers * (4 * d + biases) + 2 * d + (2 * d if model.family == "opt" else 0)
    return (2 * model.layers + 1) * d


@pytest.mark.parametrize("name", RELEASED)
def test_parameters_are_those_of_the_released_weights(name: str) -> None:
    model = find_language_model(name)
    assert model.projection_weights + model.embedding_weights + without_matrices(model) == RELEASED[name]


def test_opt_350m_embeds_in_half_its_width() -> None:
    model = find_language_model("opt-350m")
    # The released weights have 331,196,416 parameters; this size of OPT has no last norm.
    assert model.embedding_width == 512
    parameters = model.projection_weights + model.embedding_weights + without_matrices(model)
    assert parameters - 2 * model.d_model == 331_196_416


@pytest.mark.parametrize("name", PAPER)
def test_models_of_the_paper(name: str) -> None:
    model = find_language_model(name)
    assert (model.layers, model.d_model, model.heads, model.d_ff) == PAPER[name]
    assert model.kv_heads == model.heads
    assert model.head_dim * model.heads == model.d_model


@pytest.mark.parametrize(
    ("name", "layers", "d_model", "d_ff", "heads", "kv_heads"),
    [
        ("bitnet-0.7b", 24, 1536, 4096, 16, 16),
        ("bitnet-1.3b", 24, 2048, 5460, 32, 32),
        ("bitnet-3b", 26, 3200, 8640, 32, 32),
        ("bitnet-2b4t", 30, 2560, 6912, 20, 5),
    ],
)
def test_bitnet(name: str, layers: int, d_model: int, d_ff: int, heads: int, kv_heads: int) -> None:
    model = find_language_model(name)
    assert (model.layers, model.d_model, model.d_ff) == (layers, d_model, d_ff)
    assert (model.heads, model.kv_heads, model.gated) == (heads, kv_heads, True)
    assert model.group == heads // kv_heads


def test_families_reach_as_far_as_promised() -> None:
    names = set(language_model_names())
    assert {f"opt-{size}" for size in ("125m", "350m", "1.3b", "2.7b", "6.7b", "13b", "30b", "66b")} <= names
    assert {"llama-7b", "llama2-70b", "llama3-8b", "llama3-70b"} <= names


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("OPT-6.7B", "opt-6.7b"),
        (" opt 6.7b ", "opt-6.7b"),
        ("facebook/opt-6.7b", "opt-6.7b"),
        ("gpt2", "gpt2-small"),
        ("gpt2-medium", "gpt2-350m"),
        ("GPT2-355M", "gpt2-350m"),
        ("openai-community/gpt2-xl", "gpt2-1.5b"),
        ("LLaMA-7B", "llama-7b"),
        ("meta-llama/Llama-2-7b-hf", "llama2-7b"),
        ("llama-70b", "llama2-70b"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "llama3-8b"),
        ("meta-llama/Llama-3.1-8B", "llama3.1-8b"),
        ("microsoft/bitnet-b1.58-2B-4T", "bitnet-2b4t"),
        ("1bitLLM/bitnet_b1_58-3B", "bitnet-3b"),
        ("bitnet_b1_58-large", "bitnet-0.7b"),
    ],
)
def test_spellings(spelling: str, name: str) -> None:
    assert find_language_model(spelling) == find_language_model(name)
    assert find_language_model(spelling).name == name


def test_no_two_models_share_a_spelling() -> None:
    assert {find_language_model(name).name for name in language_model_names()} == set(language_model_names())
    assert len(language_model_names()) == 32


def test_unknown_name_says_what_is_near() -> None:
    with pytest.raises(UnknownNameError) as caught:
        find_language_model("opt-6.8b")
    assert str(caught.value) == (
        "no language model 'opt-6.8b' is known\n"
        "  closest: opt-6.7b, opt-66b, opt-2.7b; or give the path of a Hugging Face config.json"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "   ", "frob", "a" * 5000, "no/such/folder", "\0"])
def test_anything_else_is_an_unknown_name(text: str) -> None:
    with pytest.raises(UnknownNameError, match="no language model") as caught:
        find_language_model(text)
    assert "opt-6.7b" in str(caught.value)
    assert len(caught.value.message) < 120


def test_published_variants() -> None:
    for name, (_, d_model, _, _) in PAPER.items():
        model, ran = find_language_model(name), published_variant(find_language_model(name))
        assert published_variant(ran) == ran
        assert ran.name == model.name
        if model.family == "gpt2":
            assert ran == replace(model, d_ff=d_model, source=ran.source)
            assert model.d_ff == 4 * d_model
        elif model.family == "llama":
            assert model.gated
            assert ran == replace(model, gated=False, source=ran.source)
        else:
            assert ran == model
    assert published_variant(find_language_model("bitnet-3b")).gated
    assert "arXiv 2504.01994" in published_variant(find_language_model("llama-7b")).source


def test_contexts_that_are_accepted() -> None:
    published = find_language_model("llama-7b")
    assert (published.context_max, published.context_accepted) == (2048, 4096)
    assert published.context_remark(2048) == ""
    assert published.context_remark(4096) == (
        "context 4096 is beyond the 2048 positions of llama-7b; publications evaluate it all the same"
    )
    assert published.context_remark(4097) == "context 4097 is beyond the 2048 positions of llama-7b"
    assert find_language_model("gpt2-small").context_accepted == 1024
    unlimited = replace(published, context_max=0)
    assert unlimited.context_accepted == 0
    assert unlimited.context_remark(10**9) == ""


def test_every_violation_is_listed_at_once() -> None:
    model = find_language_model("opt-1.3b")
    with pytest.raises(RequestError) as caught:
        replace(model, layers=0, d_model=-1, kv_heads=5, d_ff=2.5, vocabulary=True, activation="tanh")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "language model 'opt-1.3b' is not legal:\n"
        "  - layers: 0; accepted: a whole number in 1..16777216\n"
        "  - d_model: -1; accepted: a whole number in 1..16777216\n"
        "  - d_ff: 2.5; accepted: a whole number in 1..16777216\n"
        "  - vocabulary: True; accepted: a whole number in 0..16777216\n"
        "  - kv_heads: 5 does not divide heads=32; accepted: a divisor, such as 4\n"
        "  - activation: 'tanh'; accepted: relu, relu2, gelu, silu"
    )
