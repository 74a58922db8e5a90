"""Replies for `ScriptedChat`, good and bad, for any spec."""

from __future__ import annotations

import re

from tpugen.spec import DesignSpec, contract_for
from tpugen.writers.composer import compose


def fenced(code: str, tag: str = "verilog") -> str:
    return f"```{tag}\n{code.strip()}\n```"


def good_reply(spec: DesignSpec) -> str:
    """What a good model would write: the top module over the library, with a little prose around."""
    return f"Here is the module.\n\n{fenced(compose(spec)[-1].text)}\n\nIt instantiates the library."


def no_code_reply() -> str:
    return "I would recommend a systolic array. It has many processing elements. Shall I go on?"


def _header(spec: DesignSpec) -> str:
    contract = contract_for(spec)
    ports = ",\n".join(f"  {port.declaration()}" for port in contract.ports)
    return f"module {contract.module} (\n{ports}\n);"


def wrong_ports_reply(spec: DesignSpec) -> str:
    """One port renamed in header and body."""
    port = contract_for(spec).ports[-1].name
    return fenced(re.sub(rf"\b{port}\b(?! *\()", "wrong_name", compose(spec)[-1].text))


def fopen_reply(spec: DesignSpec) -> str:
    body = '  integer handle;\n  initial handle = $fopen("/etc/passwd", "r");'
    return fenced(f"{_header(spec)}\n{body}\nendmodule")


def endless_loop_reply(spec: DesignSpec) -> str:
    return fenced(f"{_header(spec)}\n  reg spin;\n  always begin\n    spin = ~spin;\n  end\nendmodule")


def combinational_loop_reply(spec: DesignSpec) -> str:
    """Every output feeds itself."""
    lines = [f"  assign {port.name} = ~{port.name};" for port in contract_for(spec).ports if port.direction == "output"]
    return fenced("\n".join([_header(spec), *lines, "endmodule"]))


def truncated_reply(spec: DesignSpec) -> str:
    text = compose(spec)[-1].text
    return "```verilog\n" + text[: text.index("endmodule") - 20]
