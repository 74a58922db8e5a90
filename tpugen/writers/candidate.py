"""A candidate: the modules that a chat model wrote, and the library modules that they instantiate."""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.retrieval.verilog import instantiated_modules
from tpugen.rtl_templates import dependency_closure, load_library
from tpugen.writers.composer import library_files
from tpugen.writers.files import RtlFile
from tpugen.writers.task import WritingTask

__all__ = ["assemble"]


def assemble(
    task: WritingTask, written: Mapping[str, str], *, library: bool, model: str, attempt: int
) -> list[RtlFile]:
    """All files of a candidate, dependencies first and the top module last.

    A module that the model wrote stands for the library's of the same name, also inside library modules, and its file
    says that the model wrote it. Templates of the library get the spec's arithmetic, as the composer does it.

    Args:
        task: What was to be written; its top module's file comes last where it is among those written.
        written: Source by module name, as extracted from the reply.
        library: Whether library modules that the written ones instantiate are added.
        model: The chat model, for provenance.
        attempt: The attempt (from 1), for provenance.
    """
    top = task.contract.module
    order = [name for name in written if name != top] + [name for name in written if name == top]
    files = [RtlFile(f"{name}.v", written[name], "llm", model, attempt) for name in order]
    if not library:
        return files
    names = [name for source in written.values() for name in instantiated_modules(source, load_library())]
    if task.spec is not None:
        return [*library_files(task.spec, names, replaced=written), *files]
    # Without a spec there is no arithmetic to put into a template: it stays with the exact units of its example.
    below = [name for name in dependency_closure(names) if name not in written]
    return [*(RtlFile(f"{name}.v", load_library()[name].source, "library") for name in below), *files]
