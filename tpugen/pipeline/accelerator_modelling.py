"""Language models on a measured accelerator: the whole hybrid, or an array in the place of the published one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpugen.errors import RequestError, UnknownNameError
from tpugen.pipeline.folder import find_run
from tpugen.pipeline.measure_steps import measurement
from tpugen.pipeline.result import load_result
from tpugen.results import SimulationResult, SynthesisResult, TimingResult
from tpugen.results.accelerators import AcceleratorReport, PublishedPoint, WorkloadPoint
from tpugen.spec import AnySpec, MacSpec, PimLlmSpec, PimTileSpec, SystolicArraySpec, TpuSpec, contract_of
from tpugen.storage import read_json

if TYPE_CHECKING:
    from tpugen.model.accelerators import HybridDesign
    from tpugen.model.cards import Card
    from tpugen.model.workloads import LanguageModel
    from tpugen.pipeline.options import GenerateOptions
    from tpugen.results.accelerators import AcceleratorSimulation

__all__ = [
    "DEFAULT_WORKLOADS",
    "accelerator_report",
    "changed_cards",
    "check_workloads",
    "hybrid_of_run",
    "is_hybrid",
    "model_on_hybrid",
    "refuse_options",
]

DEFAULT_WORKLOADS = ("opt-6.7b", "bitnet-3b")
"""Language models that every `pim_llm` is judged on."""

_CARD_NAMES = {"crossbar": "rram-45nm", "memory": "sram-45nm"}
"""Cards of the hybrid's macros, by the name under which users change their constants."""


def check_workloads(spec: AnySpec, options: GenerateOptions) -> None:
    """Refuse workloads that the design cannot run, before anything is started.

    Raises:
        UnknownNameError: no such language model.
        RequestError: a config.json that cannot be read, a kind on which no language model or no such product runs.
    """
    from tpugen.model.workloads import find_language_model

    if isinstance(spec, PimLlmSpec) and options.gemms:
        raise RequestError(
            "a pim_llm runs decoder layers, no single matrix products",
            hint="name language models with --workload, or build a tpu",
        )
    if isinstance(spec, PimTileSpec):
        _check_products(spec, options.gemms)
    if not options.workloads:
        return
    if not isinstance(spec, PimLlmSpec | TpuSpec | SystolicArraySpec | MacSpec):
        raise RequestError(
            f"--workload {options.workloads[0]}: a language model does not run on kind {spec.kind!r}",
            hint="kinds that do: pim_llm (the whole system), tpu and systolic_array (as the array of PIM-LLM)",
        )
    for name in options.workloads:
        find_language_model(name)


def _check_products(spec: PimTileSpec, texts: Sequence[str]) -> None:
    from tpugen.model import parse_gemm

    for text in texts:
        product = parse_gemm(text)
        if (product.k, product.n) != (spec.rows, spec.cols):
            raise RequestError(
                f"--gemm {text}: the tile holds a matrix of {spec.rows}x{spec.cols}",
                hint=f"name vectors through that matrix: --gemm {product.m}x{spec.rows}x{spec.cols}",
            )


def hybrid_of_run(root: Path, spec: PimLlmSpec, scale_to: str | None = None) -> tuple[HybridDesign, list[str]]:
    """The hybrid accelerator of a run that was measured, and notes on it.

    Args:
        root: The run's folder; `simulate`, `synth` and `sta` are done.
        spec: What was built.
        scale_to: Another technology for the digital part, e.g. `45nm`; None: as measured.

    Raises:
        RequestError: the technology cannot be scaled from.
    """
    from tpugen.model.accelerators import hybrid_design, scaled

    timing = TimingResult.model_validate(read_json(root / "sta" / "timing.json"))
    design, note = measurement(root, contract_of(spec).module, spec)
    notes = [note] if note else []
    hybrid = hybrid_design(root.name, spec, design, timing.blocks, timing.clock_mhz, _simulation(root))
    if scale_to is None:
        return hybrid, notes
    from tpugen.pipeline.measured_arrays import scaled_design, scaling_words

    smaller, record = scaled_design(design, scale_to)
    return scaled(hybrid, record, smaller), [*notes, scaling_words(record)]


def is_hybrid(run: str, runs: Path | None = None) -> bool:
    """Whether a run is of a `pim_llm`.

    Raises:
        UnknownNameError: no such run.
    """
    return load_result(find_run(run, runs)).spec.get("kind") == "pim_llm"


def refuse_options(run: str, given: Mapping[str, object]) -> None:
    """Refuse what cannot be chosen of a measured hybrid.

    Raises:
        RequestError: an option is given; the message names all.
    """
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise RequestError(
            f"--design {run} is a measured pim_llm, the whole system: {', '.join(named)} cannot be changed",
            hint="leave them out, or build another design",
        )


def model_on_hybrid(
    run: str,
    model: str | Path,
    context: int,
    *,
    as_published: bool = False,
    phase: str = "decode",
    batch: int = 1,
    lm_head: bool = False,
    embedding: bool = False,
    beyond_context: bool = False,
    scale_to: str | None = None,
    constants: Mapping[str, float | str] | None = None,
    cards: Mapping[str, str] | None = None,
    runs: Path | None = None,
) -> WorkloadPoint:
    """A language model on a measured `pim_llm`.

    Args:
        run: Id or folder.
        model: Name or config.json.
        context: Tokens attended to, or of the prompt.
        as_published: The shapes that the paper ran.
        phase: `decode`, or `prefill`: the prompt token by token.
        batch: Sequences, one after the other.
        lm_head: Count the LM head.
        embedding: Count the look-up.
        beyond_context: Accept a context beyond the model's.
        scale_to: Carry the digital part to another technology.
        constants: `crossbar.CONSTANT` or `memory.CONSTANT` that differ from the cards.
        cards: Other cards for `crossbar` and `memory`.
        runs: Where runs are kept, if not in the usual place.

    Raises:
        UnknownNameError: no such run, model, phase or card.
        RequestError: a run that was not measured, or sizes that it cannot have.
    """
    from tpugen.model.accelerators import hybrid_point
    from tpugen.model.workloads import find_language_model, published_variant
    from tpugen.pipeline.measured_arrays import measured_design

    if phase not in ("decode", "prefill"):
        raise UnknownNameError(f"no phase is called {phase!r}", hint="phases: decode, prefill")
    spec, _, _ = measured_design(run, runs)
    if not isinstance(spec, PimLlmSpec):
        raise RequestError(f"run {run} is a {spec.kind}, no pim_llm")
    design, notes = hybrid_of_run(find_run(run, runs), spec, scale_to)
    found = find_language_model(model)
    point = hybrid_point(
        design,
        published_variant(found) if as_published else found,
        context,
        prefill=phase == "prefill",
        batch=batch,
        lm_head=lm_head,
        embedding=embedding,
        beyond_context=beyond_context,
        workload="as_published" if as_published else "real",
        cards=changed_cards(constants or {}, cards),
    )
    result = point.result.model_copy(
        update={"notes": [*notes, *([] if scale_to else _technology_notes(design)), *point.result.notes]}
    )
    return point.model_copy(update={"result": result})


def _simulation(root: Path) -> AcceleratorSimulation | None:
    path = root / "simulate" / "simulation.json"
    return SimulationResult.model_validate(read_json(path)).accelerator if path.is_file() else None


def changed_cards(constants: Mapping[str, float | str], cards: Mapping[str, str] | None) -> dict[str, Card]:
    """Cards of the hybrid's macros with the user's constants, by the name of the built-in card that they replace.

    Args:
        constants: `crossbar.CONSTANT` or `memory.CONSTANT`.
        cards: `crossbar` or `memory`: name or path of another card.

    Raises:
        RequestError: other names, or constants that the card does not have.
        UnknownNameError: no such card.
    """
    from tpugen.model.cards import load_card

    changes: dict[str, dict[str, Any]] = {}
    for key, value in constants.items():
        part, dot, constant = key.partition(".")
        if part not in _CARD_NAMES or not (dot and constant):
            raise _no_card(key)
        changes.setdefault(part, {})[constant] = value
    for key in cards or {}:
        if key not in _CARD_NAMES:
            raise _no_card(key)
    return {
        _CARD_NAMES[part]: load_card((cards or {}).get(part, _CARD_NAMES[part])).override(changes.get(part, {}))
        for part in dict.fromkeys([*changes, *(cards or {})])
    }


def _no_card(key: str) -> RequestError:
    return RequestError(
        f"{key!r} names no card of a measured pim_llm", hint="cards: crossbar, memory; its digital part is the run's"
    )


def accelerator_report(spec: AnySpec, root: Path, workloads: Sequence[str]) -> AcceleratorReport:
    """What a measured run is worth on language models, beside what is published.

    Args:
        spec: Of the run.
        root: Its folder; it is simulated, synthesised and timed.
        workloads: Names or config.json files; of a `pim_llm` two more are always there.

    Raises:
        UnknownNameError: no such language model.
        RequestError: one that the design cannot run.
    """
    from tpugen.model.workloads import find_language_model

    names = list(workloads)
    if isinstance(spec, PimLlmSpec):
        known = {find_language_model(name).name for name in names}
        names += [name for name in DEFAULT_WORKLOADS if find_language_model(name).name not in known]
        return _hybrid_report(spec, root, [find_language_model(name) for name in names])
    return _array_report(spec, root, names)


def _contexts(model: LanguageModel) -> list[int]:
    """The paper's contexts, as far as the model goes."""
    from tpugen.model.accelerators import PUBLISHED_CONTEXTS

    longest = model.context_accepted or max(PUBLISHED_CONTEXTS)
    return [context for context in PUBLISHED_CONTEXTS if context <= longest] or [longest]


def _hybrid_report(spec: PimLlmSpec, root: Path, models: Sequence[LanguageModel]) -> AcceleratorReport:
    from tpugen.model.accelerators import hybrid_point, published_points

    design, notes = hybrid_of_run(root, spec)
    points = [
        hybrid_point(design, model, context).model_copy(update={"published": published_points(model, context)})
        for model in models
        for context in _contexts(model)
    ]
    synthesis = SynthesisResult.model_validate(read_json(root / "synth" / "synthesis.json"))
    return AcceleratorReport(
        role="hybrid",
        design=contract_of(spec).module,
        technology=synthesis.technology,
        clock_mhz=design.clock_mhz,
        clock_origin=design.origin,
        operators=design.simulation.operators if design.simulation else [],
        points=points,
        notes=[*notes, *_technology_notes(design)],
    )


def _technology_notes(design: HybridDesign) -> list[str]:
    """Where the digital part and the cards are of different technologies."""
    from tpugen.flows.technology import find_technology

    try:
        size = find_technology(design.technology).process_nm
    except UnknownNameError:  # a Liberty file by path: its size is not known
        return []
    if size is None or size == _CARDS_NM:
        return []
    return [
        f"the digital part is {size:g} nm, the cards of crossbars and memories are {_CARDS_NM} nm: "
        f"`tpugen model llm --model NAME --design {design.run} --scale-to {_CARDS_NM}nm` carries the digital part over"
    ]


_CARDS_NM = 45


def _array_report(spec: AnySpec, root: Path, names: Sequence[str]) -> AcceleratorReport:
    from tpugen.model.accelerators import published_points
    from tpugen.model.workloads import find_language_model
    from tpugen.pipeline.llm_modelling import model_llm

    design, note = measurement(root, contract_of(spec).module, spec)
    points = []
    for name in names:
        model = find_language_model(name)
        for context in _contexts(model):
            published: list[PublishedPoint] = published_points(model, context)
            result = model_llm(name, context, design=str(root))
            points.append(WorkloadPoint(result=result, published=published))
    simulation = _simulation(root)
    return AcceleratorReport(
        role="array",
        design=contract_of(spec).module,
        technology=design.technology,
        clock_mhz=design.clock_mhz,
        clock_origin=design.origin,
        operators=simulation.operators if simulation else [],
        points=points,
        notes=[note] if note else [],
    )
