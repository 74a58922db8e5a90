"""The flat schema is derived, complete, and leads to specs and back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.spec import spec_from_dict, spec_json_schema
from tpugen.spec.language import parse_request
from tpugen.writers.spec_reading import field_meanings, reading_messages
from tpugen.writers.spec_schema import NO_KIND, UNSUPPORTED, flat_fields, flat_spec_schema, flat_values, spec_data

TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "null": type(None)}


def conforms(flat: dict[str, Any]) -> bool:
    """Whether plain data follows the flat schema; it has types, names and enumerations, and nothing else."""
    schema = flat_spec_schema()
    for name, value in flat.items():
        published = schema["properties"].get(name)
        if published is None or value not in published.get("enum", [value]):
            return False
        names = published["type"] if isinstance(published["type"], list) else [published["type"]]
        if not any(isinstance(value, TYPES[kind]) for kind in names):
            return False
    return set(schema["required"]) <= set(flat)


def test_every_published_field_is_in_it() -> None:
    published = spec_json_schema()["$defs"]
    names = {
        name
        for definition in published.values()
        for name in definition["properties"]
        if definition["title"].endswith("Spec")
    }
    flat = set(flat_fields())
    assert names - {"multiplier", "adder", "faults", "noise"} <= flat
    nested = {"faults": published["CellFaults"], "noise": published["ReadNoise"]}
    assert {f"{name}_{part}" for name, found in nested.items() for part in found["properties"]} <= flat
    for role, families in (("multiplier", MULTIPLIERS), ("adder", ADDERS)):
        parameters = {parameter.name for family in families.values() for parameter in family.parameters}
        assert {f"{role}_{name}" for name in (*parameters, "family", "structure")} <= flat
        enum = flat_spec_schema()["properties"][f"{role}_family"]["enum"]
        assert set(enum) == {*families, None}


def test_only_the_kind_is_required_and_no_limit_bends_what_is_read() -> None:
    schema = flat_spec_schema()
    assert schema["required"] == ["kind"]
    assert NO_KIND in schema["properties"]["kind"]["enum"]
    assert "maximum" not in json.dumps(schema)
    assert schema["additionalProperties"] is False
    assert conforms({"kind": "adder", "rows": None, "width_bits": 300})
    assert not conforms({"kind": "adder", "size": 3})


SPECS = [
    json.loads(line)["spec"]
    for line in (Path(__file__).parents[1] / "spec" / "data" / "free_text_requests.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("data", SPECS)
def test_specs_come_back(data: dict[str, Any]) -> None:
    spec = spec_from_dict(data)
    flat = flat_values(spec)
    assert conforms(flat)
    assert spec_from_dict(spec_data(flat)) == spec


@pytest.mark.parametrize(
    ("flat", "data"),
    [
        ({"kind": "adder", "adder_structure": "kogge_stone"},
         {"kind": "adder", "adder": {"structure": "kogge_stone", "family": "exact"}}),
        ({"kind": "mac", "adder_k": 3, "rows": None, "unsupported": ["x"]}, {"kind": "mac", "adder": {"k": 3}}),
        ({"kind": "pim_tile", "faults_stuck_off": 9, "noise_seed": 3, "adc_bits": 5},
         {"kind": "pim_tile", "faults": {"stuck_off": 9}, "noise": {"seed": 3}, "adc_bits": 5}),
        ({"kind": "tpu", "multiplier_width_bits": 16}, {"kind": "tpu", "multiplier_width_bits": 16}),
        ({"kind": "mac", "multiplier_family": "drum", "multiplier_k": 4},
         {"kind": "mac", "multiplier": {"family": "drum", "k": 4}}),
    ],
)  # fmt: skip
def test_flat_values_are_nested(flat: dict[str, Any], data: dict[str, Any]) -> None:
    assert spec_data(flat) == data


def test_the_prompt_explains_every_field() -> None:
    assert list(field_meanings()) == [*[name for name in flat_fields() if name != "kind"], UNSUPPORTED]
    system = reading_messages("x")[0].text
    assert "- dataflow (output_stationary | weight_stationary | input_stationary): what stays" in system
    assert "- rows (integer): rows of the array; of a pim_tile: inputs of its matrix" in system


def test_the_examples_in_the_prompt_are_right() -> None:
    """Each is legal, follows the schema, and says what the rules read as well."""
    *turns, last = reading_messages("4x4 array")[1:]
    assert last.text == "request: 4x4 array"
    assert len(turns) >= 8
    for asked, answered in zip(turns[::2], turns[1::2], strict=True):
        flat = json.loads(answered.text)
        assert conforms(flat)
        if flat["kind"] == NO_KIND:
            continue
        parsed = parse_request(asked.text.removeprefix("request: "))
        assert spec_from_dict(spec_data(flat)) == parsed.spec
        assumed = {item.field.replace(".", "_") for item in parsed.assumptions if not item.stated} - {
            "kind",
            "multiplier",
            "adder",
            "signed",
        }
        assert not assumed & set(flat)


def test_prompts_are_files() -> None:
    folder = Path(__file__).parents[2] / "tpugen" / "writers"
    assert not re.search(r'"""[^"]*Answer with', (folder / "spec_reading.py").read_text())
    assert {path.name for path in (folder / "prompts").glob("spec_*")} == {
        "spec_system.md", "spec_fields.md", "spec_examples.md", "spec_repair.md.j2", "spec_settle.md.j2",
    }  # fmt: skip
