"""The papers' figures again, from the model, beside what was printed: one evaluation of the whole published grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tpugen.errors import RequestError
from tpugen.model.amdahl import ceiling
from tpugen.model.amdahl import speedup as law
from tpugen.model.published import PublishedFigure, papers, published_figures
from tpugen.model.systems import SystemCosts, evaluate_system, load_system
from tpugen.model.workloads import LanguageModel, decoder_table, mesh
from tpugen.pipeline.fraction_tables import FRACTION_CONTEXTS, crossover_rows, fraction_rows, memory_rows
from tpugen.pipeline.llm_modelling import language_models
from tpugen.results.amdahl import (
    Breakdown,
    BreakdownPart,
    EnergyPoint,
    FigureCheck,
    GridPoint,
    ModelComparison,
    PaperReference,
    SolvedEnergy,
    SpeedupCurve,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

__all__ = ["model_compare"]

MODELS = ("gpt2-350m", "gpt2-774m", "gpt2-1.5b", "opt-1.3b", "opt-2.7b", "opt-6.7b", "llama-7b")
CONTEXTS = (128, 256, 512, 1024, 2048, 4096)
PEER_MODEL = "gpt2-small"
"""On which the paper's peer HARDSEA was evaluated."""

CURVE_MODEL = "opt-6.7b"
CURVE_GAINS = tuple(float(2 ** (step / 4)) for step in range(41))
BREAKDOWN_CONTEXTS = (128, 1024, 4096)

_LABELS = {
    "tokens_per_s": "tokens per second",
    "crossbar_layer_us": "crossbar time of a layer",
    "systolic_share_percent": "array's share of the latency",
    "energy_gain_percent": "gain of tokens per joule",
    "gops": "throughput",
    "gops_per_w": "efficiency",
    "peer_gops": "throughput of a peer",
    "peer_gops_per_w": "efficiency of a peer",
    "speedup_best": "best speed-up",
    "energy_gain_best_percent": "best gain of tokens per joule",
    "peer_gain_gops": "throughput over the best peer",
    "peer_gain_gops_per_w": "efficiency over the best peer",
    "gpu_memory_gb": "memory on a GPU",
    "gpu_latency_ms": "latency on a GPU",
    "gpu_throughput_gain": "throughput over LLaMA on GPUs",
}


@dataclass(frozen=True)
class _Grid:
    """Both systems on the published grid; a point's column is found by model and context."""

    models: Sequence[LanguageModel]
    baseline: SystemCosts
    system: SystemCosts
    baseline_fair: SystemCosts
    system_fair: SystemCosts
    columns: Mapping[tuple[str, int], int]

    @property
    def gain(self) -> FloatArray:
        """Tokens per joule over the baseline's, less one, as published."""
        return self.system.tokens_per_j / self.baseline.tokens_per_j - 1

    @property
    def gain_fair(self) -> FloatArray:
        """The same, with every engine charged for all its work."""
        return self.system_fair.tokens_per_j / self.baseline_fair.tokens_per_j - 1

    @property
    def speedup(self) -> FloatArray:
        """Tokens per second over the baseline's."""
        return self.system.tokens_per_s / self.baseline.tokens_per_s


def model_compare(system: str = "pim-llm", baseline: str = "tpu-llm") -> ModelComparison:
    """Everything that the papers show, from the model, and each printed figure with the error of the model's.

    Args:
        system: What is compared: a built-in system, or a file's path; a system of one's own is held against the same
            figures.
        baseline: What it is compared with.

    Raises:
        UnknownNameError: no such system.
        RequestError: something in a system's file is wrong, or a system does not say what its energy is.
    """
    from tpugen import __version__

    grid = _evaluate(system, baseline)
    return ModelComparison(
        tpugen_version=__version__,
        baseline=grid.baseline.system.name,
        system=grid.system.system.name,
        models=list(MODELS),
        contexts=list(CONTEXTS),
        papers=[
            PaperReference(
                key=key, title=paper.title, authors=paper.authors, year=paper.year, reference=paper.reference
            )
            for key, paper in papers().items()
        ],
        checks=_checks(grid),
        grid=_grid_points(grid),
        breakdowns=[_breakdown(grid, model, context) for model in MODELS for context in BREAKDOWN_CONTEXTS],
        energy=_energy(grid),
        solved=_solved(grid),
        fraction_contexts=list(FRACTION_CONTEXTS),
        fractions=fraction_rows(),
        crossovers=crossover_rows(),
        memory=memory_rows(),
        curves=_curves(grid),
        notes=[
            "shapes as in the paper's runs: GPT-2 with d_ff = d, LLaMA with two feed-forward matrices; no embedding, "
            "LM head or prefill",
            "everything runs one after the other and no operand comes late, as published",
            "fractions and crossovers are of the real models' shapes",
        ],
    )


def _evaluate(system: str, baseline: str) -> _Grid:
    import numpy as np

    models = language_models((*MODELS, PEER_MODEL), as_published=True)
    index, contexts = mesh(models[:-1], CONTEXTS)
    index, contexts = np.append(index, len(models) - 1), np.append(contexts, 1024)
    table = decoder_table(models, contexts, model_index=index)
    columns = {(models[which].name, int(context)): at for at, (which, context) in enumerate(zip(index, contexts))}  # noqa: B905

    def costs(name: str, accounting: str) -> SystemCosts:
        found = evaluate_system(load_system(name).with_options(accounting=accounting), table)
        if not np.all(np.isfinite(found.energy_j)):
            raise RequestError(f"system {name!r} has engines of unknown energy", hint="compare systems that have power")
        return found

    return _Grid(
        models, costs(baseline, "as_published"), costs(system, "as_published"), costs(baseline, "consistent"),
        costs(system, "consistent"), columns,
    )  # fmt: skip


def _grid_points(grid: _Grid) -> list[GridPoint]:
    return [
        GridPoint(
            system=published.system.name,
            model=model,
            context=context,
            tokens_per_s=float(published.tokens_per_s[at]),
            speedup=float(published.tokens_per_s[at] / grid.baseline.tokens_per_s[at]),
            latency_ms=1e3 * float(published.latency_s[at]),
            gops=float(fair.gops[at]),
            energy_mj=1e3 * float(published.energy_j[at]),
            energy_consistent_mj=1e3 * float(fair.energy_j[at]),
        )
        for published, fair in ((grid.baseline, grid.baseline_fair), (grid.system, grid.system_fair))
        for (model, context), at in grid.columns.items()
        if model in MODELS
    ]


def _checks(grid: _Grid) -> list[FigureCheck]:
    values = _values(grid)
    return [_check(figure, values) for figure in published_figures()]


def _check(figure: PublishedFigure, values: Mapping[str, Callable[[PublishedFigure], float]]) -> FigureCheck:
    compute = values.get(figure.quantity)
    value = None if compute is None else compute(figure)
    bound = figure.kind in ("at_least", "below")
    return FigureCheck(
        quantity=figure.quantity,
        label=_LABELS[figure.quantity],
        system=figure.system,
        model=figure.model,
        context=figure.context or None,
        kind=figure.kind,
        printed=figure.printed,
        unit=figure.unit,
        value=value,
        agrees=None if value is None else figure.matches(value),
        error_percent=None if value is None or bound else 100 * figure.error(value),
        accounting="as_published",
        paper=figure.paper,
        place=figure.place,
        note=figure.note,
        calibration=figure.calibration,
    )


def _values(grid: _Grid) -> Mapping[str, Callable[[PublishedFigure], float]]:
    """How the model computes each quantity that it computes."""
    layers = {model.name: model.layers for model in grid.models}

    def at(figure: PublishedFigure) -> int:
        return grid.columns[figure.model, figure.context or CONTEXTS[0]]

    def tokens(figure: PublishedFigure) -> float:
        costs = grid.baseline if figure.system == "tpu-llm" else grid.system
        return float(costs.tokens_per_s[at(figure)])

    def layer_us(figure: PublishedFigure) -> float:
        return 1e6 * float(grid.system.role_latency_s("projection")[at(figure)]) / layers[figure.model]

    def array_share(figure: PublishedFigure) -> float:
        return 100 * float(grid.system.role_latency_s("attention")[at(figure)] / grid.system.latency_s[at(figure)])

    peers = {figure.quantity: figure.value for figure in published_figures() if figure.quantity.startswith("peer_g")}
    opt = grid.columns["opt-6.7b", 1024]
    return {
        "tokens_per_s": tokens,
        "crossbar_layer_us": layer_us,
        "systolic_share_percent": array_share,
        "energy_gain_percent": lambda figure: 100 * float(grid.gain[at(figure)]),
        "gops": lambda figure: float(grid.system.gops[at(figure)]),
        "gops_per_w": lambda figure: float(grid.system.gops_per_w[at(figure)]),
        "speedup_best": lambda _: float(grid.speedup.max()),
        "energy_gain_best_percent": lambda _: 100 * float(grid.gain[: len(MODELS) * len(CONTEXTS)].max()),
        "peer_gain_gops": lambda _: float(grid.system.gops[grid.columns[PEER_MODEL, 1024]]) / peers["peer_gops"],
        "peer_gain_gops_per_w": lambda _: float(grid.system.gops_per_w[opt]) / peers["peer_gops_per_w"],
    }


def _breakdown(grid: _Grid, model: str, context: int) -> Breakdown:
    at = grid.columns[model, context]
    total = float(grid.system.latency_s[at])
    parts = [
        BreakdownPart(engine=engine, name=name, latency_ms=1e3 * float(seconds[at]), share=float(seconds[at]) / total)
        for (engine, name), seconds in grid.system.component_latency_s().items()
    ]
    return Breakdown(
        system=grid.system.system.name, model=model, context=context, latency_ms=1e3 * total,
        parts=[part for part in parts if part.latency_ms > 0],
    )  # fmt: skip


def _energy(grid: _Grid) -> list[EnergyPoint]:
    layers = {model.name: model.layers for model in grid.models}
    published, fair = grid.system, grid.system_fair
    return [
        EnergyPoint(
            model=model,
            context=context,
            layers=layers[model],
            baseline_mj=1e3 * float(grid.baseline.energy_j[at]),
            crossbar_mj=1e3 * float(published.role_energy_j("projection")[at]),
            attention_mj=1e3 * float(fair.role_energy_j("attention")[at]),
            attention_charged_mj=1e3 * float(published.role_energy_j("attention")[at]),
            gain_published_percent=100 * float(grid.gain[at]),
            gain_consistent_percent=100 * float(grid.gain_fair[at]),
        )
        for (model, context), at in grid.columns.items()
        if model in MODELS
    ]


def _solved(grid: _Grid) -> list[SolvedEnergy]:
    """What the two printed gains of a model give: T / (1 + gain) = E_xbar / P0 + k T_attn, solved for both."""
    layers = {model.name: model.layers for model in grid.models}
    attention = grid.baseline.role_latency_s("attention")
    figures = published_figures("energy_gain_percent")
    solved = []
    for model in dict.fromkeys(figure.model for figure in figures):
        pair = [figure for figure in figures if figure.model == model][:2]
        at = [grid.columns[model, figure.context] for figure in pair]
        times, attended = ([float(values[index]) for index in at] for values in (grid.baseline.latency_s, attention))
        shares = []
        for signs in ((0, 0), (-1, 1), (1, -1)):  # as printed; the ends of what rounds to it
            gains = [figure.value + sign * figure.half_digit for figure, sign in zip(pair, signs, strict=True)]
            first, second = (time / (1 + gain / 100) for time, gain in zip(times, gains, strict=True))
            shares.append((second - first) / (attended[1] - attended[0]))
        printed = [time / (1 + figure.value / 100) for time, figure in zip(times, pair, strict=True)]
        solved.append(
            SolvedEnergy(
                model=model, layers=layers[model], contexts=[figure.context for figure in pair], share=shares[0],
                share_low=min(shares), share_high=max(shares),
                crossbar_s=[whole - part / layers[model] for whole, part in zip(printed, attended, strict=True)],
            )
        )  # fmt: skip
    return solved


def _curves(grid: _Grid) -> list[SpeedupCurve]:
    import numpy as np

    curves = []
    for context in CONTEXTS:
        at = grid.columns[CURVE_MODEL, context]
        slow, fast = (float(costs.role_latency_s("projection")[at]) for costs in (grid.baseline, grid.system))
        share = slow / float(grid.baseline.latency_s[at])
        curves.append(
            SpeedupCurve(
                model=CURVE_MODEL,
                context=context,
                fraction=share,
                ceiling=float(ceiling(share)),
                gains=list(CURVE_GAINS),
                speedups=law(share, np.array(CURVE_GAINS)).tolist(),
                system_gain=slow / fast,
                system_speedup=float(grid.speedup[at]),
            )
        )
    return curves
