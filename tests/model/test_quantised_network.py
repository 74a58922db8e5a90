"""Quantised inference through the units' models: against independent integer arithmetic, tables against models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.dataset.accuracies import all_accuracies, network_accuracy_of, read_accuracy_table, write_accuracy_table
from tpugen.dataset.unit_grid import unit_grid
from tpugen.errors import SpecError, StorageError, UnknownNameError
from tpugen.model import digits
from tpugen.model.digits import load_digits, trained_network
from tpugen.model.quantised_network import Arithmetic, QuantisedNetwork, classify, network_accuracy, quantise
from tpugen.spec import spec_from_dict
from tpugen.verif import golden


def integer_answers(width: int) -> np.ndarray:
    """The quantised network with exact units, written once more: whole-matrix integer products, nothing shared."""
    data, network = load_digits(), trained_network()
    limit = 2 ** (width - 1) - 1
    train, test = data.train_images, data.test_images
    for layer in range(2):
        weights, bias = network.weights[layer], network.biases[layer]
        input_scale, weight_scale = abs(train).max() / limit, abs(weights).max() / limit
        q_inputs = np.round(test / input_scale).clip(-limit, limit).astype(int)
        q_weights = np.round(weights / weight_scale).clip(-limit, limit).astype(int)
        sums = q_inputs @ q_weights + np.round(bias / (input_scale * weight_scale)).astype(int)
        train = np.maximum(train @ weights + bias, 0)
        test = np.maximum(sums, 0) * (input_scale * weight_scale)
    return sums.argmax(axis=1)


def quantised(width: int) -> QuantisedNetwork:
    return QuantisedNetwork.of(trained_network(), load_digits().train_images, width)


@pytest.mark.parametrize("width", [3, 4, 8, 16])
def test_exact_units_give_the_integer_networks_answers(width: int) -> None:
    expected = integer_answers(width)
    answers = classify(quantised(width), load_digits().test_images, Arithmetic(width))
    assert answers.tolist() == expected.tolist()
    result = network_accuracy(Arithmetic(width))
    assert result.accuracy == result.exact_accuracy == float(np.mean(expected == load_digits().test_labels))
    assert (result.loss, result.agreement, result.test_images) == (0.0, 1.0, 899)


def test_the_network_is_trained_and_8_bits_suffice() -> None:
    exact = network_accuracy(Arithmetic(8))
    assert exact.float_accuracy > 0.95
    assert abs(exact.accuracy - exact.float_accuracy) < 0.01
    assert network_accuracy(Arithmetic(2)).accuracy < exact.accuracy - 0.05


def test_training_and_test_images_are_apart() -> None:
    data = load_digits()
    train = {image.tobytes() for image in data.train_images}
    assert not any(image.tobytes() in train for image in data.test_images)
    assert len(data.train_labels) + len(data.test_labels) == 1797
    assert np.bincount(data.test_labels).min() > 80


@pytest.mark.parametrize("family", MULTIPLIERS)
def test_tables_and_models_agree(family: str) -> None:
    images = load_digits().test_images[:30]
    for width in (4, 8):
        units = Arithmetic(width, family)
        network = quantised(width)
        by_model = classify(network, images, units, tables=False)
        assert classify(network, images, units).tolist() == by_model.tolist()


@pytest.mark.parametrize(("multiplier", "adder"), [("drum", "loa"), ("exact", "herloa"), ("mitchell", "approx5")])
def test_sums_are_those_of_an_output_stationary_array(multiplier: str, adder: str) -> None:
    from tpugen.model.quantised_network import _matmul

    rng = np.random.default_rng(3)
    a, b = rng.integers(-127, 128, (5, 23)), rng.integers(-127, 128, (23, 4))
    spec = spec_from_dict(
        {"kind": "systolic_array", "rows": 5, "cols": 4, "multiplier": {"family": multiplier},
         "adder": {"family": adder}, "accumulator_width_bits": 32}
    )  # fmt: skip
    units = Arithmetic(8, multiplier, {}, adder).complete()
    assert _matmul(a, b, units, True).tolist() == golden.matmul(spec, a, b).tolist()


def test_quantisation_is_symmetric_and_clips() -> None:
    values = np.array([-2.0, -1.0, -0.25, 0.0, 0.25, 0.75, 1.0, 9.0])
    assert quantise(values, 0.5, 3).tolist() == [-3, -2, 0, 0, 0, 2, 2, 3]


def test_a_coarser_unit_costs_accuracy() -> None:
    coarse, fine = (network_accuracy(Arithmetic(8, "drum", {"k": k})) for k in (2, 6))
    assert coarse.agreement < fine.agreement
    assert coarse.loss > 0.02 > fine.loss
    assert coarse.multiplier_parameters == {"k": 2}


def test_what_is_illegal_is_listed() -> None:
    with pytest.raises(SpecError) as caught:
        network_accuracy(Arithmetic(8, "drum", {"k": 9}, "loa", {"k": 40}))
    assert str(caught.value).splitlines() == [
        "multiplier.k: 9 is outside 2..8 for drum at 8 bits; 4 would work",
        "adder.k: 40 is outside 1..31 for loa at 32 bits; 8 would work",
    ]
    with pytest.raises(SpecError, match=r"^width: 17 is not legal; legal: 2\.\.16; 8 would work$"):
        network_accuracy(Arithmetic(17))
    with pytest.raises(UnknownNameError):
        network_accuracy(Arithmetic(8, "dram"))


def test_the_trained_network_is_kept_and_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TPUGEN_CACHE_DIR", str(folder))
        digits.trained_network.cache_clear()
        first = trained_network()
        (path,) = (folder / "networks").glob("digits-*.npz")
        patch.setattr(digits, "_train", lambda _digits: pytest.fail("trained again"))
        digits.trained_network.cache_clear()
        assert trained_network().fingerprint == first.fingerprint
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TPUGEN_CACHE_DIR", str(folder))
        path.write_bytes(path.read_bytes()[:500])
        digits.trained_network.cache_clear()
        assert trained_network().fingerprint == first.fingerprint  # training is deterministic
        assert path.stat().st_size > 500


def test_the_kept_table_is_complete_and_true() -> None:
    for width in (4, 8, 16):
        for unit in unit_grid(roles=["multiplier"], widths_bits=[width]):
            if unit.structure is None:
                assert network_accuracy_of("multiplier", unit.family, dict(unit.parameters), width), unit
        adders = {row.adder for row in all_accuracies() if row.width_bits == width}
        assert adders == set(ADDERS)
    same = all_accuracies()[0].network == trained_network().fingerprint
    for row in all_accuracies()[::7]:
        now = network_accuracy(
            Arithmetic(row.width_bits, row.multiplier, row.multiplier_parameters, row.adder, row.adder_parameters)
        )
        # Another NumPy may train other weights; the data then holds within the noise of 899 images.
        assert now == row if same else abs(now.accuracy - row.accuracy) < 0.06, row


def test_tables_are_read_back(tmp_path: Path) -> None:
    rows = all_accuracies()[:3]
    path = write_accuracy_table(rows, tmp_path / "a.json", command="x")
    assert read_accuracy_table(path).units == rows
    path.write_text('{"command": "x"}')
    with pytest.raises(StorageError, match=r"is no table of accuracies: units: Field required"):
        read_accuracy_table(path)
