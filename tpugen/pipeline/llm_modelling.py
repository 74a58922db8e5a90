"""A language model on a system: published or measured arrays, one point with its breakdown or a sweep over many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from tpugen.errors import RequestError, UnknownNameError
from tpugen.pipeline.accelerator_modelling import is_hybrid, model_on_hybrid, refuse_options
from tpugen.results.systems import LlmResult, ScalingRecord

if TYPE_CHECKING:
    import numpy.typing as npt

    from tpugen.model.systems import ArrayOptions, MeasuredArray, System, SystemDescription
    from tpugen.model.workloads import LanguageModel, OperatorTable, Widths
    from tpugen.spec import DesignSpec

__all__ = ["DesignInUse", "WorkloadOptions", "build_with_designs", "language_models", "model_llm", "workload_table"]

Phase = Literal["decode", "prefill"]

PUBLISHED_CYCLE_MODEL = "scalesim-3.0.0"
"""Cycle model of the paper's runs."""


@dataclass(frozen=True)
class WorkloadOptions:
    """What of a language model is run.

    Attributes:
        phase: `decode` (one token after `context` others) or `prefill` (a prompt of `context` tokens).
        embedding: Count the look-up.
        lm_head: Count the LM head.
        nonlinear: Count softmax, normalisation and activation functions.
        weight_bits: Width of the weights; None: 1.
        activation_bits: Width of activations and results; None: 8.
        kv_bits: Width of the cache; None: 8.
        beyond_context: Accept contexts beyond the model's.
    """

    phase: str = "decode"
    embedding: bool = False
    lm_head: bool = False
    nonlinear: bool = False
    weight_bits: int | None = None
    activation_bits: int | None = None
    kv_bits: int | None = None
    beyond_context: bool = False

    def __post_init__(self) -> None:
        if self.phase not in get_args(Phase):
            raise UnknownNameError(f"no phase is called {self.phase!r}", hint=f"phases: {', '.join(get_args(Phase))}")

    def widths(self) -> Widths:
        """The widths; what is not given is as published: W1A8 with an 8-bit cache."""
        from tpugen.model.workloads import Widths

        default = Widths()
        return Widths(
            weight_bits=_given(self.weight_bits, default.weight_bits),
            activation_bits=_given(self.activation_bits, default.activation_bits),
            kv_bits=_given(self.kv_bits, default.kv_bits),
            result_bits=_given(self.activation_bits, default.result_bits),
        )


def _given(value: int | None, default: int) -> int:
    return default if value is None else value


@dataclass(frozen=True)
class DesignInUse:
    """A measured design that stands in for an array, so that its widths can be checked."""

    run: str
    engine: str
    spec: DesignSpec


def model_llm(
    model: str | Path,
    context: int,
    *,
    system: str | Path = "pim-llm",
    as_published: bool = False,
    phase: str = "decode",
    batch: int = 1,
    embedding: bool = False,
    lm_head: bool = False,
    nonlinear: bool = False,
    weight_bits: int | None = None,
    activation_bits: int | None = None,
    kv_bits: int | None = None,
    beyond_context: bool = False,
    rows: int | None = None,
    cols: int | None = None,
    dataflow: str | None = None,
    cycle_model: str | None = None,
    clock_mhz: float | None = None,
    design: str | None = None,
    scale_to: str | None = None,
    schedule: str | None = None,
    accounting: str | None = None,
    memory: str | None = None,
    constants: Mapping[str, float | str] | None = None,
    cards: Mapping[str, str] | None = None,
    runs: Path | None = None,
) -> LlmResult:
    """What a language model takes on a system, component by component.

    Args:
        model: Name (`opt-6.7b`), or the path of a Hugging Face config.json.
        context: Tokens attended to (decode), or tokens of the prompt (prefill).
        system: `tpu-llm`, `pim-llm`, or the path of a system file.
        as_published: The shapes that the paper ran (GPT-2 with d_ff = d, LLaMA with two feed-forward matrices), its
            cycle model and its accounting; otherwise the real model's shapes, and every engine pays for all its work.
        phase: `decode` or `prefill`.
        batch: Sequences at a time.
        embedding: Count the embedding's look-up.
        lm_head: Count the LM head.
        nonlinear: Count softmax, normalisation and activation functions.
        weight_bits: Width of weights, 1 if not given.
        activation_bits: Width of activations and results, 8 if not given.
        kv_bits: Width of the cache, 8 if not given.
        beyond_context: Accept a context beyond the model's.
        rows: Of the systolic arrays, if not the system's; likewise `cols`, `dataflow` (`os`, `ws`, `is`, `best`),
            `cycle_model` and `clock_mhz`.
        cols: See `rows`.
        dataflow: See `rows`.
        cycle_model: See `rows`.
        clock_mhz: See `rows`.
        design: A measured run (id or folder) in place of the systolic arrays: shape, dataflow, clock, power, area and
            the contract's cycle model. A `pim_llm` stands for the whole system: what it has cannot be changed.
        scale_to: Carry the design to another technology, e.g. `45nm`; the factors are in the result.
        schedule: `sequential` or `overlapped`, if not the system's.
        accounting: `consistent` or `as_published`, if not what `as_published` says.
        memory: Card of a memory (`lpddr4`, `hbm2`, a path) for what the engines do not hold, or `none`; if not the
            system's. Without one, operands are always there in time and moving them is free, as published.
        constants: Constants of the engines' cards that differ: `{"tpu.array_power": "3.3 mW"}`; they count as assumed.
        cards: Other cards by engine, built in or files: `{"pim": "my-rram.toml"}`.
        runs: Where runs are kept, if not in the usual place.

    Returns:
        Totals, components, operators, areas, origins; see `LlmResult`.

    Raises:
        UnknownNameError: a name that is not known; the hint has the near ones.
        RequestError: sizes, files, cards or options that are wrong.
    """
    from tpugen.model.systems import ArrayOptions, break_down, evaluate_system, read_system, with_constants

    if design is not None and is_hybrid(design, runs):
        theirs = {
            "--system": None if system == "pim-llm" else system, "--schedule": schedule, "--accounting": accounting,
            "--memory": memory, "--rows": rows, "--cols": cols, "--dataflow": dataflow, "--cycle-model": cycle_model,
            "--clock-mhz": clock_mhz, "--weight-bits": weight_bits, "--activation-bits": activation_bits,
            "--kv-bits": kv_bits,
        }  # fmt: skip
        refuse_options(design, theirs)
        return model_on_hybrid(
            design, model, context, as_published=as_published, phase=phase, batch=batch, lm_head=lm_head,
            embedding=embedding, beyond_context=beyond_context, scale_to=scale_to, constants=constants or {},
            cards=cards, runs=runs,
        ).result  # fmt: skip
    workload = WorkloadOptions(
        phase, embedding, lm_head, nonlinear, weight_bits, activation_bits, kv_bits, beyond_context
    )
    models = language_models([model], as_published=as_published)
    table = workload_table(models, context, batch, workload)
    options = ArrayOptions(rows, cols, dataflow, cycle_model, clock_mhz)
    if as_published and cycle_model is None and design is None:
        options = replace(options, cycle_model=PUBLISHED_CYCLE_MODEL)
    description = with_constants(read_system(system), constants or {}, cards)
    built, designs, scaling, notes = build_with_designs(
        description, options, design=design, scale_to=scale_to, runs=runs, as_published=as_published
    )
    built = with_user_options(
        built, schedule=schedule, accounting=accounting or ("as_published" if as_published else None), memory=memory
    )
    costs = evaluate_system(built, table)
    if built.memory is not None:
        built.memory.memory.require_capacity(costs.footprint_bytes)
    for used in designs:
        from tpugen.pipeline.measured_arrays import check_widths

        notes += check_widths(used.run, used.spec, table, [engine == used.engine for engine in costs.placement])
    return LlmResult(
        model=models[0].name,
        model_source=models[0].source,
        workload="as_published" if as_published else "real",
        phase=cast("Phase", phase),
        context=context,
        batch=batch,
        system=built.name,
        system_source=built.source,
        accounting=built.accounting,
        schedule=built.schedule,
        memory=built.memory.memory.name if built.memory else "none",
        scaling=scaling,
        notes=[*notes, *system_notes(built), *unused_placements(built, table)],
        **break_down(costs),
    )


def language_models(names: Sequence[str | Path], *, as_published: bool = False) -> list[LanguageModel]:
    """Language models by name or config.json; `as_published` as the paper ran them.

    Raises:
        UnknownNameError: one is not known.
        RequestError: a config.json is wrong.
    """
    from tpugen.model.workloads import find_language_model, published_variant

    models = [find_language_model(name) for name in names]
    return [published_variant(model) for model in models] if as_published else models


def workload_table(
    models: Sequence[LanguageModel],
    contexts: npt.ArrayLike,
    batch: npt.ArrayLike,
    options: WorkloadOptions,
    model_index: npt.ArrayLike | None = None,
) -> OperatorTable:
    """The operators of models at contexts and batches, a column per point; `model_index` as in `decoder_table`.

    Raises:
        RequestError: sizes out of range.
    """
    from tpugen.model.workloads import decoder_table

    return decoder_table(
        models,
        contexts,
        model_index=model_index,
        batch=batch,
        phase=cast("Phase", options.phase),
        widths=options.widths(),
        embedding=options.embedding,
        lm_head=options.lm_head,
        nonlinear=options.nonlinear,
        beyond_context=options.beyond_context,
    )


def build_with_designs(
    description: SystemDescription,
    options: ArrayOptions,
    *,
    design: str | None = None,
    scale_to: str | None = None,
    runs: Path | None = None,
    as_published: bool = False,
) -> tuple[System, list[DesignInUse], ScalingRecord | None, list[str]]:
    """The system with measured runs where the user or its file names one.

    Returns:
        The system, which runs stand in for which engines, the last scaling that was done, and notes on all that.

    Raises:
        RequestError: nothing to scale, no array to replace, or a run that cannot stand in for one.
    """
    from tpugen.model.systems import SystolicSection, build_system
    from tpugen.pipeline.measured_arrays import measured_array

    arrays = {name: part for name, part in description.engines.items() if isinstance(part, SystolicSection)}
    wanted = {name: design or part.design for name, part in arrays.items()}
    named = {name: run for name, run in wanted.items() if run is not None}
    if scale_to is not None and not named:
        raise RequestError(
            f"--scale-to {scale_to}: there is no measured design to scale", hint="name a run with --design RUN"
        )
    if design is not None and not arrays:
        raise RequestError(f"--design {design}: system {description.name!r} has no systolic array to stand in for")
    loaded = {run: measured_array(run, scale_to=scale_to, runs=runs) for run in dict.fromkeys(named.values())}
    notes = [note for _, _, _, found in loaded.values() for note in found]
    scaling = next((record for _, _, record, _ in loaded.values() if record is not None), None)
    designs: Mapping[str, MeasuredArray] = {name: loaded[run][0] for name, run in named.items()}
    if named and as_published:
        notes.append("a measured design stands in for the published array: the figures are no longer the paper's")
    system = build_system(description, options, designs)
    return system, [DesignInUse(run, name, loaded[run][1]) for name, run in named.items()], scaling, notes


def with_user_options(
    system: System, *, schedule: str | None, accounting: str | None, memory: str | None
) -> System:  # fmt: skip
    """The system with the user's schedule, accounting and memory; None leaves each as it is, memory `none` has none.

    Raises:
        UnknownNameError: no such schedule, accounting or memory card.
    """
    from tpugen.model.systems import load_memory

    if memory == "none":
        system = replace(system, memory=None)
    return system.with_options(
        schedule=schedule,
        accounting=accounting,
        memory=load_memory(memory) if memory not in (None, "none") else None,
    )


def unused_placements(system: System, table: OperatorTable) -> list[str]:
    """A note on each name that a system places although neither the workload nor any language model has it."""
    from difflib import get_close_matches

    from tpugen.model.workloads.operators import ROLES

    known = [*ROLES, *table.names, *_DECODER_OPERATORS]
    notes = []
    for name in system.placement:
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.6)
            meant = f"; did you mean {close[0]}?" if close else ""
            notes.append(f"system {system.name} places {name!r}, which is no operator of the workload{meant}")
    return notes


_DECODER_OPERATORS = (
    "gate", "softmax", "normalisation", "activation", "embedding", "position", "project_in", "project_out", "lm_head",
)  # fmt: skip
"""Operators that not every language model or choice of options has."""


def system_notes(system: System) -> list[str]:
    """What the numbers of a system do not say by themselves."""
    notes = []
    if system.accounting == "as_published":
        once = ", ".join(system.published.one_layer_energy_roles)
        if once:
            notes.append(f"accounting as_published: the energy of {once} is charged for one layer instead of all")
        for role, factor in system.published.operations_per_mac.items():
            notes.append(f"accounting as_published: a MAC of {role} counts as {factor:g} operations in gops")
        if not once and not system.published.operations_per_mac:
            notes.append("accounting as_published: the system states no rules of a publication; it equals consistent")
    if system.memory is None:
        notes.append("no memory: operands are always there in time, and moving them costs no energy")
    if system.schedule == "overlapped":
        notes.append(
            "overlapped: the steady state of engines that work on different sequences; it needs one in flight for each"
        )
    return notes
