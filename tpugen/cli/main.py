"""The `tpugen` command: assembles the commands, and is the one place that turns errors into words and exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from tpugen import __version__
from tpugen.cli.arith import app as arith_app
from tpugen.cli.arith_accuracy import accuracy
from tpugen.cli.arith_measure import measure
from tpugen.cli.arith_pareto import pareto
from tpugen.cli.bench import app as bench_app
from tpugen.cli.dataset import app as dataset_app
from tpugen.cli.doctor import doctor
from tpugen.cli.generate import generate
from tpugen.cli.model import app as model_app
from tpugen.cli.output import print_data, talk
from tpugen.cli.report import report
from tpugen.cli.resume import resume
from tpugen.cli.retrieve import retrieve
from tpugen.cli.rtl import rtl
from tpugen.cli.runs import app as runs_app
from tpugen.cli.spec import spec
from tpugen.cli.synth import synth
from tpugen.cli.verify import app as verify_app
from tpugen.errors import TpugenError

__all__ = ["app", "main", "run"]

EXIT_USAGE = 2
EXIT_UNEXPECTED = 3
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="tpugen",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One sentence to accelerator RTL that is proved, measured, and judged on the workload it is for.",
)
app.command()(generate)
app.command()(spec)
app.command()(rtl)
app.add_typer(verify_app, name="verify")
app.command()(synth)
app.add_typer(model_app, name="model")
for _command in (accuracy, measure, pareto):
    arith_app.command()(_command)
app.add_typer(arith_app, name="arith")
app.command()(retrieve)
app.add_typer(dataset_app, name="dataset")
app.add_typer(bench_app, name="bench")
app.add_typer(runs_app, name="runs")
app.command()(resume)
app.command()(report)
app.command()(doctor)


def _version(asked: bool) -> None:
    if asked:
        print_data(f"tpugen {__version__}")
        raise typer.Exit


@app.callback()
def _tpugen(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """One sentence to accelerator RTL that is proved, measured, and judged on the workload it is for."""


def main() -> NoReturn:
    """Entry point of the `tpugen` command."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup asked for SIGHUP to be ignored
            signal.signal(number, _terminated)
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
    sys.exit(code)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # SIGTERM and SIGHUP end a run as Ctrl-C does: children ended, manifest written


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code. Never raises, never prints a traceback."""
    try:
        code = app(args=list(arguments), prog_name="tpugen", standalone_mode=False)
    except TpugenError as error:
        talk(f"tpugen: {error}")
        return error.exit_code
    except TyperException as error:
        return _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return 0
    except Exception as error:  # the last line of defence
        return _unexpected(error)
    if code == EXIT_INTERRUPTED:  # typer turns Ctrl-C inside a command into this code
        talk("tpugen: interrupted; to go on: `tpugen resume RUN`, or the same command again")
    return code if isinstance(code, int) else 0


def _usage(error: TyperException) -> int:
    """A wrong command line."""
    message = error.format_message()
    context = getattr(error, "ctx", None)
    if message:
        path = context.command_path if context is not None else "tpugen"
        talk(f"tpugen: {message}\n  see `{path} --help`")
    return EXIT_USAGE


def _drop_stdout() -> None:
    """The reader went away (`| head`): what is still buffered goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unexpected(error: Exception) -> int:
    """An error that nobody foresaw: short words here, details in a file."""
    from tpugen.writers.redaction import redact

    talk(redact(f"tpugen: unexpected {type(error).__name__}: {error}"))
    try:
        talk(f"  details are in {_write_details(error)}; please report them")
    except (OSError, TpugenError) as problem:
        talk(f"  details could not be written: {problem}")
    return EXIT_UNEXPECTED


def _write_details(error: Exception) -> Path:
    import platform
    import traceback
    from datetime import UTC, datetime

    from tpugen.paths import cache_dir
    from tpugen.storage import write_text_atomic
    from tpugen.writers.redaction import redact

    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    head = f"tpugen {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
    text = head + f"command: {sys.argv}\n\n" + "".join(traceback.format_exception(error))
    return write_text_atomic(cache_dir() / "logs" / f"error-{moment}-{os.getpid()}.log", redact(text))


if __name__ == "__main__":
    main()
