"""Rows as Parquet and as JSON lines: the columns, and how a shard is written and read."""

from __future__ import annotations

import gzip
import io
import json
import types
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tpugen.dataset.rows import DatasetRecord
from tpugen.errors import StorageError
from tpugen.storage import storage_errors

if TYPE_CHECKING:
    import pyarrow

__all__ = ["arrow_schema", "arrow_table", "jsonl_bytes", "parquet_bytes", "read_parquet"]


@cache
def arrow_schema() -> pyarrow.Schema:
    """The columns of the tables, in the order of `DatasetRecord`."""
    import pyarrow as pa

    return pa.schema([pa.field(name, _arrow_type(info.annotation)) for name, info in _fields(DatasetRecord)])


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    yield from model.model_fields.items()


def _arrow_type(annotation: Any) -> pyarrow.DataType:
    import pyarrow as pa

    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _arrow_type(next(part for part in arguments if part is not type(None)))
    if origin is tuple:
        return pa.list_(_arrow_type(arguments[0]))
    if origin is Literal:
        return pa.string()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct([pa.field(name, _arrow_type(info.annotation)) for name, info in _fields(annotation)])
    return {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}[annotation]


def arrow_table(rows: Sequence[DatasetRecord]) -> pyarrow.Table:
    """The rows as a table in memory."""
    import pyarrow as pa

    return pa.Table.from_pylist([row.model_dump(mode="json") for row in rows], schema=arrow_schema())


def parquet_bytes(table: pyarrow.Table) -> bytes:
    """A Parquet file of a table: the same bytes for the same rows and version of pyarrow."""
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd", row_group_size=1000)
    return buffer.getvalue()


def jsonl_bytes(table: pyarrow.Table) -> bytes:
    """A table as JSON lines, compressed: the same bytes for the same rows."""
    text = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in table.to_pylist())
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Rows of a shard as plain data.

    Args:
        path: The file.
        columns: Only these; default: all.

    Raises:
        StorageError: not there, or no Parquet file of such columns.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with storage_errors("read", path):
            rows: list[dict[str, Any]] = parquet.read_table(
                path, columns=list(columns) if columns else None
            ).to_pylist()
    except pa.ArrowException as error:
        raise StorageError(f"{path} is no shard of the dataset: {error}", hint="build the dataset again") from None
    return rows
