"""A candidate: the modules that a chat model wrote, and the library modules that they instantiate."""

from __future__ import annotations

from collections.abc import Mapping

from tpugen.retrieval.verilog import instantiated_modules
from tpugen.rtl_templates import load_library
from tpugen.spec import DesignSpec
from tpugen.writers.composer import library_files
from tpugen.writers.files import RtlFile

__all__ = ["assemble"]


def assemble(spec: DesignSpec, written: Mapping[str, str], top: str, *, model: str, attempt: int) -> list[RtlFile]:
    """All files of a candidate, dependencies first and the top module last.

    A module that the model wrote stands for the library's of the same name, also inside library modules, and its file
    says that the model wrote it. Templates of the library get the spec's arithmetic, as the composer does it.

    Args:
        spec: The design.
        written: Source by module name, as extracted from the reply.
        top: Name of the top module; its file comes last where it is among them.
        model: The chat model, for provenance.
        attempt: The attempt (from 1), for provenance.
    """
    instances = [name for source in written.values() for name in instantiated_modules(source, load_library())]
    order = [name for name in written if name != top] + [name for name in written if name == top]
    return [
        *library_files(spec, instances, replaced=written),
        *(RtlFile(f"{name}.v", written[name], "llm", model, attempt) for name in order),
    ]
