"""Rules for quantities: numeric formats, widths, sizes, clocks, matrix products."""

# ruff: noqa: E501 - a pattern is read best on one line

from __future__ import annotations

from dataclasses import dataclass

from tpugen.spec.language.chart import Action, Found, Node, Statement, rules

__all__ = ["CLOCK_RULES", "FORMAT_RULES", "QUANTITY_RULES", "Width"]


@dataclass(frozen=True, slots=True)
class Width:
    """A width in bits as written: `int8`, `unsigned 4-bit`, `16 bits`.

    Attributes:
        bits: The width.
        signed: Stated signedness, if any.
        integer: Written as `int8`, which most people mean as signed.
    """

    bits: int | float
    signed: bool | None = None
    integer: bool = False


_SIGNS = (
    ("non signed", False), ("unsigned", False), ("uint", False), ("complement", True), ("signed", True),
)  # fmt: skip


def sign_of(text: str) -> bool | None:
    """Signedness that a canonical text states."""
    words = text.replace("_", " ").replace("|", " ").replace(" - ", " ")
    for part, signed in _SIGNS:
        if part in words:
            return signed
    return None


def _bits(found: Found) -> Node:
    return found.node("WIDTH", Width(found.value("n"), sign_of(found.text("s")) if found.text("s") else _late(found)))


def _late(found: Found) -> bool | None:
    return sign_of(found.text("late"))


def _typed(found: Found) -> Node:
    kind = found.text("ty")
    signed = False if kind in ("uint", "u", "ui") else True if kind in ("s", "si") else None
    stated = sign_of(found.text("s")) if found.text("s") else _late(found)
    if signed is not None and stated is not None and stated != signed:
        # Both are kept apart, so that the contradiction can be quoted.
        return found.node("SIGNCLASH", (stated, signed, found.value("n"), bool(found.text("s"))))
    signed = stated if signed is None else signed
    return found.node("WIDTH", Width(found.value("n"), signed, integer=signed is None))


_PAIR_VERBS = frozenset(("add", "adds", "adding", "multiply", "multiplies", "multiplying", "for", "between"))


def _named(bits: int) -> Action:
    def action(found: Found) -> Node:
        if found.value("n") == 2 and found.word_before() in _PAIR_VERBS and found.written().endswith("s"):
            return found.node("WIDTH", Width(bits))  # "an adder for two bytes": two operands
        signed = sign_of(found.text("s")) if found.text("s") else None
        return found.node("WIDTH", Width(bits * (found.value("n") if found.text("n") else 1), signed))

    return action


def _width_pair(found: Found) -> Node:
    signed = sign_of(found.text("s")) if found.text("s") else _late(found)
    return found.node("WIDTHPAIR", (Width(found.value("n"), signed), Width(found.value("m"), signed)))


def _alternative(found: Found) -> Node:
    return found.node("WIDTHCHOICE", (found.value("n"), found.value("m")))


def _pair(found: Found) -> Node:
    return found.node("PAIR", (found.value("n"), found.value("m")))


def _gemm(found: Found) -> list[Statement]:
    return [found.say("gemm", (found.value("m"), found.value("k"), found.value("n")))]


def _gemm_named(found: Found) -> list[Statement] | None:
    sizes = {found.text(f"l{index}"): found.value(f"n{index}") for index in (1, 2, 3)}
    if set(sizes) != {"m", "k", "n"}:
        return None
    return [found.say("gemm", (sizes["m"], sizes["k"], sizes["n"]))]


_MHZ = {"ghz": 1000.0, "mhz": 1.0, "khz": 1e-3, "hz": 1e-6}
_NS = {"ns": 1.0, "ps": 1e-3, "us": 1e3}


def _frequency(found: Found) -> list[Statement]:
    return [found.say("clock_mhz", _rounded(found.value("n") * _MHZ[found.text("u")]))]


def _period(found: Found) -> list[Statement]:
    period_ns = found.value("n") * _NS[found.text("u")]
    return [found.say("clock_mhz", _rounded(1000.0 / period_ns) if period_ns > 0 else float(period_ns))]


_FRACTIONS = {"half": 0.5, "quarter": 0.25, "third": 1 / 3}


def _fraction(found: Found) -> list[Statement]:
    """`half a gigahertz`."""
    return [found.say("clock_mhz", _rounded(_FRACTIONS[found.text("part")] * _MHZ[found.text("u")]))]


def _one(found: Found) -> list[Statement] | None:
    """`a gigahertz`; a unit without a number or an article says nothing."""
    return [found.say("clock_mhz", _MHZ[found.text("u")])] if found.word_before() in ("a", "one") else None


def _bare_clock(found: Found) -> list[Statement]:
    return [found.say("clock_mhz", _rounded(found.value("n")), "a clock without a unit is read in MHz")]


def _rounded(value: float) -> float:
    return round(float(value), 6)


def _unsupported(found: Found) -> list[Statement]:
    return [found.say("unsupported", found.written())]


def _said_width(field: str, group: str = "n") -> Action:
    def action(found: Found) -> list[Statement]:
        return [found.say(field, found.value(group))]

    return action


_SHORT_FIELDS = {
    "": "weight_width_bits", "weight": "weight_width_bits", "activation": "activation_width_bits",
    "accumulator": "accumulator_width_bits", "input": "input_width", "data": "operand_width",
}  # fmt: skip


def _short_width(found: Found) -> list[Statement]:
    """`w=4` is the weights' width, `acc_w=24` the accumulator's."""
    return [found.say(_SHORT_FIELDS[found.text("of")], found.value("n"))]


def _input_count(found: Found) -> list[Statement]:
    """Adders, multipliers and MACs have two inputs."""
    return [found.say("filler" if found.value("n") == 2 else "unsupported", found.written())]


def _contract(found: Found) -> list[Statement]:
    return [found.say("contract", found.written())]


def _verilog(found: Found) -> list[Statement]:
    return [found.say("filler" if found.value("n") in (2001, 2005) else "unsupported", found.written())]


def _weight_activation(found: Found) -> list[Statement]:
    return [
        found.say("weight_width_bits", found.value("w")),
        found.say("activation_width_bits", found.value("a")),
    ]


_CLOCK_WORDS = r"(?:clock signal|clock|cycle time|fclk|fmax|fclock|(?:tclk|fclk|fmax|tck|f|t|fclock) (?:=|:)|frequency|speed|rate|period|target|operating)"
_FLOAT_NAMES = r"(?:bf|fp|float|tf|bfloat|posit|binary float|hf)"
_MARK = r"(?: (?:=|:|\(|/))?"

_FORMATS = rules(
    (
        r"(?:batch|tile|buffer|fifo|cache|image|vector|sequence|head|block|page|burst|queue|scratchpad|memory|sram|vocabulary|context)"
        r" (?:size|depth|length|width|dimension|count)s? (?:{EQ} )?{N}(?: (?:{X} {N}|kb|mb|kib|mib|byte|bytes|bit|entries|words)){0,2}",
        _unsupported,
    ),
    (rf"{_FLOAT_NAMES} \d+(?: (?:e|m)_\d+_(?:m|e)_\d+)?", lambda found: found.node("FLOAT")),
    (r"floating (?:point)?", lambda found: found.node("FLOAT")),
    (r"floating point(?: (?:arithmetic|number|numbers|format|precision))?", lambda found: found.node("FLOAT")),
    (r"(?:half|single|double) precision(?: floating point| float)?", lambda found: found.node("FLOAT")),
    (r"float|bfloat|bf|fp|posit|mxfp|nvfp|floatingpoint|minifloat|ieee 754", lambda found: found.node("FLOAT")),
    (r"(?:mxfp|nvfp)_\d+", lambda found: found.node("FLOAT")),
    (r"e_\d_m_\d", lambda found: found.node("FLOAT")),
    # W4A8 and its spellings
    (r"w_(?P<w>{N})(?: /| ,)?(?: |_)a_(?P<a>{N})", _weight_activation),
    (r"a_(?P<a>{N})(?: /| ,)?(?: |_)w_(?P<w>{N})", _weight_activation),
    (r"(?:(?P<of>activation|weight|accumulator|input|data) )?w (?:=|:) (?P<n>{N})(?: bit)?", _short_width),
    (r"w_(?P<n>{N})", _said_width("weight_width_bits")),
    (r"a_(?P<n>{N})", _said_width("activation_width_bits")),
    (r"a (?:=|:) (?P<n>{N})(?: bit)?", _said_width("activation_width_bits")),
    (r"(?P<n>{N}) (?:input|operand|way)(?! (?:bit|width|data|activation|weight|stationary|feature))", _input_count),
    (r"(?:1|a) (?:new )?(?:(?:operand|input) )?pair(?: (?:of (?:operand|input)|arrives|enters))? (?:per|every|each|in) (?:clock )?cycle", _contract),
    (r"verilog (?P<n>{N})", _verilog),
    (r"2(?: |_)d|2 dimensional|register transfer level(?: (?:description|code))?", lambda found: [found.say("filler", found.written())]),
    (r"{N} {X} {N} {X} {N}(?: bit)?(?= mac(?! (?:unit )?array))", _unsupported),
    (r"(?:accw|accumulator w|psumw) (?:=|:) (?P<n>{N})", _said_width("accumulator_width_bits")),
    (r"(?:dw|aw) (?:=|:) (?P<n>{N})", _said_width("activation_width_bits")),
    (r"ww (?:=|:) (?P<n>{N})", _said_width("weight_width_bits")),
    # the research dialect: "the following 32 dataflow as input"
    (r"(?P<n>{N}) (?:bit )?dataflow as inputs?", _said_width("activation_width_bits")),
    (r"dataflow (?:as input )?(?:of|with) (?P<n>{N})(?: bit)?(?: as input)?", _said_width("activation_width_bits")),
)  # fmt: skip

CLOCK_RULES = rules(
    (rf"(?:{_CLOCK_WORDS} ){{0,3}}(?:(?:{{EQ}}|at|@) )?(?P<n>{{N}}) (?P<u>mhz|ghz|khz|hz)(?: {_CLOCK_WORDS}){{0,2}}", _frequency),
    (rf"(?P<part>half|quarter|third)(?: of)? (?P<u>mhz|ghz)(?: {_CLOCK_WORDS}){{0,2}}", _fraction),
    (r"(?P<u>mhz|ghz)", _one),
    (rf"(?:{_CLOCK_WORDS} ){{0,3}}(?:(?:{{EQ}}|at|@) )?(?P<n>{{N}}) (?P<u>ns|ps|us)(?: {_CLOCK_WORDS}){{0,2}}", _period),
    (r"(?:clock|frequency) (?:frequency |speed |rate |target )?(?P<u>mhz|ghz) (?:{EQ} )?(?P<n>{N})", _frequency),
    (r"(?:clock )?period (?P<u>ns|ps|us) (?:{EQ} )?(?P<n>{N})", _period),
    (r"(?:latency|delay|within|setup|hold time|slack|jitter|skew|uncertainty)(?: (?:{EQ}|under|below|within)){0,2} {N} (?:ns|ps|us)", _unsupported),
    (r"{N} (?:ns|ps|us) (?:latency|delay|setup|hold|slack|jitter|skew|uncertainty)", _unsupported),
    (r"(?:clock|frequency)(?: (?:frequency|speed|rate|target)){0,2} (?:(?:{EQ}|at|@) )?(?P<n>{N})(?! (?:x|by|bit|ns|ps|us|ghz|khz|hz|cycle|clock))", _bare_clock),
    (r"clock (?:it|them|everything) at (?P<n>{N})(?! (?:mhz|ghz|khz|hz))", _bare_clock),
    (r"clock (?:it|them|everything) at (?P<n>{N}) (?P<u>mhz|ghz|khz|hz)", _frequency),
    (r"(?:at|@) (?P<n>{N})_m(?! )", _bare_clock),
)  # fmt: skip

_USES = rules(
    # what it is used for: "3x3 convolutions" is no size of an array
    (r"(?:for )?{N} {X} {N} (?:convolutions?|convs?|kernels?|stencils?|pooling)(?: (?:layers?|kernels?|windows?))?(?! (?:{ENGINE}))", lambda found: [found.say("filler", found.written())]),
    # matrix products
    (r"(?P<m>{N}) {X} (?P<k>{N}) {X} (?P<n>{N})(?: (?:gemm|matmul|matrix multiply|problem|workload|tile))?", _gemm),
    (
        r"(?:gemm |matmul |with )?(?P<l1>[mnk]) (?:=|:) (?P<n1>{N})(?: ,| and){0,2} (?P<l2>[mnk]) (?:=|:) (?P<n2>{N})"
        r"(?: ,| and){0,2} (?P<l3>[mnk]) (?:=|:) (?P<n3>{N})",
        _gemm_named,
    ),
    (
        r"(?P<m>{N}) {X} (?P<k>{N}) (?:matrix )?(?:times|by|x|and|with|\*)(?: a)? (?P<k2>{N}) {X} (?P<n>{N})(?: matrix)?",
        lambda found: _gemm(found) if found.value("k") == found.value("k2") else None,
    ),
)  # fmt: skip

FORMAT_RULES = [*_FORMATS, *CLOCK_RULES, *_USES]


_LATE = r"(?P<late>(?: (?:{SIGN}|integer|int|precision|wide|long|value|quantized|quantised)){0,3})"
_EARLY = r"(?:(?P<s>{SIGN}) )?(?:integer )?"

QUANTITY_RULES = rules(
    (rf"{_EARLY}(?P<n>{{N}}) bit{_LATE}", _bits),
    (rf"{_EARLY}(?P<n>{{N}}) (?:{{SIGN}}) bit{_LATE}", _bits),
    (rf"{_EARLY}(?P<ty>int|uint|integer) (?P<n>{{N}})(?: bit| t(?! (?:=|:|is|{{N}})))?{_LATE}", _typed),
    (rf"{_EARLY}(?P<ty>i|u|s|si|ui|q)_(?P<n>{{N}})(?: bit)?{_LATE}", lambda found: None if found.text("ty") == "q" else _typed(found)),
    (r"(?:(?P<s>{SIGN}) )?(?:(?P<n>{N}) )?byte", _named(8)),
    (r"(?:(?P<s>{SIGN}) )?(?:(?P<n>{N}) )?nibble", _named(4)),
    (r"(?P<s>{SIGN}) short(?: integer| int)?|short (?:integer|int)|half word|halfword", _named(16)),
    (rf"{_EARLY}(?P<n>{{N}})(?: bit)? {{X}} (?P<m>{{N}}) bit{_LATE}", _width_pair),
    (rf"{_EARLY}(?P<n>{{N}}) bit {{X}} (?P<m>{{N}}){_LATE}", _width_pair),
    (r"(?P<n>{N}) (?:or|to|-|and or) (?P<m>{N}) bit", _alternative),
    (r"(?P<n>{N})_k", lambda found: found.node("KILO", found.value("n") * 1024)),
    (r"(?P<n>{N}) {X} (?P<m>{N})", _pair),
)  # fmt: skip
