"""The flat JSON schema that a chat model fills to say what a request asks for, derived from `DesignSpec`'s own.

Small models fill a flat object of optional fields far more reliably than a union of nested ones. Everything here comes
from the published schema and the registry of families by code, so that a new kind, field or family appears by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from tpugen.arithmetic import ADDERS, MULTIPLIERS, Family
from tpugen.spec import DesignSpec, spec_json_schema

__all__ = [
    "NO_KIND",
    "UNSUPPORTED",
    "dotted",
    "flat_fields",
    "flat_spec_schema",
    "flat_values",
    "nested_fields",
    "spec_data",
]

NO_KIND = "none"
"""What a chat model gives as the kind where the request asks for nothing that can be built."""

UNSUPPORTED = "unsupported"
"""Field that lists parts of the request that no other field can hold."""

_ROLES: Mapping[str, Mapping[str, Family]] = {"multiplier": MULTIPLIERS, "adder": ADDERS}


@cache
def _properties() -> dict[str, dict[str, Any]]:
    """Every field but `kind`, by its flat name, in the order of the published schema."""
    schema = spec_json_schema()
    properties: dict[str, dict[str, Any]] = {}
    for definition in _kinds(schema):
        for name, published in definition["properties"].items():
            if name == "kind":
                continue
            if name in _ROLES:
                fields = _unit_properties(name)
            elif "$ref" in published:
                parts = schema["$defs"][published["$ref"].rsplit("/", 1)[1]]["properties"]
                fields = {f"{name}_{part}": _plain(field) for part, field in parts.items()}
            else:
                fields = {name: _plain(published)}
            for flat_name, field in fields.items():
                properties.setdefault(flat_name, field)
    return properties


@cache
def nested_fields() -> Mapping[str, tuple[str, str]]:
    """Flat names of what stands in objects of a spec, with the object and the name in it: `adder_k`, `noise_seed`."""
    schema = spec_json_schema()
    objects = {
        name: [field.removeprefix(f"{name}_") for field in _unit_properties(name)] for name in _ROLES
    }  # fmt: skip
    for definition in _kinds(schema):
        for name, published in definition["properties"].items():
            if "$ref" in published and name not in _ROLES:
                objects[name] = list(schema["$defs"][published["$ref"].rsplit("/", 1)[1]]["properties"])
    return {f"{name}_{part}": (name, part) for name, parts in objects.items() for part in parts}


def dotted(name: str) -> str:
    """A flat name as messages say it: `adder.k`."""
    return ".".join(nested_fields().get(name, (name,)))


def _kinds(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for branch in schema["oneOf"]:
        yield schema["$defs"][branch["$ref"].rsplit("/", 1)[1]]


def _unit_properties(role: str) -> dict[str, dict[str, Any]]:
    families = _ROLES[role].values()
    structures = [structure for family in families for structure in family.structures]
    parameters = dict.fromkeys(parameter.name for family in families for parameter in family.parameters)
    return {
        f"{role}_family": {"type": "string", "enum": [family.name for family in families]},
        f"{role}_structure": {"type": "string", "enum": structures},
        **{f"{role}_{name}": {"type": "integer"} for name in parameters},
    }


def _plain(published: Mapping[str, Any]) -> dict[str, Any]:
    """Type and names. Limits stay out: a decoder held to them turns the 300 of a request into some legal number."""
    return {name: deepcopy(published[name]) for name in ("type", "enum") if name in published}


def _kind_names() -> list[str]:
    return [definition["properties"]["kind"]["const"] for definition in _kinds(spec_json_schema())]


def flat_fields() -> list[str]:
    """Names of the fields that a chat model may state, `kind` first."""
    return ["kind", *_properties()]


def flat_spec_schema() -> dict[str, Any]:
    """The schema: `kind` is required; every other field may be left out or null, which says "the request does not say".

    `kind` may also be `none`, and `unsupported` lists the parts of the request that no field can hold.
    """
    fields: dict[str, Any] = {"kind": {"type": "string", "enum": [*_kind_names(), NO_KIND]}}
    fields.update({name: _nullable(field) for name, field in _properties().items()})
    fields[UNSUPPORTED] = {"type": "array", "items": {"type": "string"}, "maxItems": 16}
    return {"type": "object", "properties": fields, "required": ["kind"], "additionalProperties": False}


def _nullable(field: Mapping[str, Any]) -> dict[str, Any]:
    nullable = {**field, "type": [field["type"], "null"]}
    if "enum" in field:
        nullable["enum"] = [*field["enum"], None]
    return nullable


def spec_data(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Nested plain data for `spec_from_dict` from flat values; null values are left out.

    Args:
        flat: Values by names of `flat_fields`; anything may stand in them.
    """
    data: dict[str, Any] = {}
    for name, value in flat.items():
        if value is None or name == UNSUPPORTED:
            continue
        if name in nested_fields():
            role, part = nested_fields()[name]
            data.setdefault(role, {})[part] = value
        else:
            data[name] = value
    for role in data.keys() & _ROLES.keys():
        if "structure" in data[role]:  # `kogge_stone` alone says which family it is a circuit of
            data[role].setdefault("family", _family_with(role, data[role]["structure"]))
    return data


def _family_with(role: str, structure: object) -> str:
    return next((family.name for family in _ROLES[role].values() if structure in family.structures), "exact")


def flat_values(spec: DesignSpec) -> dict[str, Any]:
    """A spec's values by their flat names; the inverse of `spec_data` with every default filled in."""
    flat: dict[str, Any] = {}
    for name, value in spec.model_dump(mode="json").items():
        if isinstance(value, dict):
            flat.update({f"{name}_{part}": item for part, item in value.items()})
        else:
            flat[name] = value
    return {name: flat[name] for name in flat_fields() if name in flat}
