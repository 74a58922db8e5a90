"""The chat-model writer with a real local model: `TPUGEN_TEST_GGUF=/path/model.gguf pytest -m llm`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tpugen.findings import Finding
from tpugen.spec import DesignSpec, MacSpec, SystolicArraySpec, contract_for

pytestmark = [pytest.mark.llm, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def model_name() -> str:
    path = os.environ.get("TPUGEN_TEST_GGUF")
    if not path:
        pytest.skip("TPUGEN_TEST_GGUF does not name a GGUF file")
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed (pip install 'tpugen[local]')")
    return f"gguf:{path}"


@pytest.mark.parametrize(
    ("spec", "request_text"),
    [
        (SystolicArraySpec(rows=1, cols=2), "1x2 output-stationary systolic array, signed int8"),
        (SystolicArraySpec(rows=4, cols=4), "4x4 output-stationary systolic array, signed int8, 32-bit accumulators"),
        (MacSpec(accumulator_width_bits=20), "a signed 8-bit MAC with a 20-bit accumulator"),
    ],
    ids=lambda value: contract_for(value).module if not isinstance(value, str) else "",
)
def test_a_small_model_is_asked_repaired_and_logged(
    model_name: str, spec: DesignSpec, request_text: str, tmp_path: Path
):
    """Whether it passes is the model's business; that every attempt is judged and logged is ours."""
    from tpugen.verif.contract_gate import check_contract
    from tpugen.verif.lint import lint
    from tpugen.writers.files import RtlFile, write_files
    from tpugen.writers.llm import LlmWriter
    from tpugen.writers.session import ChatSession
    from tpugen.writers.settings import WriterSettings
    from tpugen.writers.task import WritingTask

    judged = 0

    def gate(files: list[RtlFile]) -> list[Finding]:
        nonlocal judged
        judged += 1
        folder = tmp_path / f"judged-{judged}"
        paths = write_files(files, folder / "rtl")
        contract = contract_for(spec)
        (folder / "work").mkdir()
        return check_contract(contract, paths, folder / "work") or lint(paths, contract.module, folder / "work")

    writer = LlmWriter(ChatSession(model_name), settings=WriterSettings(repairs=2))
    outcome = writer.write(WritingTask.for_spec(spec, request_text), gate, tmp_path / "llm", print)
    assert judged == sum(attempt.gated for attempt in outcome.history) >= 1
    for attempt in outcome.history:
        exchange = json.loads((tmp_path / "llm" / f"attempt-{attempt.number}" / "exchange.json").read_text())
        assert exchange["passed"] is attempt.passed
        assert exchange["prompt_tokens"] > 500 and exchange["reply_tokens"] > 0
    if outcome.passed:
        assert outcome.files[-1].writer == "llm"
