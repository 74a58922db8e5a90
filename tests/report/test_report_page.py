"""The report page: whole runs, partial runs, damaged runs, hostile text."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import run_examples as examples

from tpugen.errors import StorageError
from tpugen.findings import Finding
from tpugen.report import write_report
from tpugen.results import ProvenanceRecord, SimulationResult, TestRecord

VOID = {"meta", "input", "br", "hr", "img", "link"}
SPECS = {
    "output": examples.ARRAY,
    "weight": {**examples.ARRAY, "dataflow": "weight_stationary", "rows": 16, "cols": 8},
    "input": {**examples.ARRAY, "dataflow": "input_stationary", "rows": 1, "cols": 2},
    "large": {**examples.ARRAY, "rows": 256, "cols": 256},
    "one": {**examples.ARRAY, "rows": 1, "cols": 1},
    "mac": {"kind": "mac", "accumulator_width_bits": 20},
    "adder": {"kind": "adder", "width_bits": 16, "adder": {"family": "loa", "k": 4}},
    "multiplier": {"kind": "multiplier", "activation_width_bits": 5},
}


class Page(HTMLParser):
    """Checks nesting; collects tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()
        if tag in {"td", "th", "li", "dt", "dd", "div", "text", "summary"}:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


def page_of(folder: Path) -> Page:
    path = write_report(folder)
    assert path == folder / "report.html"
    return Page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SPECS)
def test_every_kind_makes_a_well_formed_page(name: str, tmp_path: Path) -> None:
    page = page_of(examples.passing_run(tmp_path, SPECS[name]))
    assert "9 steps passed, none refused the design" in page.text
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawings) >= 2
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)


def test_page_shows_what_was_measured(tmp_path: Path) -> None:
    text = page_of(examples.passing_run(tmp_path)).text
    for expected in (
        "4x4 output-stationary systolic array, signed int8, 32-bit accumulators, 100 MHz",
        "systolic_array_os_4x4_s8xs8_acc32",
        "12.41 mW",
        "+1.28 ns",
        "114.7 MHz",
        "14 cycles by the formula",
        "14 cycles in simulation ✓ equal",
        "assumed no clock named; 100 MHz is the default",
        "Every word of the sentence was used.",
        "drain_column",
        "tpugen generate '4x4 output-stationary array, signed int8' --seed 7",
        "yosys 0.23 /usr/bin/yosys",
        "64 × 64 × 64",
        "4,096 results compared",
    ):
        assert expected in text, expected


def test_page_refers_to_nothing_outside_itself(tmp_path: Path) -> None:
    page = page_of(examples.passing_run(tmp_path))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on")}
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    source = (tmp_path / "report.html").read_text()
    assert "url(" not in source
    assert "@import" not in source
    policy = next(
        a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None and policy.startswith("default-src 'none'")


def test_anchors_lead_somewhere(tmp_path: Path) -> None:
    page = page_of(examples.passing_run(tmp_path))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {(attributes["href"] or "")[1:] for tag, attributes in page.tags if tag == "a"}
    assert targets and targets <= set(ids)


HOSTILE = (
    '</style></title><script>alert(1)</script><img src=x onerror=alert(2)>" onload="alert(3) {{ 7*7 }} \x1b[31m\u202e'
)


def hostile_run(folder: Path) -> Path:
    finding = Finding(
        severity="error", gate="lint", rule=HOSTILE, message=HOSTILE, hint=HOSTILE, file="pe.v", line=2
    )  # fmt: skip
    rtl = f"module pe; // {HOSTILE}\n  wire \\{HOSTILE} ;\nendmodule /* <script>\n"
    name = "<script>x.v"
    records = [
        ProvenanceRecord(
            file="pe.v", writer="llm", sha256=hashlib.sha256(rtl.encode()).hexdigest(), model=HOSTILE, attempt=1
        ),
        ProvenanceRecord(file=name, writer="llm", sha256="0" * 64),
    ]
    examples.passing_run(
        folder, run_id=HOSTILE, request=HOSTILE, command=["tpugen", "generate", HOSTILE], machine=HOSTILE,
        error=HOSTILE, chat_model=HOSTILE, writer="llm", technology=HOSTILE, provenance=records,
        retrieved=[HOSTILE], verdict="fail",
        created_utc=HOSTILE,
        steps=[examples.record("spec"), examples.record("lint", "fail", [finding], summary=HOSTILE)],
    )  # fmt: skip
    (folder / "rtl" / "pe.v").write_text(rtl)
    (folder / "rtl" / name).write_text(rtl)
    examples.write_json(folder / "spec.json", {
        "spec": examples.ARRAY, "request": HOSTILE, "not_understood": [HOSTILE],
        "assumptions": [{"field": "rows", "value": HOSTILE, "reason": HOSTILE}],
    })  # fmt: skip
    attempt = folder / "llm" / "attempt-1"
    examples.write_json(attempt / "exchange.json", {"model": HOSTILE, HOSTILE: 1, "seconds": 2.5})
    examples.write_json(attempt / "findings.json", [finding.model_dump(mode="json")])
    (attempt / "prompt.md").write_text(HOSTILE)
    (attempt / "reply.md").write_text(f"```verilog\n{HOSTILE}\n```")
    return folder


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    page = page_of(hostile_run(tmp_path))
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    for _, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on")}
    assert page.text.count("<script>alert(1)</script>") >= 12
    assert "{{ 7*7 }}" in page.text
    source = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "\x1b" not in source
    assert "\u202e" not in source


def test_hostile_measurements_stay_text(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path)
    synthesis = examples.synthesis()
    synthesis.areas[0].module = HOSTILE
    examples.store(folder / "synth" / "synthesis.json", synthesis)
    timing = examples.timing()
    timing.critical_path[0].pin = timing.critical_path[0].cell = HOSTILE
    assert timing.power is not None
    timing.power.by_group_mw = {HOSTILE: 1.0}
    examples.store(folder / "sta" / "timing.json", timing)
    tests = [TestRecord(name=HOSTILE, passed=False, seconds=0.1, message=HOSTILE)]
    examples.store(
        folder / "simulate" / "simulation.json",
        SimulationResult(verdict="fail", simulator=HOSTILE, seed=1, tests=tests, waveform=HOSTILE),
    )
    page = page_of(folder)
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert page.text.count("<script>alert(1)</script>") >= 6


def test_unpaired_surrogates_do_not_break_the_page(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path)
    document = '{"spec": {"kind": "mac"}, "not_understood": ["\\ud800 here"], "assumptions": [], "request": null}'
    (folder / "spec.json").write_text(document)
    assert "\ufffd here" in page_of(folder).text


def test_files_outside_the_run_are_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret.v"
    secret.write_text("module top_secret; endmodule")
    folder = tmp_path / "run"
    folder.mkdir()
    names = ["../../secret.v", str(secret), "link.v"]
    provenance = [ProvenanceRecord(file=name, writer="llm", sha256="0" * 64) for name in names]
    examples.passing_run(folder, provenance=provenance)
    (folder / "rtl" / "link.v").symlink_to(secret)
    attempt = folder / "llm" / "attempt-1"
    attempt.mkdir(parents=True)
    (attempt / "reply.md").symlink_to(secret)
    text = page_of(folder).text
    assert "top_secret" not in text
    assert text.count("not in the run folder's rtl/") == 3
    assert "llm/attempt-1/reply.md leads outside the run folder and was not read" in text


def test_failed_gate_comes_first_with_its_source_line(tmp_path: Path) -> None:
    finding = Finding(
        severity="error", gate="lint", rule="width-mismatch", message="8 bits expected, 16 found", file="pe.v", line=7,
        hint="widen the port",
    )  # fmt: skip
    warning = Finding(severity="warning", gate="lint", rule="unused", message="a wire is unused")
    steps = [*(examples.record(step) for step in examples.STEPS[:4])]
    steps.append(examples.record("lint", "fail", [warning, finding], summary="1 error, 1 warning"))
    steps += [examples.record(step, "skipped", summary="lint failed") for step in examples.STEPS[5:]]
    folder = examples.passing_run(tmp_path, steps=steps, verdict="running")
    source = write_report(folder).read_text(encoding="utf-8")
    page = Page(source)
    assert "✗ fail" in page.text
    assert "Stopped at lint: 1 error, 1 warning" in page.text
    assert page.text.index("Refused by lint") < page.text.index("8 bits expected") < page.text.index("a wire is unused")
    assert page.text.index("8 bits expected") < page.text.index("Each step either lets")
    assert "To mend it: widen the port" in page.text
    hit = re.search(r'<span class="hit"><span class="ln">7</span>(.*?)</span>\n?<span class="ln">8', source, re.DOTALL)
    assert hit is not None and "q_o" in hit.group(1)
    # Results of steps that this run skipped are leftovers of an earlier state of the folder.
    assert "measured: OpenSTA" not in page.text


def test_interrupted_run_says_how_to_go_on(tmp_path: Path) -> None:
    steps = [examples.record(step) for step in examples.STEPS[:3]]
    folder = examples.passing_run(tmp_path, steps=steps, verdict="interrupted")
    # A killed run may not have listed its last step.
    examples.store(folder / "contract" / "result.json", examples.record("contract", summary="written, not listed"))
    text = page_of(folder).text
    assert "written, not listed" in text
    assert "This run was interrupted" in text
    assert "tpugen resume 20261121-101500-example" in text
    assert text.count("not reached") == 10


def test_run_that_broke_off_shows_its_error(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path, steps=[examples.record("spec")], verdict="error", error="yosys was ended")
    text = page_of(folder).text
    assert "The run broke off" in text
    assert "yosys was ended" in text


def test_manifest_alone_is_enough(tmp_path: Path) -> None:
    examples.store(tmp_path / "manifest.json", examples.manifest(examples.ARRAY, steps=[], verdict="running"))
    text = page_of(tmp_path).text
    assert "The run ended before its first step" in text
    assert "This run is not finished" in text


def test_run_in_progress_takes_its_verdict_from_the_steps(tmp_path: Path) -> None:
    assert "✓ pass" in page_of(examples.passing_run(tmp_path, verdict="running")).text
    assert "Attention" not in page_of(tmp_path).text


def test_damaged_files_become_notes(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path)
    (folder / "sta" / "timing.json").write_text('{"clock_mhz": 100')
    (folder / "spec.json").write_text("[")
    (folder / "synth" / "synthesis.json").write_text("{}")
    text = page_of(folder).text
    assert "Not everything could be read" in text
    assert "sta/timing.json is not a TimingResult" in text
    assert "spec.json is not JSON (half written or damaged)" in text
    assert "synth/synthesis.json is not a SynthesisResult" in text


def test_changed_rtl_is_pointed_out(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path)
    assert "changed after the run" not in page_of(folder).text
    (folder / "rtl" / "pe.v").write_text(examples.RTL + "// edited\n")
    assert "changed after the run" in page_of(folder).text


def test_no_manifest_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        write_report(tmp_path)
    assert error.value.message == f"no run in {tmp_path}: it holds no manifest.json"
    assert error.value.hint == "give the folder that `tpugen generate` named as `run`"
    assert not (tmp_path / "report.html").exists()


def test_manifest_of_another_shape_is_an_error_that_names_the_field(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"run_id": "x"}')
    with pytest.raises(StorageError, match=r"manifest\.json is not a run manifest: \d+ fields .* first created_utc"):
        write_report(tmp_path)


def test_latency_that_differs_is_shown_as_such(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path)
    path = folder / "simulate" / "simulation.json"
    simulation = SimulationResult.model_validate_json(path.read_bytes())
    examples.store(path, simulation.model_copy(update={"measured_cycles": 15}))
    assert "15 cycles in simulation ✗ differs" in page_of(folder).text


def test_missed_clock_is_shown_as_late(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path)
    examples.store(folder / "sta" / "timing.json", examples.timing(clock_mhz=200.0))
    page = page_of(folder)
    assert "3.72 ns too late" in page.text
    assert "late by 3.72 ns" in page.text
    assert any("period late" in (attributes.get("class") or "") for _, attributes in page.tags)


def test_exchanges_with_a_chat_model_are_shown_in_order(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path, writer="llm", chat_model="some/model", retrieved=["mac_unit"])
    finding = Finding(severity="error", gate="contract", rule="port-missing", message="result_o is missing")
    for number in (10, 2, 1):
        attempt = folder / "llm" / f"attempt-{number}"
        exchange = {"model": "some/model", "prompt_tokens": 1200 + number, "passed": number == 10, "modules": ["x"]}
        examples.write_json(attempt / "exchange.json", exchange)
        findings = [] if number == 10 else [finding.model_dump(mode="json", exclude_none=True)]
        examples.write_json(attempt / "findings.json", findings)
        (attempt / "prompt.md").write_text(f"prompt {number}")
        (attempt / "reply.md").write_text(f"reply {number} " + "x" * 30_000)
    text = page_of(folder).text
    places = [text.index(f"attempt-{number} ") for number in (1, 2, 10)]
    assert places == sorted(places)
    assert "3 attempts with some/model." in text
    assert "prompt tokens 1202" in text
    assert "passed true" in text
    assert text.count("contract/port-missing") == 2
    assert "reply 10 " in text
    assert "further characters are in the run folder" in text
    assert "this RTL was written by a chat model and may be built otherwise inside" in text
    assert "Retrieved for the prompt: mac_unit" in text


def test_a_proof_is_shown_where_one_was_made(tmp_path: Path) -> None:
    assert "prove" not in page_of(examples.passing_run(tmp_path)).text
    proof = examples.record("prove", summary="equal to the reference for every input")
    steps = [examples.record(step) for step in examples.STEPS]
    folder = tmp_path / "proved"
    folder.mkdir()
    examples.passing_run(folder, steps=[*steps[:6], proof, *steps[6:]], verdict="running")
    text = page_of(folder).text
    assert text.index("✓ simulate") < text.index("✓ prove") < text.index("✓ synth")
    assert "10 steps passed" in text


def test_assumptions_beyond_the_spec_are_shown(tmp_path: Path) -> None:
    folder = examples.passing_run(tmp_path)
    assumption = {"field": "workload", "value": "GEMM 64x64x64", "reason": "no workload is named"}
    document = {"spec": examples.ARRAY, "assumptions": [assumption], "not_understood": [], "request": "x"}
    examples.write_json(folder / "spec.json", document)
    assert "workload GEMM 64x64x64 assumed no workload is named" in page_of(folder).text


def test_run_from_python_names_a_command_that_does_the_same(tmp_path: Path) -> None:
    folder = examples.passing_run(
        tmp_path, command=["python", "tpugen.generate"], writer="llm", chat_model="some/model"
    )
    text = page_of(folder).text
    assert "This run was started from Python." in text
    assert "tpugen generate --spec spec.json --technology osu018 --model some/model --seed 7" in text


def test_report_needs_neither_matplotlib_nor_the_rooms_above() -> None:
    code = (
        "import sys, tpugen.report\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('matplotlib', 'torch', 'numpy')"
        " or m.startswith(('tpugen.pipeline', 'tpugen.verif', 'tpugen.flows', 'tpugen.writers'))]\n"
        "print(bad)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
