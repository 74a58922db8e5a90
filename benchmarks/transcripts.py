"""Keeps runs of chat models as transcripts: `python benchmarks/transcripts.py RUN [RUN ...]`.

Each run folder becomes `docs/transcripts/<name>.md`, which people read (request, every prompt and reply, what the gates
said, what was measured), and `<name>.json`, from which a test takes the replies and judges them again.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

from tpugen.pipeline.result import load_result
from tpugen.storage import read_json, write_json_atomic, write_text_atomic

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "transcripts"


def attempts(run: Path) -> list[dict[str, Any]]:
    """Every attempt of a run, in order: prompt, reply, counts, findings, verdict."""
    folders = sorted((run / "llm").glob("attempt-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    return [
        {
            **read_json(folder / "exchange.json"),
            "prompt": (folder / "prompt.md").read_text(encoding="utf-8"),
            "reply": (folder / "reply.md").read_text(encoding="utf-8"),
        }
        for folder in folders
    ]


def transcript(run: Path) -> dict[str, Any]:
    """A run as plain data, free of folders of the machine that it ran on."""
    result = load_result(run)
    written = read_json(run / "write" / "provenance.json")
    return {
        "request": result.request,
        "verdict": result.verdict,
        "model": Path(str(result.chat_model).partition(":")[2] or str(result.chat_model)).name,
        "machine": f"{platform.system()}, {platform.machine()}",
        "spec": result.spec,
        "module": result.module,
        "options": read_json(run / "request.json")["identity"]["options"]
        | {"chat_model": "MODEL", "technology": result.technology},
        "examples": written.get("examples", []),
        "measured": {
            name: getattr(result, name)
            for name in ("area_um2", "cells", "fmax_mhz", "power_mw", "cycles", "expected_cycles")
            if getattr(result, name) is not None
        },
        "steps": [
            {"step": step.step, "verdict": step.verdict, "summary": step.summary}
            for step in result.steps
            if step.step != "write"
        ],
        "attempts": [{**attempt, "chat_model": "MODEL"} for attempt in attempts(run)],
    }


def _options(run: Path) -> dict[str, Any]:
    options: dict[str, Any] = read_json(run / "request.json")["identity"]["options"]
    return options


def page(data: dict[str, Any]) -> str:
    """A transcript for people."""
    lines = [f"# {data['request']}", ""]
    tries = len(data["attempts"])
    tokens = sum((item["prompt_tokens"] or 0) + (item["reply_tokens"] or 0) for item in data["attempts"])
    lines += [
        f"`{data['model']}`, {tries} attempt{'' if tries == 1 else 's'}, {tokens:,} tokens: **{data['verdict']}**. "
        f"Kept by `benchmarks/transcripts.py` from a run of",
        "",
        f'    tpugen generate "{data["request"]}" --writer llm --model local:{data["model"]}',
        "",
        "| step | verdict | |",
        "|---|---|---|",
        *(f"| {step['step']} | {step['verdict']} | {step['summary']} |" for step in data["steps"]),
        "",
    ]
    for attempt in data["attempts"]:
        verdict = "passed the gates" if attempt["passed"] else "refused"
        lines += [f"## Attempt {attempt['attempt']}: {verdict}", ""]
        lines += ["### Reply", "", "````text", attempt["reply"].rstrip(), "````", ""]
        for finding in attempt["findings"]:
            if finding["severity"] == "error":
                lines.append(f"- `{finding['gate']}/{finding['rule']}` {finding['message']}")
        if not attempt["passed"]:
            lines.append("")
        lines += ["<details><summary>Prompt</summary>", "", "````text", attempt["prompt"].rstrip(), "````", ""]
        lines += ["</details>", ""]
    return "\n".join(lines).rstrip() + "\n"


def index(names: list[str]) -> str:
    """The page that lists all transcripts."""
    rows = []
    for name in names:
        data = read_json(FOLDER / f"{name}.json")
        tries = len(data["attempts"])
        tokens = sum((item["prompt_tokens"] or 0) + (item["reply_tokens"] or 0) for item in data["attempts"])
        rows.append(f"| [{data['request']}]({name}.md) | {data['verdict']} | {tries} | {tokens:,} | {data['model']} |")
    return "\n".join(
        [
            "# Transcripts",
            "",
            "Runs of real chat models, each from the sentence to gates that passed. Kept by",
            "`benchmarks/transcripts.py`; a test takes each last reply from here and judges it again.",
            "",
            "| request | verdict | attempts | tokens | model |",
            "|---|---|---:|---:|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Write the transcripts of the runs that the command line names, and the index of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    for run in parser.parse_args().runs:
        data = transcript(run)
        write_json_atomic(FOLDER / f"{run.name}.json", data)
        write_text_atomic(FOLDER / f"{run.name}.md", page(data))
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    write_text_atomic(FOLDER / "README.md", index(names))
    print(json.dumps(names))


if __name__ == "__main__":
    main()
