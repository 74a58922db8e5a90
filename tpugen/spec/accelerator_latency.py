"""Cycles of whole accelerators: what simulation measures and the performance model uses.

All hold when operands are offered as soon as they are taken and results are taken as soon as they are offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from tpugen.spec.accelerators import Activation, Norm, PimLlmSpec, PimTileSpec, TpuSpec

if TYPE_CHECKING:
    from tpugen.arithmetic.crossbar import TileShape
    from tpugen.arithmetic.decoder_layer import CrossbarOptions, LayerShape, MatrixName
    from tpugen.arithmetic.decoder_layer.operators import Operator
    from tpugen.arithmetic.tpu import TpuShape

__all__ = ["AcceleratorTiming", "PimLlmTiming", "PimTileTiming", "TpuTiming"]


class _Timing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TpuTiming(_Timing):
    """Cycles of a tensor unit's jobs.

    Attributes:
        rows: Rows of the array.
        cols: Columns of the array.
        operand_depth: Slices in a bank of the operand memories.
    """

    kind: Literal["tpu"] = "tpu"
    rows: int
    cols: int
    operand_depth: int

    @classmethod
    def of(cls, spec: TpuSpec) -> TpuTiming:
        """The timing of a spec."""
        return cls(rows=spec.rows, cols=spec.cols, operand_depth=spec.operand_depth)

    def job_cycles(self, m: int, k: int, n: int) -> int:
        """Cycles from a job's start until its last row of results has left, as `Register.CYCLES` counts them."""
        from tpugen.arithmetic.tpu import TpuShape, job_cycles

        return job_cycles(TpuShape(self.rows, self.cols, self.operand_depth), m, k, n)

    def formula(self) -> str:
        """In words, for prompts and reports."""
        depth, drain = self.operand_depth, self.rows + (self.rows - 1) // 16
        return (
            f"min(K, {depth}) + (T - 1)*P + K + {drain} + {self.cols} + 9 cycles per job of M x K x N, with "
            f"T = ceil(M/{self.rows})*ceil(N/{self.cols}) tiles and a period P = max(K, {drain}), or "
            f"P = max({depth}*ceil(K/{depth}), {drain}) where K > {depth}"
        )


class PimTileTiming(_Timing):
    """Cycles of a PIM tile's vectors.

    Attributes:
        input_beats: Beats that carry a vector of activations.
        output_beats: Beats that carry a vector of results.
        columns_per_adc: Conversions of a bit plane, one after the other.
        planes: Bit planes of an activation: all are read, or at most as many where zero planes are skipped.
        zero_skipping: Whether they are.
    """

    kind: Literal["pim_tile"] = "pim_tile"
    input_beats: int
    output_beats: int
    columns_per_adc: int
    planes: int
    zero_skipping: bool

    @classmethod
    def of(cls, spec: PimTileSpec) -> PimTileTiming:
        """The timing of a spec."""
        return cls(
            input_beats=spec.shape.input_beats,
            output_beats=spec.shape.output_beats,
            columns_per_adc=spec.columns_per_adc,
            planes=spec.activation_width_bits,
            zero_skipping=spec.zero_skipping,
        )

    def vector_cycles(self, planes: int | None = None) -> int:
        """Cycles of one vector alone: from its first activations taken to its last results taken, both counted.

        Args:
            planes: Bit planes read for the vector; all when left out.
        """
        return self._tile.vector_cycles(self.planes if planes is None else planes)

    def period_cycles(self, planes: int | None = None) -> int:
        """Cycles between the starts of two vectors that follow each other without a gap."""
        return self._tile.period_cycles(self.planes if planes is None else planes)

    @property
    def _tile(self) -> TileShape:
        """A tile with these timings."""
        from tpugen.arithmetic.crossbar import TileShape

        return TileShape(rows=self.input_beats, cols=self.output_beats, columns_per_adc=self.columns_per_adc)

    def formula(self) -> str:
        """In words, for prompts and reports."""
        share = self.columns_per_adc
        planes = (
            f"P bit planes read (1 to {self.planes}; those that are zero in every row are skipped)"
            if self.zero_skipping
            else f"P = {self.planes} bit planes"
        )
        return (
            f"{self.input_beats} + {share}*P + 4 + {self.output_beats} cycles per vector, {planes}; results begin "
            f"{share}*P + 5 cycles after the last activations; one vector every "
            f"max({share}*P + 3 + {self.output_beats}, {share}*(P - 1) + 1 + {self.input_beats}) cycles back to back"
        )


class PimLlmTiming(_Timing):
    """Cycles of a decoder layer's operators, one token at a time; fields as those of `PimLlmSpec`."""

    kind: Literal["pim_llm"] = "pim_llm"
    d: int
    heads: int
    kv_heads: int
    d_ff: int
    context: int
    gated: bool
    norm: Norm
    activation: Activation
    rows: int
    cols: int
    operand_depth: int
    crossbar_rows: int
    crossbar_cols: int
    columns_per_adc: int
    zero_skipping: bool

    @classmethod
    def of(cls, spec: PimLlmSpec) -> PimLlmTiming:
        """The timing of a spec."""
        return cls.model_validate(spec.model_dump(include=set(cls.model_fields)))

    def operator_cycles(self, position: int, planes: Mapping[MatrixName, int] | None = None) -> dict[Operator, int]:
        """Cycles of each operator for one token whose streams never wait, as the accelerator's counters count them.

        Args:
            position: Of the token, from 0.
            planes: Bit planes read for each matrix, where zero planes are skipped; all of them when left out.
        """
        from tpugen.arithmetic.decoder_layer.cycles import operator_cycles

        return operator_cycles(self._layer, self._array, self._crossbars, position, planes)

    def token_cycles(self, position: int, planes: Mapping[MatrixName, int] | None = None) -> int:
        """Cycles of one token, from its first element taken to its last one handed on."""
        return sum(self.operator_cycles(position, planes).values())

    @property
    def _layer(self) -> LayerShape:
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
        )

    @property
    def _array(self) -> TpuShape:
        from tpugen.arithmetic.tpu import TpuShape

        return TpuShape(self.rows, self.cols, self.operand_depth, unsigned_activations=True)

    @property
    def _crossbars(self) -> CrossbarOptions:
        from tpugen.arithmetic.decoder_layer import CrossbarOptions

        return CrossbarOptions(
            crossbar_rows=self.crossbar_rows,
            crossbar_cols=self.crossbar_cols,
            columns_per_adc=self.columns_per_adc,
            zero_skipping=self.zero_skipping,
        )

    def formula(self) -> str:
        """In words, with the first and the last position's cycles where zero planes are not skipped."""
        first, last = self.token_cycles(0), self.token_cycles(self.context - 1)
        most = "at most " if self.zero_skipping else ""
        return (
            f"{most}{first:,} cycles for the token at position 0, {most}{last:,} at position {self.context - 1}: "
            "the sum over the operators of tpugen.arithmetic.decoder_layer.cycles"
        )


AcceleratorTiming: TypeAlias = Annotated[TpuTiming | PimTileTiming | PimLlmTiming, Field(discriminator="kind")]
"""The timing of any accelerator."""
