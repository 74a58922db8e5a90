"""What tools write as JSON is read whole or refused with words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpugen.errors import ToolFailedError
from tpugen.flows.tool_json import read_tool_json


def test_an_object_is_read(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text('{"modules": {"top": {}}}')
    assert read_tool_json(tmp_path / "modules.json", "Yosys") == {"modules": {"top": {}}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"modules": {"to', "Yosys did not write {path} whole: Unterminated string"),
        (b"", "Yosys did not write {path} whole: Expecting value"),
        (b"\xff\xfe", "Yosys did not write {path} whole: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "Yosys did not write {path} whole: "),
        (b"[1]", "Yosys wrote list to {path}; expected an object"),
    ],
)
def test_anything_else_is_refused_by_name(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "modules.json"
    path.write_bytes(data)
    with pytest.raises(ToolFailedError) as caught:
        read_tool_json(path, "Yosys")
    assert str(caught.value).startswith(message.format(path=path))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=r"did not write .*none\.json whole: .*No such file"):
        read_tool_json(tmp_path / "none.json", "Yosys")
