"""The hybrid accelerator's driver: addresses, words, and what a host writes to program a layer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from tpugen.arithmetic.decoder_layer import (
    CrossbarOptions,
    IntegerLayer,
    LayerShape,
    MatrixName,
    program,
    quantise_layer,
    random_layer,
    random_tokens,
)
from tpugen.arithmetic.decoder_layer.host import (
    PROGRAM_WEIGHTS,
    Register,
    Status,
    abort_writes,
    clips_register,
    constant_register,
    counter_register,
    gain_writes,
    layer_writes,
    matrix_number,
    planes_register,
    program_address,
    setting_writes,
    shape_words,
    token_writes,
    weight_writes,
)
from tpugen.arithmetic.decoder_layer.operators import Operator
from tpugen.arithmetic.decoder_layer.tiles import tile_shapes
from tpugen.arithmetic.nonlinear import Factor
from tpugen.arithmetic.tpu import TpuShape
from tpugen.errors import RequestError

SHAPE = LayerShape(6, 2, 11, 4, kv_heads=1, gated=True, norm="layer_norm", activation="relu2")
CROSSBARS = CrossbarOptions(crossbar_rows=4, crossbar_cols=18, adc_bits=5, columns_per_adc=3, zero_skipping=True)
NAMES: tuple[MatrixName, ...] = ("W_Q", "W_K", "W_V", "W_X", "W_G", "W_I", "W_O")


def _layer(shape: LayerShape = SHAPE) -> IntegerLayer:
    return quantise_layer(random_layer(shape, seed=1), random_tokens(shape, 4, seed=2))


def test_no_two_registers_share_an_address() -> None:
    blocks = (constant_register, clips_register, planes_register)
    addresses = [int(register) for register in Register]
    addresses += [block(name) for block in blocks for name in NAMES]
    addresses += [counter_register(operator) for operator in Operator]
    assert len(set(addresses)) == len(addresses)
    assert all(address % 4 == 0 and 0 <= address < 1 << 12 for address in addresses)


def test_no_two_status_bits_are_the_same() -> None:
    assert all(not a & b for a, b in combinations(Status, 2))
    assert len(Status) == 12


def test_matrices_have_the_same_numbers_with_and_without_a_gate() -> None:
    assert [matrix_number(name) for name in NAMES] == list(range(7))


def test_the_shape_words_of_a_design() -> None:
    words = shape_words(SHAPE, TpuShape(2, 5, 4), CROSSBARS)
    assert words == {
        Register.SHAPE_WIDTHS: 11 << 16 | 6,
        Register.SHAPE_HEADS: 1 << 16 | 2,
        Register.SHAPE_CONTEXT: 0b1111 << 16 | 4,
        Register.SHAPE_CROSSBAR: 18 << 16 | 4,
        Register.SHAPE_ADC: 3 << 16 | 5,
        Register.SHAPE_ARRAY: 4 << 16 | 4 << 8 | 1,
    }
    plain = shape_words(LayerShape(8, 2, 12, 5), TpuShape(2, 5, 4), CrossbarOptions())
    assert plain[Register.SHAPE_CONTEXT] == 5


def test_settings_hold_every_constant() -> None:
    layer = replace(_layer(), activation_shift=9, gate_shift=7)
    words = dict(setting_writes(layer))
    for name, constant in layer.constants.items():
        assert words[constant_register(name)] == constant.shift << 16 | constant.multiplier
    assert words[Register.SOFTMAX] == layer.softmax.shift << 16 | layer.softmax.multiplier
    assert words[Register.ACTIVATION] == 7 << 8 | 9
    assert words[Register.NORM] == layer.norm2.gain_fraction_bits << 8 | layer.norm1.gain_fraction_bits
    assert len(words) == 7 + 3


def test_a_multiplier_beyond_its_register_is_refused() -> None:
    layer = _layer()
    wide = replace(layer, constants={**layer.constants, "W_O": Factor(1 << 16, 4)})
    with pytest.raises(RequestError) as caught:
        setting_writes(wide)
    assert caught.value.message == "a constant with the multiplier 65536"
    assert caught.value.hint == "The accelerator takes multipliers of 16 bits, 0 to 65535."


def test_gains_and_biases_in_order() -> None:
    layer = _layer()
    address, *data = gain_writes((layer.norm1, layer.norm2))
    assert address == (Register.GAIN_ADDRESS, 0)
    assert {register for register, _ in data} == {Register.GAIN_DATA}
    halves = np.array([[word & 0xFFFF, word >> 16] for _, word in data], dtype=np.uint16).view(np.int16)
    assert layer.norm1.biases is not None and layer.norm2.biases is not None
    assert np.array_equal(halves[:, 0], np.concatenate([layer.norm1.gains, layer.norm2.gains]))
    assert np.array_equal(halves[:, 1], np.concatenate([layer.norm1.biases, layer.norm2.biases]))
    plain = _layer(replace(SHAPE, norm="rms_norm"))
    assert all(word >> 16 == 0 for _, word in gain_writes((plain.norm1,))[1:])


@pytest.mark.parametrize("name", NAMES)
def test_weights_reach_their_cells(name: MatrixName) -> None:
    """The writes, played on an address that counts up as the design's does, leave what `program` stores."""
    layer = _layer()
    weights = {matrix: low.values for matrix, low in layer.matrices.items()}
    tile = tile_shapes(SHAPE, CROSSBARS)[name]
    words = -(-tile.crossbar_cols // PROGRAM_WEIGHTS)
    cells = np.zeros((tile.block_rows * tile.block_cols, tile.crossbar_rows, words * PROGRAM_WEIGHTS, 2), dtype=bool)
    crossbar = row = word = 0
    for register, data in weight_writes(name, tile, weights[name]):
        if register == Register.PROGRAM_CROSSBAR:
            assert data >> 16 == matrix_number(name)
            crossbar = data & 0xFFFF
        elif register == Register.PROGRAM_WORD:
            row, word = data >> 16, data & 0xFFFF
        else:
            bits = [[data >> 2 * i & 1, data >> 2 * i + 1 & 1] for i in range(PROGRAM_WEIGHTS)]
            cells[crossbar, row, word * PROGRAM_WEIGHTS : (word + 1) * PROGRAM_WEIGHTS] = bits
            word = (word + 1) % words
            row += word == 0
    stored = program(SHAPE, weights, CROSSBARS)[name].cells
    grid = cells[:, :, : tile.crossbar_cols].reshape(
        tile.block_rows, tile.block_cols, tile.crossbar_rows, tile.crossbar_cols, 2
    )
    assert np.array_equal(grid.swapaxes(1, 2).reshape(stored.shape), stored)


def test_a_layer_is_settings_gains_and_all_matrices() -> None:
    layer = _layer()
    counted = Counter(register for register, _ in layer_writes(layer, CROSSBARS))
    blocks = sum(tile.block_rows * tile.block_cols for tile in tile_shapes(SHAPE, CROSSBARS).values())
    assert counted[Register.PROGRAM_CROSSBAR] == counted[Register.PROGRAM_WORD] == blocks
    assert counted[Register.GAIN_DATA] == 2 * SHAPE.d
    assert counted[constant_register("W_G")] == 1
    ungated = layer_writes(_layer(replace(SHAPE, gated=False)), CROSSBARS)
    assert constant_register("W_G") not in dict(ungated)


def test_tokens_aborts_and_addresses() -> None:
    assert token_writes(3) == [(Register.POSITION, 3), (Register.CONTROL, 1)]
    assert abort_writes() == [(Register.CONTROL, 2)]
    assert program_address("W_O", 5, 2, 1) == [
        (Register.PROGRAM_CROSSBAR, 6 << 16 | 5),
        (Register.PROGRAM_WORD, 2 << 16 | 1),
    ]
