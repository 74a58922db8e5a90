"""Whole runs: composer, chat model over HTTP, suites of others, interruption, budgets, comparison, pages, commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.replies import fenced, no_code_reply
from support.scripted_chat import Answer, ScriptedChat, Status

import tpugen.bench.sampling as sampling
from tpugen.bench.compare import compare_runs
from tpugen.bench.configuration import BenchConfiguration, choose_problems
from tpugen.bench.outcome import read_result
from tpugen.bench.problems import Problem, load_suite
from tpugen.bench.runner import BenchEvent, run_bench
from tpugen.bench.summary import ended, problem_rows, repair_ladder, tally
from tpugen.cli.main import run as command_line
from tpugen.errors import ChatModelError, RequestError, UnknownNameError
from tpugen.report.bench_chart import chart_file, comparison_chart, ladder_chart
from tpugen.report.bench_data import BenchResult
from tpugen.report.bench_page import render_bench_report
from tpugen.spec import contract_for
from tpugen.writers import composer
from tpugen.writers.budget import Budget

OTHERS = Path(__file__).resolve().parents[1] / "verif" / "verilog_eval_suite"
ADDER, RIPPLE = "adder-brent-kung", "adder-ripple-carry"
PROBLEM = {problem.id: problem for problem in load_suite("modules")}
KEY = "sk-secret-of-this-test-0123456789"


def _configuration(**choices: object) -> BenchConfiguration:
    plain: dict[str, object] = {"suites": ("modules",), "problems": (ADDER,)}
    return BenchConfiguration.model_validate(plain | choices)


def _asking(**choices: object) -> BenchConfiguration:
    """A chat model that writes an adder alone: neither the library nor retrieval is what these tests are about."""
    plain = {"writer": "llm", "model": "scripted", "mode": "full", "retrieval": False, "repairs": 1}
    return _configuration(**(plain | choices))


def _adder(identifier: str = ADDER, sum_port: str = "sum_o", operator: str = "+") -> str:
    """A reply with an unsigned exact adder, whatever its structure."""
    contract = contract_for(PROBLEM[identifier].spec)
    ports = ",\n  ".join(port.declaration() for port in contract.ports).replace("sum_o", sum_port)
    body = f"  assign {sum_port} = {{1'b0, a_i}} {operator} {{1'b0, b_i}};"
    return fenced(f"module {contract.module} (\n  {ports}\n);\n{body}\nendmodule")


Ask = Callable[..., tuple[BenchResult, ScriptedChat, list[BenchEvent]]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """Runs a configuration against a script; gives the result, the server and the events."""

    def run(configuration: BenchConfiguration, *answers: Answer, name: str = "run", **more: Budget):
        events: list[BenchEvent] = []
        with ScriptedChat(*answers) as chat:
            monkeypatch.setenv("TPUGEN_BASE_URL", chat.base_url)
            monkeypatch.setenv("OPENAI_API_KEY", KEY)
            result, _ = run_bench(configuration, out=tmp_path / name, observer=events.append, **more)
        return result, chat, events

    return run


# -- the composer ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> tuple[BenchResult, Path, list[BenchEvent]]:
    events: list[BenchEvent] = []
    folder = tmp_path_factory.mktemp("bench") / "run"
    result, _ = run_bench(_configuration(), out=folder, jobs=1, observer=events.append)
    return result, folder, events


@pytest.fixture
def result(composed: tuple[BenchResult, Path, list[BenchEvent]]) -> BenchResult:
    return composed[0]


def test_composer_passes_and_a_second_run_does_nothing_again(
    composed: tuple[BenchResult, Path, list[BenchEvent]],
) -> None:
    result, folder, events = composed
    assert (result.total.passed, result.finished, result.stopped, result.ended) == (1, True, None, {})
    (sample,) = result.samples
    assert (sample.reading.right, sample.lint, sample.simulated, sample.golden, sample.passed) == (True,) * 5
    assert [at.k for at in result.total.pass_at if at.share is not None] == [1], "never invented for k > n"
    assert [event.kind for event in events] == ["start", "sample"]
    before = (folder / "samples" / ADDER / "1.json").stat().st_mtime_ns
    again, _ = run_bench(_configuration(), out=folder, jobs=1)
    assert (folder / "samples" / ADDER / "1.json").stat().st_mtime_ns == before
    assert again.samples == result.samples
    assert read_result(folder) == again
    with pytest.raises(RequestError, match=r"holds a run of other choices: seed: 1 -> 2"):
        run_bench(_configuration(seed=2), out=folder, jobs=1)


def test_a_wrong_reading_fails_the_sample_before_anything_is_written(tmp_path: Path) -> None:
    other = Problem(ADDER, "modules", "Unsigned 9-bit Brent-Kung adder.", PROBLEM[ADDER].expect)
    row = sampling.run_sample(other, _configuration(), 1, tmp_path / "work")
    assert (row.ended_at, row.passed, row.attempts, row.golden) == ("spec", False, [], None)
    assert row.reading.differences == ["width_bits: 9, expected 8"]
    nonsense = Problem(ADDER, "modules", "good morning", PROBLEM[ADDER].expect)
    row = sampling.run_sample(nonsense, _configuration(), 1, tmp_path / "work")
    assert row.ended_at == "spec" and row.reading.error is not None


def test_rtl_that_the_gates_let_pass_is_stopped_by_the_golden_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No gate at all stands for gates that are wrong: the golden check must hold alone."""
    files = composer.compose(PROBLEM[ADDER].spec)
    wrong = [type(file)(file.name, file.text.replace("(b_i)", "(~b_i)"), file.writer) for file in files]
    assert wrong != files
    monkeypatch.setattr(composer, "compose", lambda _spec: wrong)
    row = sampling.run_sample(PROBLEM[ADDER], _configuration(), 1, tmp_path / "gates")
    assert (row.ended_at, row.lint, row.simulated, row.golden) == ("simulate", True, False, None)
    real = sampling.attempt_gate
    monkeypatch.setattr(sampling, "attempt_gate", lambda context, _steps, folder: real(context, [], folder))
    row = sampling.run_sample(PROBLEM[ADDER], _configuration(), 1, tmp_path / "golden")
    assert (row.simulated, row.golden, row.passed, row.ended_at) == (True, False, False, "golden")
    assert "golden/mismatch" in row.findings[0]


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RequestError, match="neither empty nor a run of the benchmark"):
        run_bench(_configuration(), out=tmp_path)


def test_choices_that_make_no_sense_are_refused() -> None:
    with pytest.raises(RequestError, match="the llm writer needs a chat model, and none is named"):
        _configuration(writer="llm")
    with pytest.raises(RequestError, match=r"--spec-by both needs a chat model"):
        _configuration(spec_by="both")
    with pytest.raises(RequestError, match=r"chat model 'm' is named, but nothing asks it"):
        _configuration(model="m")
    with pytest.raises(UnknownNameError, match="no suite is called 'nowhere'"):
        choose_problems(_configuration(suites=("nowhere",), problems=()))
    with pytest.raises(UnknownNameError, match="no problem is called no-such-problem in modules"):
        choose_problems(_configuration(problems=(ADDER, "no-such-problem")))
    with pytest.raises(RequestError, match="has no solutions of its own to hand in"):
        choose_problems(_configuration(writer="reference"))
    with pytest.raises(RequestError, match="the composer knows tpugen's own designs alone"):
        choose_problems(_configuration(suites=(str(OTHERS),), problems=()))


def test_a_limit_draws_evenly_from_each_suite() -> None:
    chosen = choose_problems(BenchConfiguration(limit=5))
    assert [problem.suite for problem in chosen] == sorted([problem.suite for problem in chosen], key=_suite_order)
    assert len(chosen) == 25
    assert {problem.kind for problem in chosen if problem.suite == "modules"} == {"adder", "multiplier", "mac"}


def _suite_order(name: str) -> int:
    return ["modules", "integration", "free-text", "template", "accelerators"].index(name)


# -- a chat model ---------------------------------------------------------------------------------------------------


@pytest.mark.network
def test_repair_is_recorded_attempt_by_attempt(ask: Ask) -> None:
    result, chat, events = ask(_asking(), _adder(sum_port="total_o"), _adder())
    (sample,) = result.samples
    found = [(attempt.number, attempt.repair, attempt.failed_at) for attempt in sample.attempts]
    assert found == [(1, 0, "contract"), (2, 1, None)]
    assert sample.attempts[0].rules and all(rule.startswith("contract/") for rule in sample.attempts[0].rules)
    assert sample.passed and sample.golden
    assert [step.share.value for step in result.repairs if step.share] == [0.0, 1.0], "what repair gives, from one run"
    assert (result.prompt_tokens, len(chat.requests)) == (200, 2)
    assert result.reply_tokens > 0 and result.endpoint is not None and "scripted" in result.endpoint
    assert any(event.kind == "note" and "asking" in event.text for event in events)
    assert KEY not in result.model_dump_json()


@pytest.mark.network
def test_failures_are_told_apart(ask: Ask) -> None:
    never, *_ = ask(_asking(), no_code_reply(), no_code_reply(), name="never")
    assert (never.samples[0].ended_at, never.samples[0].lint, len(never.samples[0].attempts)) == ("reply", False, 2)
    ports, *_ = ask(_asking(repairs=0), _adder(sum_port="total_o"), name="ports")
    assert (ports.samples[0].ended_at, ports.samples[0].lint, ports.ended) == ("contract", False, {"contract": 1})
    wrong, *_ = ask(_asking(repairs=0), _adder(operator="-"), name="wrong")
    assert (wrong.samples[0].ended_at, wrong.samples[0].lint, wrong.total.passed) == ("simulate", True, 0)


@pytest.mark.network
def test_a_run_goes_on_where_the_model_failed(ask: Ask, tmp_path: Path) -> None:
    two = _asking(repairs=0, problems=(ADDER, RIPPLE))
    with pytest.raises(ChatModelError):
        ask(two, _adder(RIPPLE), Status(401, "no such key"))
    half = read_result(tmp_path / "run")
    assert (half.finished, half.stopped, half.total.samples) == (False, "it was interrupted", 1)
    assert half.samples[0].problem == RIPPLE
    whole, chat, events = ask(two, _adder())
    assert (whole.finished, whole.total.passed, len(chat.requests)) == (True, 2, 1)
    assert [event.kind for event in events if event.kind != "note"] == ["start", "kept", "sample"]


@pytest.mark.network
def test_a_budget_stops_cleanly(ask: Ask) -> None:
    result, chat, _ = ask(_asking(samples=3, repairs=0), _adder(), _adder(), budget=Budget(tokens=150))
    assert not result.finished and result.stopped and "tokens" in result.stopped
    assert result.total.samples < 3
    nothing, chat, _ = ask(_asking(), budget=Budget.parse("0"), name="none")
    assert (nothing.total.samples, nothing.total.pass_at[0].share, chat.requests) == (0, None, [])


@pytest.mark.network
def test_samples_differ_in_their_seed_and_give_pass_at_k(ask: Ask) -> None:
    result, chat, _ = ask(_asking(samples=3, repairs=0), _adder(), *[_adder(sum_port="total_o")] * 2)
    assert len({request["seed"] for request in chat.requests}) == 3
    found = {at.k: at.share and round(at.share.value, 4) for at in result.total.pass_at}
    assert found == {1: 0.3333, 3: 1.0, 5: None, 10: None}


@pytest.mark.network
def test_a_chat_model_reads_for_the_composer(ask: Ask) -> None:
    """Only the reading is asked for; one that differs from people's fails the sample before anything is written."""
    choices = _configuration(model="scripted", spec_by="llm")
    right = {"kind": "adder", "width_bits": 8, "signed": False, "adder_structure": "brent_kung"}
    result, chat, _ = ask(choices, json.dumps(right), name="right")
    (sample,) = result.samples
    assert (sample.passed, sample.reading.by, sample.reading.right, len(chat.requests)) == (True, "llm", True, 1)
    assert (sample.prompt_tokens, sample.reading.prompt_tokens) == (100, 100)
    assert result.configuration["spec_by"] == "llm" and "mode" not in result.configuration
    wrong, *_ = ask(choices, json.dumps(right | {"adder_structure": "kogge_stone"}), name="wrong")
    assert (wrong.samples[0].ended_at, wrong.samples[0].attempts) == ("spec", [])
    assert "brent_kung" in wrong.samples[0].reading.differences[0]


@pytest.mark.network
def test_suites_of_others_run_through_the_same_harness(ask: Ask) -> None:
    right = "module TopModule (input wire [2:0] votes, output wire passed);\n  assign passed = ^votes;\nendmodule"
    mended = right.replace("^votes", "(votes[0] & votes[1]) | (votes[2] & (votes[0] | votes[1]))")
    choices = _asking(suites=(str(OTHERS),), problems=("Prob001_majority3",))
    result, chat, _ = ask(choices, fenced(right), fenced(mended))
    (sample,) = result.samples
    assert [attempt.failed_at for attempt in sample.attempts] == ["simulate", None]
    assert (sample.passed, sample.golden, sample.reading.by, sample.reading.right) == (True, None, "none", None)
    assert result.total.spec is None
    assert "jurors" in chat.prompts[0] and "TopModule" in chat.prompts[0]
    assert result.configuration["suites"] == ["verilog_eval_suite"], "a folder's name, not where it lies"


def test_solutions_of_a_suite_show_that_it_works(tmp_path: Path) -> None:
    choices = BenchConfiguration(suites=(str(OTHERS),), writer="reference")
    result, _ = run_bench(choices, out=tmp_path / "run", jobs=1)
    assert result.total.passed == result.total.samples == len(list(OTHERS.glob("*_prompt.txt")))
    assert {problem.kind for problem in result.problems} == {"clocked", "combinational"}


# -- comparison and pages -------------------------------------------------------------------------------------------


def _made_up(name: str, passed: dict[str, bool], like: BenchResult, **configuration: object) -> BenchResult:
    """A result of these verdicts, otherwise like another."""
    (pattern,) = like.samples
    samples = [
        pattern.model_copy(
            update={"problem": key, "passed": verdict, "ended_at": None if verdict else "lint", "lint": verdict}
        )
        for key, verdict in passed.items()
    ]
    changed = {
        "name": name, "samples": samples, "total": tally("all", samples), "suites": [tally("modules", samples)],
        "problems": problem_rows(samples, {key: f"prompt of <{key}>" for key in passed}), "ended": ended(samples),
        "configuration": like.configuration | configuration, "repairs": repair_ladder(samples, 2),
    }  # fmt: skip
    return like.model_copy(update=changed)


def test_comparison(result: BenchResult) -> None:
    first = _made_up("plain", {f"p{i}": i < 2 for i in range(12)}, result)
    second = _made_up("with retrieval", {f"p{i}": i != 0 for i in range(12)}, result, retrieval=True)
    comparison = compare_runs([first, second])
    (row,) = comparison.rows
    assert (row.common, row.only_first, row.only_this) == (12, 1, 10)
    assert row.p_value == pytest.approx(2 * 12 / 2**11)
    assert row.difference is not None and row.difference.value == pytest.approx(9 / 12)
    assert row.changed == ["retrieval: none -> on"]
    drawing = chart_file(comparison_chart(comparison.runs))
    assert drawing.startswith("<svg") and "with retrieval" in drawing and drawing.count('class="b-dot"') == 2
    apart = compare_runs([first, _made_up("elsewhere", {"q": True}, result)]).rows[0]
    assert (apart.common, apart.p_value, apart.difference) == (0, None, None)
    with pytest.raises(RequestError, match="found 1 run; at least two are compared"):
        compare_runs([first])


def test_the_page_is_self_contained_and_escapes(result: BenchResult) -> None:
    page = render_bench_report(_made_up("<b>name</b>", {"p0": True, "p1": False}, result))
    assert "<script" not in page and "http:" not in page and "https:" not in page
    assert "&lt;b&gt;name" in page and "prompt of &lt;p1&gt;" in page
    assert page.index("prompt of &lt;p1&gt;") < page.index("prompt of &lt;p0&gt;"), "failed ones first"
    assert "pass@1 by repairs allowed" in page
    assert ladder_chart(_made_up("x", {"p": True}, result).repairs).count('class="b-dot"') == 3


def test_commands(result: BenchResult, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for name in ("a", "b"):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(_made_up(name, {"p": name == "a"}, result).model_dump_json(), encoding="utf-8")
    assert command_line(["bench", "compare", *map(str, files), "--plot", str(tmp_path / "plot.svg")]) == 0
    said = capsys.readouterr().out
    assert "McNemar p 1.0000" in said and "only the first passed 1" in said
    assert (tmp_path / "plot.svg").is_file()
    assert command_line(["bench", "report", str(files[0])]) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "a.html"
    assert command_line(["bench", "compare", *map(str, files), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["common"] == 1
    assert command_line(["bench", "report", str(tmp_path)]) == 2
    assert "holds no result of the benchmark" in capsys.readouterr().err
    assert command_line(["bench", "list"]) == 0
    assert "free-text" in capsys.readouterr().out
    assert command_line(["bench", "list", "--suite", "modules", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["expect"]["kind"] == "adder"
    assert command_line(["bench", "run", "--suite", "nowhere"]) == 2
    assert "no suite is called 'nowhere'" in capsys.readouterr().err


def test_run_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "run", "--suite", str(OTHERS), "--writer", "reference", "--limit", "2"]
    words += ["--out", str(tmp_path / "run")]
    assert command_line(words) == 0
    said = capsys.readouterr()
    assert "100.0 %" in said.out and "2 of 2" in said.err
    assert command_line([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["passed"] == 2
