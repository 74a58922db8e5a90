"""Statements to fields of designs with crossbars: sizes and heads are resolved; contradictions are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from tpugen.spec.accelerators import Activation, Norm, WeightKind
from tpugen.spec.language.chart import Chart, Statement
from tpugen.spec.language.resolving import Resolution, StatementResolver

__all__ = ["may_be_tensor_unit", "resolve_crossbars"]

_CROSSBARS = (
    "rows", "cols", "weights", "activation_width_bits", "signed", "crossbar_rows", "crossbar_cols", "adc_bits",
    "columns_per_adc", "zero_skipping", "faults", "noise", "clock_mhz",
)  # fmt: skip
_PARTS = ("faults.stuck_off", "faults.stuck_on", "faults.seed", "noise.sigma", "noise.seed")
_FIELDS = {
    "pim_tile": (*_CROSSBARS, "result_width_bits", "input_lanes", "output_lanes"),
    "pim_llm": (
        *_CROSSBARS, "d", "heads", "kv_heads", "d_ff", "context", "gated", "norm", "activation", "operand_depth",
    ),
}  # fmt: skip
_SWITCHES = ("zero_skipping", "gated")
_ALTERNATIVES = {"weights": get_args(WeightKind), "norm": get_args(Norm), "activation": get_args(Activation)}
_HEADS = 4
"""Query heads where none are stated."""


def resolve_crossbars(chart: Chart, kind: str, statements: Sequence[Statement]) -> Resolution:
    """Values of the fields of kind `pim_tile` or `pim_llm`.

    Raises:
        ContradictionError: two statements exclude each other; both are quoted.
    """
    return _CrossbarResolver(chart, kind, _FIELDS[kind], statements).run()


_WIDTHS = {
    "activation_width_bits": 8, "weight_width_bits": 8, "operand_width": 8, "input_width": 8,
    "accumulator_width_bits": 32, "adder_width": 32,
}  # fmt: skip
_ARRAYS_ONLY = ("dataflow", "multiplier", "adder", "shared_pre_approximation", "operand_pair", "WIDTHCHOICE")


def may_be_tensor_unit(statements: Sequence[Statement]) -> bool:
    """Whether nothing is said that a systolic array can have and a TPU cannot: other widths, units, dataflows."""
    return not any(
        item.field.split(".", maxsplit=1)[0] in _ARRAYS_ONLY
        or item.value != _WIDTHS.get(item.field, item.value)
        or (item.field == "signed" and not item.value)
        for item in statements
        if not item.negated
    )


class _CrossbarResolver(StatementResolver):
    def run(self) -> Resolution:
        for field in (*self.fields, *_PARTS):
            self._take(field, self._all(field))
        self._bare_sizes()
        self._choose()
        self._negations()
        if self.kind == "pim_llm":
            self._heads()
            self._groups()
        self._square()
        self.result.used.extend(self._all("contract", "filler"))
        return self.result

    def _bare_sizes(self) -> None:
        """A size that nothing is said of is the matrix of a tile, and the array of a decoder layer."""
        what = {"pim_tile": "a size alone is the matrix of the tile", "pim_llm": "a size alone is that of the array"}
        if "rows" in self.said or "cols" in self.said:
            return
        for pair in self._all("size_pair"):
            self._take("rows", [replace(pair, value=pair.value[0])], what[self.kind])
            self._take("cols", [replace(pair, value=pair.value[1])], what[self.kind])

    def _square(self) -> None:
        """One side of an array alone; a tile's matrix has no reason to be square."""
        values = self.result.values
        for side, known, missing in (
            ("crossbar", "crossbar_rows", "crossbar_cols"), ("crossbar", "crossbar_cols", "crossbar_rows"),
            ("array", "rows", "cols"), ("array", "cols", "rows"),
        ):  # fmt: skip
            if known in values and missing not in values and (side == "crossbar" or self.kind == "pim_llm"):
                values[missing] = values[known]
                self.result.notes[missing] = f"only {known} is stated; a square {side} is assumed"

    def _heads(self) -> None:
        """`4 heads of 16`: the width of the stream, or a check of it."""
        values, notes = self.result.values, self.result.notes
        for statement in self._all("head_width"):
            width = statement.value
            if "d" not in values:
                values["d"] = values.get("heads", _HEADS) * width
                notes["d"] = f'"{self._written(statement)}": as wide as the heads together'
            elif "heads" not in values and width and values["d"] % width == 0:
                values["heads"] = values["d"] // width
                notes["heads"] = f'"{self._written(statement)}": as many as d holds'
            elif values["d"] != values.get("heads", _HEADS) * width:
                first = self.said["d"][0] if "d" in self.said else statement
                raise self._contradiction("d", first, replace(statement, value=values.get("heads", _HEADS) * width))
            self.result.used.append(statement)

    def _groups(self) -> None:
        """`8 heads in groups of 4`: as many key heads as groups."""
        values, notes = self.result.values, self.result.notes
        for statement in self._all("group"):
            heads, group = values.get("heads", _HEADS), statement.value
            if group < 1 or heads % group:
                raise self._contradiction("the groups of heads", self.said.get("heads", [statement])[0], statement)
            if values.get("kv_heads", heads // group) != heads // group:
                raise self._contradiction(
                    "kv_heads", self.said["kv_heads"][0], replace(statement, value=heads // group)
                )
            values["kv_heads"] = heads // group
            notes["kv_heads"] = f'"{self._written(statement)}": a key head for each group'
            self.result.used.append(statement)

    def _negations(self) -> None:
        values = self.result.values
        for statement in self.negative:
            field, alternatives = statement.field, _ALTERNATIVES.get(statement.field, ())
            if field == "kind":
                self.result.used.append(statement)
            elif field in _SWITCHES and field in self.fields:
                wanted = not statement.value
                if values.get(field, wanted) != wanted:
                    raise self._contradiction(field, self.said[field][0], replace(statement, value=wanted))
                values[field] = wanted
                self.result.used.append(statement)
            elif statement.value in alternatives and field in self.fields:
                (other,) = [value for value in alternatives if value != statement.value]
                if values.get(field, other) != other:
                    raise self._contradiction(field, self.said[field][0], statement)
                values[field] = other
                self.result.notes[field] = f'"{self._written(statement)}" leaves this one'
                self.result.used.append(statement)
