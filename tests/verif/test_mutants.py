"""Every deliberate fault in the library's RTL is refused by the simulation gate."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tpugen.results import SimulationResult
from tpugen.rtl_templates import load_library
from tpugen.verif.mutants import MUTANTS, SPECS, Mutant, apply
from tpugen.verif.simulation import simulate
from tpugen.writers.composer import compose

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")


def _run(design: str, files: dict[str, str], folder: Path) -> SimulationResult:
    rtl = folder / "rtl"
    rtl.mkdir(parents=True)
    paths = []
    for name, text in files.items():
        paths.append(rtl / name)
        paths[-1].write_text(text)
    return simulate(SPECS[design], paths, folder / "simulate", seed=1, waves=False)


def _files(design: str) -> dict[str, str]:
    return {file.name: file.text for file in compose(SPECS[design])}


def test_the_list_is_long_and_reaches_every_module_that_designs_use() -> None:
    used = {Path(name).stem for design in SPECS for name in _files(design)}
    library = set(load_library())
    assert len(MUTANTS) >= 45
    tops = {Path(compose(spec)[-1].name).stem for spec in SPECS.values()}
    assert {mutant.module for mutant in MUTANTS} - tops == used & library


def test_no_fault_is_listed_twice() -> None:
    assert len({(mutant.module, mutant.found, mutant.replaced, mutant.design) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.module}: {mutant.fault}")
def test_every_fault_fits_the_library(mutant: Mutant) -> None:
    files = _files(mutant.design)
    assert apply(mutant, files) != files


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_unmutated_designs_pass_and_every_mutant_dies(tmp_path: Path) -> None:
    def judge(job: tuple[int, Mutant | None, str]) -> str | None:
        index, mutant, design = job
        files = _files(design)
        result = _run(design, apply(mutant, files) if mutant else files, tmp_path / str(index))
        shutil.rmtree(tmp_path / str(index))
        if mutant is None:
            return None if result.verdict == "pass" else f"{design} without a fault: {result.findings}"
        if any(finding.rule == "compile" for finding in result.findings):
            return f"{mutant.module}: {mutant.fault}: does not compile: {result.findings}"
        return f"{mutant.module}: {mutant.fault}: survived" if result.verdict == "pass" else None

    jobs: list[tuple[Mutant | None, str]] = [(None, design) for design in SPECS]
    jobs += [(mutant, mutant.design) for mutant in MUTANTS]
    with ThreadPoolExecutor(2) as pool:
        problems = [problem for problem in pool.map(judge, [(i, m, d) for i, (m, d) in enumerate(jobs)]) if problem]
    assert not problems, "\n".join(problems)
