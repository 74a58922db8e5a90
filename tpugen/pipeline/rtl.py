"""RTL by itself: what the composer writes, without a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tpugen.errors import RequestError
from tpugen.pipeline.request import understand
from tpugen.spec import DesignSpec, contract_for
from tpugen.storage import make_folder, write_text_atomic

__all__ = ["RtlSet", "RtlText", "compose_rtl"]


class RtlText(BaseModel):
    """One RTL file; `path` where it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    writer: str
    text: str
    path: str | None = None


class RtlSet(BaseModel):
    """The RTL of a design, top module last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: str
    spec: dict[str, Any]
    files: list[RtlText]


def compose_rtl(request: str | DesignSpec | Mapping[str, Any], *, out: Path | None = None) -> RtlSet:
    """Compose the RTL of a request; nothing is checked by a tool.

    Args:
        request: A sentence, a spec, or a spec as plain data.
        out: Folder to write the files to, created if need be; files of the same name are replaced.

    Raises:
        RequestError: the request is wrong.
        StorageError: the files cannot be written.
    """
    from tpugen.writers.composer import compose

    spec = understand(request).spec
    if out is not None and out.exists() and not out.is_dir():
        raise RequestError(f"--out {out}: a file of that name exists", hint="name a folder")
    files = []
    for file in compose(spec):
        path = None
        if out is not None:
            path = str(write_text_atomic(make_folder(out.expanduser().resolve()) / file.name, file.text))
        files.append(RtlText(name=file.name, writer=file.writer, text=file.text, path=path))
    return RtlSet(module=contract_for(spec).module, spec=spec.model_dump(mode="json"), files=files)
