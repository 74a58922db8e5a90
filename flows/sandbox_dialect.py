"""What a source may say, per language: the one allow list of the sandbox.

A dialect lists the keywords, system functions, compiler directives and file names that are allowed; every other
reserved word of the language is refused, with a rule that says why. Identifiers are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ALLOWED_DIRECTIVES", "ALLOWED_SYSTEM_NAMES", "SYSTEM_VERILOG", "VERILOG_2005", "Dialect", "Refusal"]

Refusal = tuple[str, str, str]
"""Rule, message and hint of a refused word."""

ALLOWED_SYSTEM_NAMES = frozenset({"$signed", "$unsigned", "$clog2"})
"""System functions that synthesis evaluates; no system task is hardware."""

ALLOWED_DIRECTIVES = frozenset({"`default_nettype", "`timescale", "`resetall", "`celldefine", "`endcelldefine"})
"""Compiler directives that read no file and define no text. Macros are refused: they hide what is written."""

_ALLOWED_2005 = frozenset(
    """always and assign automatic begin buf case casex casez default else end endcase endfunction endgenerate endmodule
    endtask for function generate genvar if input integer localparam module nand negedge nor not or output parameter
    posedge reg signed task unsigned wire xnor xor""".split()  # noqa: SIM905 - a list would fill a page
)

_SPECIAL: Mapping[str, Refusal] = {
    "initial": ("not-hardware", "initial blocks are no hardware here", "initialise registers in the reset branch"),
    "force": ("not-hardware", "force is for test benches", "assign the signal"),
    "release": ("not-hardware", "release is for test benches", "assign the signal"),
    "deassign": ("not-hardware", "procedural deassign is not synthesisable", "use a clocked always block"),
    "disable": ("not-hardware", "disable ends other blocks from afar", "use if ... else"),
    "wait": ("not-hardware", "wait is not synthesisable and may hang a simulation", "use a clocked always block"),
    "forever": ("endless-loop", "forever never ends", "use a clocked always block"),
    "while": ("endless-loop", "a while loop may never end", "use a for loop with constant bounds"),
    "repeat": ("endless-loop", "repeat loops are refused", "use a for loop with constant bounds"),
    "do": ("endless-loop", "a do loop may never end", "use a for loop with constant bounds"),
    "fork": ("not-hardware", "fork is not synthesisable", "use begin ... end"),
    "event": ("not-hardware", "named events are not synthesisable", "use a clocked always block"),
    "defparam": ("defparam", "defparam changes other modules from afar", "set parameters at the instantiation"),
    "primitive": ("not-hardware", "user-defined primitives are refused", "describe the function with assign"),
    "table": ("not-hardware", "user-defined primitives are refused", "describe the function with assign"),
    "specify": ("not-hardware", "specify blocks give delays, not hardware", "remove the block"),
    "specparam": ("not-hardware", "specify blocks give delays, not hardware", "remove the parameter"),
    "macromodule": ("not-hardware", "macromodule may be treated unlike a module", "write module"),
    "config": ("outside-design", "a config block picks modules from outside the design", "remove the block"),
    "library": ("outside-design", "a library statement reads files outside the design", "remove it"),
    "include": ("outside-design", "an include statement reads other files", "put the modules into the files"),
    "incdir": ("outside-design", "a library statement reads files outside the design", "remove it"),
    "import": ("outside-design", "import reaches out of the design", "use Verilog-2005 only"),
    "export": ("outside-design", "export reaches out of the design", "use Verilog-2005 only"),
    "bind": ("outside-design", "bind changes other modules", "instantiate the module where it is needed"),
    "program": ("not-hardware", "program blocks are for test benches", "use a module"),
    "final": ("not-hardware", "final blocks are for test benches", "remove the block"),
    "real": ("not-hardware", "real numbers are no hardware", "use a fixed-point vector"),
    "realtime": ("not-hardware", "real numbers are no hardware", "use a fixed-point vector"),
    "time": ("not-hardware", "time variables are no hardware", "use a counter"),
    "inout": ("tri-state", "inout ports are refused", "use one input and one output"),
}

_TRI_STATE = frozenset(
    """bufif0 bufif1 cmos highz0 highz1 large medium nmos notif0 notif1 pmos pull0 pull1 pulldown pullup rcmos rnmos
    rpmos rtran rtranif0 rtranif1 scalared small strong0 strong1 supply0 supply1 tran tranif0 tranif1 tri tri0 tri1
    triand trior trireg uwire vectored wand weak0 weak1 wor""".split()  # noqa: SIM905
)

_OTHERS_2005 = frozenset(
    """cell design edge endconfig endprimitive endspecify endtable ifnone instance join liblist noshowcancelled
    pulsestyle_ondetect pulsestyle_onevent showcancelled use""".split()  # noqa: SIM905
)

_ALLOWED_SYSTEM_VERILOG = _ALLOWED_2005 | frozenset(
    """always_comb always_ff always_latch bit break byte const continue enum initial inside int logic longint packed
    priority return shortint static struct typedef union unique unique0 var void""".split()  # noqa: SIM905
)

_OTHERS_SYSTEM_VERILOG = frozenset(
    """accept_on alias assert assume before bins binsof chandle checker class clocking constraint context cover
    covergroup coverpoint cross dist endchecker endclass endclocking endgroup endinterface endpackage endprogram
    endproperty endsequence eventually expect extends extern final first_match foreach forkjoin global iff
    ignore_bins illegal_bins implements implies interconnect interface intersect join_any join_none let local
    matches modport nettype new nexttime null package property protected pure rand randc randcase randsequence ref
    reject_on restrict s_always s_eventually s_nexttime s_until s_until_with sequence shortreal soft solve string
    strong super sync_accept_on sync_reject_on tagged this throughout timeprecision timeunit type until until_with
    untyped virtual wait_order weak wildcard with within""".split()  # noqa: SIM905
)


def _refusals(allowed: frozenset[str], reserved: frozenset[str]) -> dict[str, Refusal]:
    """A refusal for every reserved word that is not allowed."""
    found: dict[str, Refusal] = {}
    for word in sorted(reserved - allowed):
        if word in _SPECIAL:
            found[word] = _SPECIAL[word]
        elif word in _TRI_STATE:
            found[word] = (
                "tri-state", f"{word} belongs to switches, strengths and shared wires",
                "drive each wire once, by assign",
            )  # fmt: skip
        else:
            found[word] = ("not-hardware", f"the keyword {word} is not in the synthesisable subset", "remove it")
    return found


@dataclass(frozen=True)
class Dialect:
    """What a source may say.

    Attributes:
        name: In words, for messages.
        suffixes: File name endings.
        system_names: System functions that are allowed.
        refused_words: Refusal by reserved word.
        structures: Whether the language has structures and casts: `a.b`, `'0`, `W'(x)`.
    """

    name: str
    suffixes: tuple[str, ...]
    system_names: frozenset[str]
    refused_words: Mapping[str, Refusal] = field(repr=False)
    structures: bool = False


VERILOG_2005 = Dialect(
    "Verilog", (".v", ".vh"), ALLOWED_SYSTEM_NAMES,
    _refusals(_ALLOWED_2005, frozenset(_SPECIAL) - {"do"} | _TRI_STATE | _OTHERS_2005),
)  # fmt: skip
"""What designs are written in. Words that SystemVerilog alone reserves are free, but for those that tools obey."""

SYSTEM_VERILOG = Dialect(
    "SystemVerilog",
    (".v", ".sv"),
    ALLOWED_SYSTEM_NAMES | {"$bits", "$countones", "$onehot", "$onehot0", "$left", "$right", "$low", "$high", "$size"},
    _refusals(
        _ALLOWED_SYSTEM_VERILOG, frozenset(_SPECIAL) | _TRI_STATE | _OTHERS_2005 | _OTHERS_SYSTEM_VERILOG
    ),
    structures=True,
)  # fmt: skip
"""What candidates of suites of other people may be written in: simulated alone, never synthesised by tpugen.

Power-up values (`initial`) are allowed, as those suites ask for them; delays, waits, files and loops without bounds are
not.
"""
