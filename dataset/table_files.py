"""Tables that come with the dataset as JSON files: read and checked in one way."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from tpugen.errors import StorageError
from tpugen.storage import read_json

__all__ = ["read_table"]

Table = TypeVar("Table", bound=BaseModel)


def read_table(path: Path, kind: type[Table], what: str) -> Table:
    """A table from its file.

    Args:
        path: The file.
        kind: What it must hold; a `schema_version` of it must be its default.
        what: Its name in error messages, e.g. `table of unit costs`.

    Raises:
        StorageError: not there, not readable, not such a table, or of another version.
    """
    data = read_json(path)
    try:
        table = kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StorageError(
            f"{path} is no {what}: {place or 'file'}: {first['msg']}", hint="name another file"
        ) from None
    field = kind.model_fields.get("schema_version")
    version = getattr(table, "schema_version", None)
    if field is not None and version != field.default:
        raise StorageError(f"{path} has version {version}; this tpugen reads {field.default}")
    return table
