"""Specs of whole accelerators: the tensor unit, the PIM tile, and the hybrid of both that runs a decoder layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from tpugen.errors import SpecError
from tpugen.spec.base import BaseSpec, Frozen

if TYPE_CHECKING:
    from tpugen.arithmetic.crossbar import TileShape
    from tpugen.arithmetic.crossbar_cells import Faults, Noise
    from tpugen.arithmetic.decoder_layer import CrossbarOptions, LayerShape
    from tpugen.arithmetic.tpu import TpuShape

__all__ = ["CellFaults", "CrossbarSpec", "PimLlmSpec", "PimTileSpec", "ReadNoise", "TpuSpec", "most_positions"]

# As in tpugen.arithmetic.decoder_layer.shape, which imports NumPy: too heavy for reading a sentence.
Norm = Literal["rms_norm", "layer_norm"]
Activation = Literal["gelu", "relu2"]
WeightKind = Literal["ternary", "binary"]

Bits32 = Annotated[int, Field(ge=0, lt=1 << 32, strict=True)]
Rate = Annotated[int, Field(ge=0, le=1 << 16, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Lanes = Annotated[int, Field(ge=1, le=256, strict=True)]
CrossbarSide = Annotated[int, Field(ge=2, le=1024, strict=True)]
AdcBits = Annotated[int, Field(ge=2, le=16, strict=True)]
ColumnsPerAdc = Annotated[int, Field(ge=1, le=1024, strict=True)]
ArrayRows = Annotated[int, Field(ge=2, le=256, strict=True)]
ArrayCols = Annotated[int, Field(ge=1, le=256, strict=True)]
OperandDepth = Annotated[int, Field(ge=2, le=8192, strict=True)]

SUM_WIDTH_MAX_BITS = 32
"""Widest sum of a tile."""

VECTOR_MAX = 1 << 14
"""Longest vector that norms and quantisation take."""

MEMORY_MAX_WORDS = 1 << 20
"""Words of one `memory` of the library."""


class CellFaults(Frozen):
    """Stuck cells of the behavioural crossbars.

    Attributes:
        stuck_off: Cells that never conduct, in 1/65536.
        stuck_on: Cells that always conduct, in 1/65536.
        seed: Decides which.
    """

    stuck_off: Rate = 0
    stuck_on: Rate = 0
    seed: Bits32 = 0

    def faults(self) -> Faults:
        """As the model takes them."""
        from tpugen.arithmetic.crossbar_cells import Faults

        return Faults(stuck_off=self.stuck_off, stuck_on=self.stuck_on, seed=self.seed)


class ReadNoise(Frozen):
    """Noise of the behavioural crossbars' column sums.

    Attributes:
        sigma: Standard deviation, in 1/256 of a cell.
        seed: Of the noise.
    """

    sigma: Annotated[int, Field(ge=0, le=16383, strict=True)] = 0
    seed: Bits32 = 0

    def noise(self) -> Noise:
        """As the model takes it."""
        from tpugen.arithmetic.crossbar_cells import Noise

        return Noise(sigma=self.sigma, seed=self.seed)


class TpuSpec(BaseSpec):
    """A tensor unit: an output-stationary int8 array with operand memories, sequencer, post-processing, AXI ports.

    Attributes:
        rows: Rows of the array.
        cols: Columns of the array.
        operand_depth: Slices in a bank of the operand memories.
        multiplier_width_bits: Width of the requantisation's multiplier.
        unsigned_activations: Whether a job may have uint8 activations.
    """

    kind: Literal["tpu"] = "tpu"
    signed: Literal[True] = True
    rows: ArrayRows = 8
    cols: ArrayCols = 8
    activation_width_bits: Literal[8] = 8
    weight_width_bits: Literal[8] = 8
    accumulator_width_bits: Literal[32] = 32
    operand_depth: OperandDepth = 256
    multiplier_width_bits: Annotated[int, Field(ge=1, le=32, strict=True)] = 32
    unsigned_activations: Flag = False

    @property
    def shape(self) -> TpuShape:
        """As the driver's model takes it."""
        from tpugen.arithmetic.tpu import TpuShape

        return TpuShape(
            rows=self.rows,
            cols=self.cols,
            depth=self.operand_depth,
            multiplier_width_bits=self.multiplier_width_bits,
            unsigned_activations=self.unsigned_activations,
        )


class CrossbarSpec(BaseSpec):
    """What every design with crossbars says of them."""

    signed: Literal[True] = True
    weights: WeightKind = "ternary"
    crossbar_rows: CrossbarSide = 128
    crossbar_cols: CrossbarSide = 128
    adc_bits: AdcBits = 8
    columns_per_adc: ColumnsPerAdc = 8
    zero_skipping: Flag = False
    input_lanes: Lanes = 1
    output_lanes: Lanes = 1
    faults: CellFaults = CellFaults()
    noise: ReadNoise = ReadNoise()

    def _problems(self) -> list[str]:
        problems = super()._problems()
        total = self.faults.stuck_off + self.faults.stuck_on
        if total > 1 << 16:
            problems.append(
                f"faults: {total} of 65536 cells are stuck; legal: stuck_off + stuck_on up to 65536; "
                f"stuck_on = {(1 << 16) - self.faults.stuck_off} would work"
            )
        return problems

    def _sum_width_bits(self, rows: int, activation_width_bits: int) -> int:
        """Width of the sums of `rows` products, whatever the cells and the noise."""
        blocks = -(-rows // self.crossbar_rows)
        return self.adc_bits + (blocks - 1).bit_length() + activation_width_bits

    def _width_problems(self, rows: int, activation_width_bits: int) -> list[str]:
        """Sums of `rows` products wider than a tile's accumulators; the crossbars or the ADCs must change."""
        needed = self._sum_width_bits(rows, activation_width_bits)
        if needed <= SUM_WIDTH_MAX_BITS:
            return []
        high = SUM_WIDTH_MAX_BITS - needed + self.adc_bits
        return [
            f"adc_bits: {self.adc_bits} with {rows} rows on crossbars of {self.crossbar_rows} needs sums of {needed} "
            f"bits, more than {SUM_WIDTH_MAX_BITS}; legal here: 2..{high}; {high} would work"
        ]


class PimTileSpec(CrossbarSpec):
    """A PIM tile: a ternary or binary matrix on a grid of differential crossbars, times vectors of integers.

    Attributes:
        rows: Inputs of the matrix.
        cols: Outputs of the matrix.
        activation_width_bits: Width of a two's complement activation.
        result_width_bits: Width of a result.
        weights: `ternary` or `binary`.
        crossbar_rows: Word lines of a crossbar.
        crossbar_cols: Column pairs of a crossbar.
        adc_bits: Resolution of an ADC, sign included.
        columns_per_adc: Neighbouring column pairs that share an ADC.
        zero_skipping: Whether bit planes that are zero in every row are skipped.
        input_lanes: Activations of one beat.
        output_lanes: Results of one beat.
        faults: Stuck cells of the simulated crossbars.
        noise: Read noise of the simulated crossbars.
    """

    kind: Literal["pim_tile"] = "pim_tile"
    rows: Annotated[int, Field(ge=1, le=65536, strict=True)] = 128
    cols: Annotated[int, Field(ge=1, le=65536, strict=True)] = 128
    activation_width_bits: Annotated[int, Field(ge=2, le=16, strict=True)] = 8
    result_width_bits: Annotated[int, Field(ge=4, le=64, strict=True)] = 32

    @property
    def shape(self) -> TileShape:
        """As the model takes it."""
        from tpugen.arithmetic.crossbar import TileShape

        return TileShape(
            rows=self.rows,
            cols=self.cols,
            crossbar_rows=self.crossbar_rows,
            crossbar_cols=self.crossbar_cols,
            adc_bits=self.adc_bits,
            columns_per_adc=self.columns_per_adc,
            activation_width_bits=self.activation_width_bits,
            zero_skipping=self.zero_skipping,
            input_lanes=self.input_lanes,
            output_lanes=self.output_lanes,
            faults=self.faults.faults(),
            noise=self.noise.noise(),
        )

    def _problems(self) -> list[str]:
        problems = super()._problems()
        if wide := self._width_problems(self.rows, self.activation_width_bits):
            return problems + wide
        if problems:
            return problems
        needed = self._sum_width_bits(self.rows, self.activation_width_bits)
        if self.result_width_bits < needed:
            problems.append(
                f"result_width_bits: {self.result_width_bits} cannot hold every result of {needed} bits; legal: "
                f"{needed}..64; 32 would work"
            )
        return problems

    @property
    def remarks(self) -> list[str]:
        """What is legal but worth saying: ADCs wider than their columns' sums need, or so narrow that they can clip."""
        used = min(self.rows, self.crossbar_rows)
        needed = max(2, used.bit_length() + 1)
        if self.adc_bits > needed:
            return [f"{self.adc_bits}-bit ADCs are wider than sums of {used} rows need; {needed} would do"]
        if self.adc_bits < needed:
            return [f"{self.adc_bits}-bit ADCs can clip sums of {used} rows; {needed} bits never do"]
        return []


def most_positions(d_head: int, key_heads: int, cols: int) -> int:
    """Positions that the memories of keys and of values address, for heads of this width on an array of `cols`."""
    keys = MEMORY_MAX_WORDS // (key_heads * d_head) * cols
    values = MEMORY_MAX_WORDS // (key_heads * -(-d_head // cols))
    return min(keys, values)


class PimLlmSpec(CrossbarSpec):
    """The hybrid accelerator: a decoder layer, its projections on crossbars and its attention on a tensor unit.

    Attributes:
        d: Width of the residual stream.
        heads: Query heads.
        kv_heads: Key and value heads; left out: as many as `heads`.
        d_ff: Width of the feed-forward network; left out: four times `d`, as far as legal.
        context: Positions that the KV cache holds.
        gated: Whether the feed-forward network is gated.
        norm: `rms_norm` or `layer_norm`.
        activation: `gelu` or `relu2`.
        weights: `ternary` or `binary`.
        rows: Rows of the array.
        cols: Columns of the array.
        operand_depth: Slices in a bank of the array's operand memories.
        crossbar_rows: Word lines of a crossbar.
        crossbar_cols: Column pairs of a crossbar.
        adc_bits: Resolution of an ADC, sign included.
        columns_per_adc: Neighbouring column pairs that share an ADC.
        zero_skipping: Whether bit planes that are zero in every row are skipped.
        faults: Stuck cells of the simulated crossbars; matrix number i draws with `seed + i`.
        noise: Read noise of the simulated crossbars; seeded alike.
    """

    kind: Literal["pim_llm"] = "pim_llm"
    d: Annotated[int, Field(ge=2, le=VECTOR_MAX, strict=True)] = 64
    heads: Annotated[int, Field(ge=1, le=1 << 10, strict=True)] = 4
    kv_heads: Annotated[int, Field(ge=1, le=1 << 10, strict=True)] = 4
    d_ff: Annotated[int, Field(ge=2, le=VECTOR_MAX, strict=True)] = 256
    context: Annotated[int, Field(ge=1, le=VECTOR_MAX, strict=True)] = 64
    gated: Flag = False
    norm: Norm = "rms_norm"
    activation: Activation = "gelu"
    activation_width_bits: Literal[8] = 8
    rows: ArrayRows = 8
    cols: ArrayCols = 8
    operand_depth: OperandDepth = 256
    input_lanes: Literal[1] = 1
    output_lanes: Literal[1] = 1

    @model_validator(mode="before")
    @classmethod
    def _default_widths(cls, data: Any) -> Any:
        """Left out: d_ff is 4 d, as in OPT and GPT, as far as legal; every query head has a key head of its own."""
        if not isinstance(data, Mapping):
            return data
        d, heads = data.get("d", 64), data.get("heads", 4)
        defaults = {
            "d_ff": min(4 * d, VECTOR_MAX) if isinstance(d, int) else None,
            "kv_heads": heads if isinstance(heads, int) else None,
        }
        left_out = {name: value for name, value in defaults.items() if value and data.get(name) is None}
        return {**data, **left_out}

    @property
    def shape(self) -> LayerShape:
        """The layer, as the model takes it."""
        from tpugen.arithmetic.decoder_layer import LayerShape

        return LayerShape(
            d=self.d,
            heads=self.heads,
            d_ff=self.d_ff,
            context=self.context,
            kv_heads=self.kv_heads,
            gated=self.gated,
            norm=self.norm,
            activation=self.activation,
            weights=self.weights,
        )

    @property
    def crossbars(self) -> CrossbarOptions:
        """The tiles, as the model takes them."""
        from tpugen.arithmetic.decoder_layer import CrossbarOptions

        return CrossbarOptions(
            crossbar_rows=self.crossbar_rows,
            crossbar_cols=self.crossbar_cols,
            adc_bits=self.adc_bits,
            columns_per_adc=self.columns_per_adc,
            zero_skipping=self.zero_skipping,
            input_lanes=self.input_lanes,
            output_lanes=self.output_lanes,
            faults=self.faults.faults(),
            noise=self.noise.noise(),
        )

    @property
    def array(self) -> TpuShape:
        """The tensor unit, as the model takes it."""
        from tpugen.arithmetic.tpu import TpuShape

        return TpuShape(rows=self.rows, cols=self.cols, depth=self.operand_depth, unsigned_activations=True)

    def _problems(self) -> list[str]:
        problems = super()._problems()
        try:
            shape = self.shape
        except SpecError as error:
            problems += [line.removeprefix("  - ") for line in error.message.splitlines()[1:]]
        else:
            longest = max(rows for rows, _ in shape.matrices.values())
            problems += self._width_problems(longest, self.activation_width_bits)
            problems += self._cache_problems(shape.d_head, shape.key_heads)
        return problems

    def _cache_problems(self, d_head: int, key_heads: int) -> list[str]:
        """A KV cache that its memories cannot address."""
        if self.context <= (most := most_positions(d_head, key_heads, self.cols)):
            return []
        return [
            f"context: {self.context} positions of {key_heads} heads of {d_head} on {self.cols} columns need a memory "
            f"of more than {MEMORY_MAX_WORDS} words; legal: 1..{most}; {most} would work"
        ]

    @property
    def remarks(self) -> list[str]:
        """What is legal but worth saying: ADCs wider than their columns' sums need, or so narrow that they can clip."""
        from tpugen.arithmetic.decoder_layer import adc_remarks

        matrices: dict[str, list[str]] = {}
        for remark in adc_remarks(self.shape, self.crossbars):
            name, _, said = remark.partition(": ")
            matrices.setdefault(said, []).append(name)
        return [f"{', '.join(names)}: {said}" for said, names in matrices.items()]
