"""The whole enumeration: how many, how spread, in which split; and which designs stand for which."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import get_args

import pytest

from tpugen.arithmetic import ADDERS, MULTIPLIERS
from tpugen.dataset import (
    SPLITS,
    choose_sample,
    classes_of,
    core_specs,
    dataset_specs,
    group_of,
    record_id,
    spec_digest,
    split_of,
)
from tpugen.dataset.classes import LARGE_SHAPES, element_count
from tpugen.dataset.unit_choices import adder_forms, multiplier_forms, unit_at, unit_settings
from tpugen.spec import (
    Dataflow,
    DesignSpec,
    MacSpec,
    MultiplierUnit,
    PimLlmSpec,
    SystolicArraySpec,
    contract_for,
    spec_from_dict,
)

ACCELERATORS = ("tpu", "pim_tile", "pim_llm")

PUBLISHED = 29_952
"""Designs of the largest published dataset of this sort."""


@pytest.fixture(scope="module")
def specs() -> list[DesignSpec]:
    return list(dataset_specs())


def test_there_are_more_than_were_published_and_no_two_alike(specs: list[DesignSpec]) -> None:
    assert len(specs) > PUBLISHED
    # Without the clock: a design at another clock is no other design.
    assert len({spec.model_copy(update={"clock_mhz": 1.0}) for spec in specs}) == len(specs)
    assert {spec.clock_mhz for spec in specs} == {100.0}
    assert set(core_specs()) <= set(specs)


def test_the_order_is_fixed_and_identifiers_are_unique(specs: list[DesignSpec]) -> None:
    again = [spec for _, spec in zip(range(2000), dataset_specs(), strict=False)]
    assert again == specs[:2000]
    names = [record_id(contract_for(spec).module, spec_digest(spec)) for spec in specs]
    assert len(set(names)) == len(names)
    # The identifier is that of the spec alone, so it stays when designs are added.
    assert names[0] == record_id("adder_s2", spec_digest(spec_from_dict({"kind": "adder", "width_bits": 2})))


def test_plain_data_gives_the_same_legal_spec(specs: list[DesignSpec]) -> None:
    for spec in specs[::97]:
        assert spec_from_dict(spec.model_dump(mode="json")) == spec


def test_every_kind_family_structure_and_dataflow_has_its_share(specs: list[DesignSpec]) -> None:
    kinds = Counter(spec.kind for spec in specs)
    assert set(kinds) == {"adder", "multiplier", "mac", "systolic_array", *ACCELERATORS}
    assert min(count for kind, count in kinds.items() if kind not in ACCELERATORS) > 0.1 * len(specs)
    assert all(100 < kinds[kind] < 0.02 * len(specs) for kind in ACCELERATORS)
    arrays = [spec for spec in specs if isinstance(spec, SystolicArraySpec)]
    flows = Counter(spec.dataflow for spec in arrays)
    assert set(flows) == set(get_args(Dataflow))
    assert max(flows.values()) < 1.01 * min(flows.values())
    assert 0.35 < sum(spec.signed for spec in specs) / len(specs) < 0.65
    assert sum(spec.shared_pre_approximation for spec in arrays) > 5000
    for role, table in (("multiplier", MULTIPLIERS), ("adder", ADDERS)):
        found = Counter(getattr(spec, role).family for spec in specs if hasattr(spec, role))
        assert set(found) == set(table)
        assert min(found.values()) > 500
        structures = Counter(getattr(spec, role).structure for spec in specs if hasattr(spec, role))
        assert set(structures) == {None, *table["exact"].structures}


def test_every_multiplier_meets_every_adder_in_every_dataflow(specs: list[DesignSpec]) -> None:
    pairs = {group_of(spec) for spec in specs if isinstance(spec, SystolicArraySpec)}
    forms = sum(1 + MULTIPLIERS[form.family].shares_operand_codes for form in multiplier_forms())
    assert len(pairs) == forms * len(adder_forms()) * len(get_args(Dataflow))
    assert len({group_of(spec) for spec in specs if isinstance(spec, MacSpec)}) == len(multiplier_forms()) * len(
        adder_forms()
    )


def test_settings_hold_default_and_both_ends() -> None:
    drum = MultiplierUnit(family="drum")
    assert [unit.parameters["k"] for unit in unit_settings(drum, 8, 8)] == [4, 2, 3, 5, 6, 8]
    assert unit_settings(MultiplierUnit(family="rad"), 3, 3) == ()
    with pytest.raises(ValueError, match=r"rad is not legal at \(3, 3\)"):
        unit_at(MultiplierUnit(family="rad"), 0, 3, 3)


def test_groups_never_straddle_splits_and_every_kind_is_in_each(specs: list[DesignSpec]) -> None:
    splits = defaultdict(set)
    for spec in specs:
        splits[group_of(spec)].add(split_of(spec))
    assert all(len(found) == 1 for found in splits.values())
    shares: dict[str, Counter[str]] = defaultdict(Counter)
    for spec in specs:
        shares[f"{spec.kind} {getattr(spec, 'dataflow', '')}"][split_of(spec)] += 1
    for kind, counts in shares.items():
        for split in SPLITS[1:]:
            assert 0.07 < counts[split] / sum(counts.values()) < 0.13, (kind, split)


def test_neighbours_share_a_group_and_others_do_not() -> None:
    base = SystolicArraySpec(rows=4, cols=4, multiplier={"family": "drum", "k": 4}, adder={"family": "loa", "k": 8})
    near = ({"rows": 9}, {"clock_mhz": 250.0}, {"signed": False}, {"accumulator_width_bits": 40},
            {"multiplier": {"family": "drum", "k": 5}})  # fmt: skip
    far = ({"dataflow": "weight_stationary"}, {"multiplier": {"family": "dsm", "k": 4}}, {"adder": {"family": "exact"}},
           {"shared_pre_approximation": True})  # fmt: skip
    data = base.model_dump(mode="json")
    for change in near:
        assert group_of(spec_from_dict(data | change)) == group_of(base), change
    for change in far:
        assert group_of(spec_from_dict(data | change)) != group_of(base), change


def test_classes_tell_modules_apart_and_not_sizes() -> None:
    base = {"kind": "systolic_array", "rows": 4, "cols": 4}
    exact = spec_from_dict(base)
    assert classes_of(exact) == ("systolic_array/output_stationary/signed/multiply_add_exact",)
    drum = spec_from_dict(base | {"multiplier": {"family": "drum"}, "dataflow": "input_stationary", "signed": False})
    assert classes_of(drum) == (
        "systolic_array/input_stationary/unsigned/multiplier_drum",
        "systolic_array/input_stationary/unsigned/adder_exact",
    )
    shared = spec_from_dict(base | {"multiplier": {"family": "drum"}, "shared_pre_approximation": True})
    assert classes_of(shared)[0].endswith("/multiplier_drum+shared")
    # Beyond 16 rows the drain of an output-stationary array has registers between its stretches.
    assert classes_of(spec_from_dict(base | {"rows": 16})) == classes_of(exact)
    assert classes_of(spec_from_dict(base | {"rows": 17}))[-1].endswith("/drain_stretches")
    flowing = spec_from_dict(base | {"rows": 17, "dataflow": "weight_stationary"})
    assert not classes_of(flowing)[-1].endswith("/drain_stretches")


def test_a_sample_holds_every_class_and_large_arrays(specs: list[DesignSpec]) -> None:
    sample = choose_sample(specs, 510)
    assert len(sample) == len(set(sample)) == 510
    assert {name for spec in sample for name in classes_of(spec)} == {n for spec in specs for n in classes_of(spec)}
    shapes = {(spec.rows, spec.cols) for spec in sample if isinstance(spec, SystolicArraySpec)}
    assert set(LARGE_SHAPES) <= shapes
    kinds = Counter(spec.kind for spec in sample)
    assert min(count for kind, count in kinds.items() if kind not in ACCELERATORS) > 50
    assert all(2 <= kinds[kind] <= 5 for kind in ACCELERATORS), "accelerators stand for their classes alone"
    assert max(spec.d for spec in sample if isinstance(spec, PimLlmSpec)) < 20
    assert len(choose_sample(specs, 1)) < 400, "only what the classes need"
    assert max(map(element_count, sample)) == 256


def test_every_choice_of_an_accelerator_has_a_class() -> None:
    def classes(**fields: object) -> tuple[str, ...]:
        return classes_of(spec_from_dict(fields))

    assert classes(kind="tpu") == ("tpu/signed_activations",)
    assert classes(kind="tpu", rows=17, unsigned_activations=True) == (
        "tpu/unsigned_activations", "tpu/drain_stretches",
    )  # fmt: skip
    assert classes(kind="pim_tile") == ("pim_tile/crossbar", "pim_tile/all_planes")
    assert classes(kind="pim_tile", cols=129, zero_skipping=True, output_lanes=2) == (
        "pim_tile/grid", "pim_tile/skipping", "pim_tile/lanes",
    )  # fmt: skip
    assert classes(kind="pim_llm", kv_heads=1, gated=True, norm="layer_norm", activation="relu2") == (
        "pim_llm/layer_norm", "pim_llm/relu2", "pim_llm/gated", "pim_llm/grouped_heads", "pim_llm/all_planes",
    )  # fmt: skip


def test_neighbours_of_accelerators_make_the_same_choices() -> None:
    layer = {"kind": "pim_llm", "d": 64, "heads": 4}
    base = group_of(spec_from_dict(layer))
    assert base == "pim_llm/ternary/rms_norm/gelu"
    assert group_of(spec_from_dict({**layer, "d": 128, "rows": 32, "adc_bits": 5})) == base
    assert group_of(spec_from_dict({**layer, "kv_heads": 2, "gated": True, "zero_skipping": True})) == (
        f"{base}+gated+grouped+skipping"
    )
    assert group_of(spec_from_dict({"kind": "tpu", "operand_depth": 64})) == "tpu/8x8"
    assert group_of(spec_from_dict({"kind": "pim_tile", "weights": "binary", "zero_skipping": True})) == (
        "pim_tile/binary+skipping/128x128"
    )
