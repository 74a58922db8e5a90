"""Statements to fields of one kind: pairs, counts and shared widths are resolved; contradictions are found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tpugen.errors import LanguageError
from tpugen.spec.language.chart import Chart, Statement
from tpugen.spec.language.families import family_of, general_beside_special, parameter_of
from tpugen.spec.language.resolving import Resolution, StatementResolver

__all__ = ["Resolution", "resolve"]

_MATRIX_SIZE_MAX = 16
_OPERANDS = ("activation_width_bits", "weight_width_bits")
_FIELDS = {
    "adder": ("width_bits", "signed", "adder", "clock_mhz"),
    "multiplier": (*_OPERANDS, "signed", "multiplier", "clock_mhz"),
    "mac": (*_OPERANDS, "accumulator_width_bits", "signed", "multiplier", "adder", "clock_mhz"),
    "systolic_array": (
        "rows", "cols", "dataflow", *_OPERANDS, "accumulator_width_bits", "signed", "multiplier", "adder", "clock_mhz",
        "shared_pre_approximation",
    ),
    "tpu": (
        "rows", "cols", *_OPERANDS, "accumulator_width_bits", "signed", "clock_mhz", "operand_depth",
        "multiplier_width_bits", "unsigned_activations",
    ),
}  # fmt: skip
_TENSOR_UNIT = ("operand_depth", "multiplier_width_bits", "unsigned_activations")
_ARRAYS = ("systolic_array", "tpu")
_DEFAULTS: dict[str, Any] = {
    "rows": 8, "cols": 8, "width_bits": 8, "activation_width_bits": 8, "weight_width_bits": 8, "clock_mhz": 100.0,
    "multiplier": "exact", "adder": "exact",
}  # fmt: skip
_DATAFLOWS = ("output_stationary", "weight_stationary", "input_stationary")


def resolve(chart: Chart, kind: str, statements: Sequence[Statement]) -> Resolution:
    """Values of the kind's fields.

    Raises:
        ContradictionError: two statements exclude each other; both are quoted.
        LanguageError: the only value that is named is excluded.
    """
    return _Resolver(chart, kind, _FIELDS[kind], statements).run()


class _Resolver(StatementResolver):
    def run(self) -> Resolution:
        self._gemms()
        self._sizes()
        self._widths()
        self._units()
        for field in ("dataflow", "clock_mhz", *_TENSOR_UNIT):
            self._take(field, self._all(field))
        self._dataflow_of_tensor_unit()
        self._choose()
        self._signed()
        self._count()
        self._negations()
        self._fillers()
        return self.result

    # sizes

    def _gemms(self) -> None:
        for statement in self._all("gemm"):
            if all(isinstance(size, int) and size > 0 for size in statement.value):
                self.result.gemms.append(statement.value)
                self.result.used.append(statement)

    def _sizes(self) -> None:
        pairs = self._all("size_pair")
        operand_pairs = self._all("operand_pair")
        if self.kind not in _ARRAYS:
            self._operand_pairs([*operand_pairs, *pairs])
            return
        if operand_pairs and not pairs and not self._all("rows", "cols", "activation_width_bits", "weight_width_bits"):
            widths_elsewhere = self._all("operand_width", "input_width")
            if widths_elsewhere:  # "16x16 multipliers of 8 bits" in an array are its size
                pairs, operand_pairs = operand_pairs, []
        self._operand_pairs(operand_pairs)
        for pair in pairs[1:]:
            if pair.value != pairs[0].value:
                raise self._contradiction("the array's size", pairs[0], pair)
        for pair in pairs:
            self._take("rows", [replace(pair, value=pair.value[0])])
            self._take("cols", [replace(pair, value=pair.value[1])])
        for field in ("rows", "cols"):
            self._take(field, self._all(field))
        self._matrices()
        self.result.used.extend(self._all("square"))

    def _fillers(self) -> None:
        self.result.used.extend(self._all("filler"))
        chosen = {self.result.values.get(role, "exact") for role in ("multiplier", "adder")}
        for statement in self._all("unapproximated"):  # "no approximation" is said of what no family is named for
            if "exact" in chosen:
                self.result.used.append(statement)
        if self.kind in ("mac", *_ARRAYS):
            self.result.used.extend(self._all("contract"))

    def _operand_pairs(self, pairs: Sequence[Statement]) -> None:
        for pair in pairs:
            if self.kind == "adder":
                self._take("width_bits", [replace(pair, value=value) for value in pair.value])
            else:
                for field, value in zip(_OPERANDS, pair.value, strict=True):
                    self._take(field, [replace(pair, value=value)])

    def _matrices(self) -> None:
        """`4x4 matrix multiplication`: the workload, and of a small array without another size the size as well."""
        for statement in self._all("matrix_pair"):
            rows, cols = statement.value
            small = all(isinstance(size, int) and 0 < size <= _MATRIX_SIZE_MAX for size in (rows, cols))
            if "rows" not in self.said and "cols" not in self.said and small and not self._all("pe_count"):
                note = "the array is made as large as these matrices, as no other size is given"
                self._take("rows", [replace(statement, value=rows)], note)
                self._take("cols", [replace(statement, value=cols)], note)
            if rows == cols and isinstance(rows, int) and rows > 0:
                self.result.gemms.append((rows, rows, rows))
                self.result.used.append(statement)

    def _count(self) -> None:
        counts = self._all("pe_count")
        if self.kind not in _ARRAYS:
            self.result.used.extend(item for item in counts if item.value == 1)
            return
        for other in counts[1:]:
            if other.value != counts[0].value:
                raise self._contradiction("the number of processing elements", counts[0], other)
        if counts:
            self._fit_count(counts[0], counts[0].value)
        self.result.used.extend(counts)
        values = self.result.values
        if ("rows" in values) != ("cols" in values):
            known, missing = ("rows", "cols") if "rows" in values else ("cols", "rows")
            values[missing] = values[known]
            self.result.notes[missing] = f"only {known} is stated; a square array is assumed"

    def _fit_count(self, statement: Statement, count: float) -> None:
        values, notes = self.result.values, self.result.notes
        stated = self.said.get("rows", []) + self.said.get("cols", [])
        if "rows" in values and "cols" in values:
            if values["rows"] * values["cols"] != count:
                raise self._contradiction(
                    "the number of processing elements",
                    replace(stated[0], value=values["rows"] * values["cols"]),
                    statement,
                )
            return
        for known, missing in (("rows", "cols"), ("cols", "rows")):
            if known in values:
                if not values[known] or count % values[known]:
                    raise self._contradiction(f"{known} and the number of processing elements", stated[0], statement)
                values[missing] = count // values[known]
                return
        if not isinstance(count, int) or count < 1 or count > 10**9:
            values["rows"] = values["cols"] = count
            return
        rows = next(side for side in range(math.isqrt(count), 0, -1) if count % side == 0)
        values["rows"], values["cols"] = rows, count // rows
        shape = "square" if rows * rows == count else "most nearly square"
        for field in ("rows", "cols"):
            notes[field] = f'"{self._written(statement)}": the {shape} array of {count} processing elements'
            notes[field] += f"; {statement.note}" if statement.note else ""

    # widths

    def _widths(self) -> None:
        if self.kind == "adder":
            self._take("width_bits", self._all("adder_width", "operand_width", "input_width", *_OPERANDS))
            for statement in self._all("output_width"):
                if {item.value for item in self.said.get("width_bits", [])} == {statement.value - 1}:
                    self.result.used.append(statement)
            return
        for field in _OPERANDS:
            self._take(field, self._all(field))
        for field in _OPERANDS:
            self._take(field, self._all("operand_width"))
        self._input_widths()
        self._take("accumulator_width_bits", self._all("accumulator_width_bits"))
        if self.kind == "multiplier":
            self._product_width()
        else:
            self._take("accumulator_width_bits", self._all("adder_width"), "the adder adds to the accumulator")
            self._take("accumulator_width_bits", self._all("output_width"), "results leave at the accumulator's width")

    def _input_widths(self) -> None:
        inputs = self._all("input_width")
        self._take("activation_width_bits", inputs)
        if "weight_width_bits" not in self.said:
            self._take("weight_width_bits", inputs, "no other width is given for the weights")

    def _product_width(self) -> None:
        widths = [{item.value for item in self.said.get(field, [])} or {8} for field in _OPERANDS]
        for statement in self._all("output_width"):
            if {a + w for a in widths[0] for w in widths[1]} == {statement.value}:
                self.result.used.append(statement)

    def _signed(self) -> None:
        hard = self._all("signed")
        typed = self._all("signed_by_type")
        for other in hard[1:]:
            if other.value != hard[0].value:
                raise self._contradiction("signed", hard[0], other)
        for unsigned in hard:
            for integer in typed:
                apart = unsigned.last < integer.first or integer.last < unsigned.first
                symbols = {self.chart.tokens[i].symbol for i in range(unsigned.first, unsigned.last + 1)}
                if not unsigned.value and apart and symbols & {"uint", "u", "ui"}:
                    raise self._contradiction("signed", unsigned, integer)
        self.result.used.extend([*hard, *typed])
        if hard:
            self.result.values["signed"] = hard[0].value
        elif typed:
            self.result.values["signed"] = True
            self.result.notes["signed"] = f'"{self._written(typed[0])}" is read as two\'s complement'

    # units

    def _units(self) -> None:
        families = {role: self._named_families(role) for role in ("multiplier", "adder")}
        for role, statements in families.items():
            self._take(role, statements)
            for statement in self.positive:
                if statement.field.startswith(f"{role}."):
                    self._take(statement.field, [statement])
        self._take("shared_pre_approximation", self._all("shared_pre_approximation"))
        for statement in self._all("parameter", "described_parameter"):
            self._attach(statement, families)
        for statement in self._all("coefficient"):
            self._coefficient(statement, families)
        for statement in self._all("name_number"):
            self._name_number(statement)

    def _named_families(self, role: str) -> list[Statement]:
        """Statements of a role's family, without those of a whole class where a family of that class is named."""
        named = self._all(role)
        general = general_beside_special(named, self.chart.tokens)
        self.result.used.extend(general)
        return [item for item in named if item not in general]

    def _attach(self, statement: Statement, families: dict[str, list[Statement]]) -> None:
        """A parameter belongs to the nearest family before it that has such a one, else to the nearest after it."""
        around = sorted(
            (item for statements in families.values() for item in statements),
            key=lambda item: (item.first > statement.first, abs(item.first - statement.first)),
        )
        for item in around:
            name, value = parameter_of(item, statement)
            if name is not None:
                self._take(f"{item.field}.{name}", [replace(statement, value=value)])
                return

    def _name_number(self, statement: Statement) -> None:
        """The number of `DRUM6`: the family's parameter, or where that is stated apart (`LOA16, k=4`) the width."""
        role, parameter, number = statement.value
        field = f"{role}.{parameter}"
        stated = [item for item in self.said.get(field, []) if item.value != number]
        if not stated:
            self._take(field, [replace(statement, value=number)])
            return
        for width in ("width_bits",) if self.kind == "adder" else _OPERANDS:
            if role == self.kind:
                self._take(width, [replace(statement, value=number)])

    def _coefficient(self, statement: Statement, families: dict[str, list[Statement]]) -> None:
        role, value = statement.value
        order = ("adder",) if role == "adder" else ("multiplier", "adder")
        for candidate in order:
            for item in families[candidate]:
                parameters = family_of(candidate, item.value).parameters
                if parameters and candidate in self.fields:
                    self._take(f"{candidate}.{parameters[0].name}", [replace(statement, value=value)])
                    return

    def _dataflow_of_tensor_unit(self) -> None:
        """A TPU's array keeps its outputs; its operand memories and its drain are made for that."""
        if self.kind != "tpu":
            return
        for statement in self._all("dataflow"):
            if statement.value != "output_stationary":
                raise LanguageError(
                    f"{self._place(statement)}: the array of a TPU is output-stationary",
                    hint="leave the dataflow out, or ask for a systolic array of that dataflow",
                )
            self.result.used.append(statement)

    # negations

    def _negations(self) -> None:
        dataflows = [item for item in self.negative if item.field == "dataflow"]
        for statement in dataflows:
            self._exclude_dataflow(statement, {item.value for item in dataflows})
        for statement in self.negative:
            field = statement.field
            if field == "kind":
                self.result.used.append(statement)
            elif field in ("size_pair", "operand_pair"):
                self._exclude(statement, ("rows", "cols"), statement.value)
            elif field == "operand_width":
                fields = ("width_bits",) if self.kind == "adder" else _OPERANDS
                self._exclude(statement, fields, (statement.value,) * len(fields))
            elif field.endswith(".structure"):
                self._exclude_structure(statement)
            elif field in self.fields and field != "dataflow":
                self._exclude(statement, (field,), (statement.value,))

    def _exclude(self, statement: Statement, fields: Sequence[str], values: Sequence[Any]) -> None:
        """The excluded value must not be the one that is built."""
        if any(field not in self.fields for field in fields):
            return
        built = tuple(self.result.values.get(field, _DEFAULTS.get(field)) for field in fields)
        if built == tuple(values):
            if fields[0] in self.said:
                raise self._contradiction(fields[0], self.said[fields[0]][0], statement)
            raise LanguageError(
                f"{self._place(statement)} excludes the default for {' and '.join(fields)} and names no other value",
                hint="say which value to build",
            )
        for field in fields:
            if field not in self.result.values:
                self.result.notes[field] = f'"{self._written(statement)}" excludes another value; this is the default'
        self.result.used.append(statement)

    def _exclude_structure(self, statement: Statement) -> None:
        """Without another structure the choice is open, and the excluded one could be built: then it is reported."""
        for stated in self.said.get(statement.field, []):
            if stated.value == statement.value:
                raise self._contradiction(statement.field, stated, statement)
            self.result.used.append(statement)

    def _exclude_dataflow(self, statement: Statement, excluded: set[str]) -> None:
        if self.kind != "systolic_array":
            return
        if "dataflow" in self.said:
            if self.result.values["dataflow"] in excluded:
                raise self._contradiction("dataflow", self.said["dataflow"][0], statement)
        else:
            rest = [name for name in _DATAFLOWS if name not in excluded]
            if not rest:
                raise LanguageError(f"{self._place(statement)}: no dataflow is left", hint="name the one to build")
            self.result.values["dataflow"] = rest[0]
            self.result.notes["dataflow"] = f'"{self._written(statement)}" leaves this one as the default'
        self.result.used.append(statement)
