"""Rules that bind quantities to roles: widths to operands, counts to rows and columns."""

# ruff: noqa: E501 - a pattern is read best on one line

from __future__ import annotations

import re
from typing import Any

from tpugen.spec.language.chart import Found, Statement, rules
from tpugen.spec.language.rules_units import Width

__all__ = ["BINDING_RULES", "FALLBACK_RULES"]

_FIELDS = {
    "ACT": "activation_width_bits", "WGT": "weight_width_bits", "ACC": "accumulator_width_bits",
    "ADDER": "adder_width", "OPND": "operand_width", "INPUT": "input_width", "OUT": "output_width",
    "OPA": "activation_width_bits", "OPB": "weight_width_bits",
}  # fmt: skip


def _say_width(found: Found, role: str, width: Any) -> list[Statement]:
    """Statements of one width for one role, its signedness included."""
    field = _FIELDS[role]
    if not isinstance(width, Width):
        return [found.say(field, width)]
    statements = [found.say(field, width.bits)]
    if width.signed is not None:
        statements.append(found.say("signed", width.signed))
    elif width.integer and role not in ("ACC", "OUT", "ADDER"):
        statements.append(found.say("signed_by_type", True))
    return statements


def _roles(found: Found) -> list[str]:
    return [found.text(group) for group in ("r1", "r2", "r3") if found.text(group)]


def _bind(found: Found) -> list[Statement] | None:
    width = found.value("w")
    roles = _roles(found)
    if {"OPA", "OPB"} & {*roles} and "OPND" in roles:
        return None  # "operands, the first of 12 bits": the width is the first one's alone
    if len(roles) == 2 and "ACC" in roles and "OUT" not in roles:
        return None  # "24-bit accumulator, operands ...": an accumulator is wider than what it accumulates
    if roles[0] != "OUT" and "OUT" in roles and any(node.symbol == "," for node in found.nodes):
        return None  # "8-bit weights, result out when ...": a result is not listed among what goes in
    statements = [statement for role in _roles(found) for statement in _say_width(found, role, width)]
    return statements + _early_sign(found)


def _adder_width(found: Found) -> list[Statement] | None:
    """`32-bit adders`: an adder's own width, in a MAC the accumulator's."""
    last = found.nodes[-1]
    if last.symbol == "FAMILY" and (last.value[0] != "adder" or found.denies()):
        return None
    return _say_width(found, "ADDER", found.value("w")) + _early_sign(found)


def _early_sign(found: Found) -> list[Statement]:
    signs = {node.value for node in found.nodes if node.symbol == "SIGN"}
    return [found.say("signed", sign) for sign in sorted(signs)]


def _bind_two(found: Found) -> list[Statement]:
    first, second = _roles(found)[:2]
    return _say_width(found, first, found.value("w")) + _say_width(found, second, found.value("v")) + _early_sign(found)


def _bind_bare(found: Found) -> list[Statement]:
    return _say_width(found, "OPND", found.value("w")) + _early_sign(found)


def _pair_widths(found: Found) -> list[Statement]:
    first, second = found.value("w")
    if not isinstance(first, Width):
        return [found.say("operand_pair", (first, second)), *_early_sign(found)]
    statements = [found.say("activation_width_bits", first.bits), found.say("weight_width_bits", second.bits)]
    for width in (first, second):
        if width.signed is not None:
            statements.append(found.say("signed", width.signed))
    return statements


def _two_widths(found: Found) -> list[Statement]:
    return _say_width(found, "ACT", found.value("w")) + _say_width(found, "WGT", found.value("v"))


def _product_widths(found: Found) -> list[Statement]:
    """`int8 x int8 -> int32`, `int8/int32`."""
    narrow, wide = found.value("w"), found.value("acc")
    second = found.value("v") or narrow
    if not (isinstance(narrow, Width) and isinstance(wide, Width)) or wide.bits < narrow.bits + second.bits:
        return []
    return _say_width(found, "ACT", narrow) + _say_width(found, "WGT", second) + _say_width(found, "ACC", wide)


def _pair_product(found: Found) -> list[Statement]:
    """`16x16 -> 40`: two operand widths and the accumulator's."""
    return [*_pair_widths(found), *_say_width(found, "ACC", found.value("acc"))]


def _width_choice(found: Found) -> list[Statement]:
    return [found.say("operand_width", bits) for bits in found.value("w")]


def _sign_clash(found: Found) -> list[Statement]:
    (node,) = [node for node in found.nodes if node.symbol == "SIGNCLASH"]
    stated, typed, bits, early = node.value
    stated_at = node.first if early else node.last
    return [
        Statement("operand_width", bits, node.first, node.last),
        Statement("signed", stated, stated_at, stated_at),
        Statement("signed", typed, *((node.first + 1, node.last) if early else (node.first, node.last - 1))),
    ]


def _rows_cols(found: Found) -> list[Statement]:
    return [found.say("rows", found.value("r")), found.say("cols", found.value("c"))]


def _index(found: Found) -> bool:
    """Whether the match is the name of one row or column, `right of column 5`, and no count."""
    return found.word_before() in ("of", "in", "at", "from", "to", "above", "below") and bool(
        re.match(r"(?:row|column)\s+\d+$", found.written().lower())
    )


def _rows(found: Found) -> list[Statement] | None:
    if _index(found):
        return None
    return [found.say("rows", found.value("n"))]


def _cols(found: Found) -> list[Statement] | None:
    if _index(found):
        return None
    return [found.say("cols", found.value("n"))]


def _square(found: Found) -> list[Statement]:
    side = found.value("n")
    return [found.say("rows", side), found.say("cols", side), found.say("square", side)]


def _size(found: Found) -> list[Statement]:
    return [found.say("size_pair", found.value("p"))]


def _matrix(found: Found) -> list[Statement]:
    return [found.say("matrix_pair", found.value("p"))]


def _count(found: Found) -> list[Statement]:
    node = found.value("n")
    note = "k is read as 1,024" if any(part.symbol == "KILO" for part in found.nodes) else None
    return [found.say("pe_count", node, note)]


def _flag(found: Found, *, value: bool) -> list[Statement]:
    """`signed=1`; the number is accounted for by a statement of its own."""
    return [found.say("signed", found.nodes[0].value is value), found.say("filler", found.written())]


def _sign(found: Found) -> list[Statement]:
    return [found.say("signed", found.value("s"))]


_ADJ = r"(?: (?:SIGN|exact|accurate|precise|full|separate|dedicated|integer|int|wide|precision|quantized|quantised|of|resolution|long|input|maximum|internal|output|for)){0,3}"
# "the accumulators of this device are ..."
_OF = r"(?: (?:of|in|for|inside|within) (?:device|design|array|unit|block|circuit|module|accelerator|system|element|pe|processing element|MAC|ARRAY|BAREARRAY|UNITARRAY))?"
_FILL = r"(?: (?:{FILL}|SIGN)){0,5}"
_FIRM = r"(?:=|:|is|are|of|>|at|to|in|as|use|uses|with|have|has|be|equals|,)"
_NOT_UNIT = r"(?! (?:{X}|row|col|PAIR|MAC|pe|processing|bit|cycle|times|or|MULT|ADDER|ARRAY|UNITARRAY|BAREARRAY|and {N} (?:row|col)))"
# "weights with 24-bit accumulators": the width belongs to the role behind it, unless that one has its own.
_OWN = rf"(?!{_ADJ} (?:{{ROLE}})(?!{{KEY}}{_FILL} WIDTH))"
_VERB = r"(?: (?:exact|accurate|=|:|>|is|are|of|in|at|as|be|use|uses|using|stored|kept|held|represented|quantized|with|set|to|into|on|should|must)){1,5}"
# "8-bit weights and activations of 16 bits": the second role has a width of its own.
_ALONE = rf"(?!{_VERB} (?:WIDTH|{{N}})(?!{_ADJ} (?:{{ROLE}})))(?! WIDTH(?!{_ADJ} (?:{{ROLE}})))"
# "u6 acc 20": the role's own number stands behind it.
_BARE = rf"(?!(?: (?:=|:))? {{N}}{_NOT_UNIT}(?: (?:,|;|and)|$))"
_JOIN = r"(?:and|&|/|,|plus|as well as|\+)"
# "a 4-bit weight and accumulates ...": an accumulator never shares a width with what it accumulates.
_SECOND = r"(?P<r2>ACT|WGT|OPND|INPUT|OUT|OPA|OPB)"

_NAME = r"(?:(?:m|n|r|c|h|w|x|y) (?:=|:) )?"
_CELL = r"(?:MAC|pe|processing element|processing unit|cell|element|mac|lane)(?: unit)?"
_UNIT = r"(?:MAC|pe|processing element|processing unit|cell|element|MULT|multiply accumulator|mac)"

BINDING_RULES = rules(
    # widths before roles: "8-bit signed weights and activations"
    (rf"(?:SIGN )?(?P<w>WIDTH){_ADJ} (?P<r1>{{ROLE}}){{KEY}}(?!_){_BARE}", _bind),
    (rf"(?:SIGN )?(?P<w>WIDTH){_ADJ} (?P<r1>{{ROLE}}) {_JOIN} {_SECOND}(?!_){_ALONE}", _bind),
    (rf"(?:SIGN )?(?P<w>WIDTH){_ADJ} (?P<r1>OUT) {_JOIN} (?P<r2>ACC)(?!_){_ALONE}", _bind),
    # widths of two operands: "a 6-bit and a 10-bit operand"
    (rf"(?:SIGN )?(?P<w>WIDTH){_ADJ} (?:and|by|x|times) (?:SIGN )?(?P<v>WIDTH){_ADJ} (?:OPND|INPUT|numbers?|integer|values?)", _two_widths),
    (rf"(?:SIGN )?(?P<w>WIDTH){_ADJ} (?:OPND|number|integer|value) times (?:SIGN )?(?P<v>WIDTH){_ADJ} (?:OPND|number|integer|value)", _two_widths),
    (rf"(?:SIGN )?(?P<w>WIDTH){_ADJ} coefficient", lambda found: _say_width(found, "WGT", found.value("w")) + _early_sign(found)),
    (rf"(?:SIGN )?(?P<w>WIDTH){_ADJ} total", lambda found: _say_width(found, "ACC", found.value("w"))),
    (r"into (?P<w>WIDTH)", lambda found: _say_width(found, "OUT", found.value("w"))),
    # registers hold what is accumulated
    (r"(?:SIGN )?(?P<w>WIDTH)(?: wide)? register", lambda found: [found.say("accumulator_width_bits", found.value("w").bits, "registers hold the accumulators")]),
    (r"(?:SIGN )?(?P<w>WIDTH)(?: (?:SIGN|exact|wide)){0,2} (?:ADDER|FAMILY)", _adder_width),
    (rf"(?:2|pair of) (?:SIGN )?(?P<w>WIDTH){_ADJ} (?P<r1>OPND|INPUT){{KEY}}", _bind),
    (rf"(?:SIGN )?(?P<w>WIDTH) (?:for|per|on|in) (?P<r1>{{ROLE}})(?: {_JOIN} (?P<r2>{{ROLE}}))?", _bind),
    (r"(?P<w>WIDTH|{N}) for (?P<r1>{ROLE})(?: (?:and|&) (?P<r2>{ROLE}))?", _bind),
    # roles before widths: "weights are stored in 4 bits", "activation_width_bits: 8"
    (rf"(?P<r1>{{ROLE}}){{KEY}}{_OF}{_FILL} (?P<w>WIDTH){_OWN}(?: (?:register|wide|integer|precision|value|number))?", _bind),
    (rf"(?P<r1>{{ROLE}}){{KEY}}{_OF}(?: {_FIRM}){{0,3}} (?P<w>{{N}}){_NOT_UNIT}", _bind),
    (rf"(?:bit )?width (?:of|for) (?P<r1>{{ROLE}}) (?:{_FIRM} ){{0,2}}(?P<w>WIDTH|{{N}})", _bind),
    (rf"(?P<r1>{{ROLE}}) {_JOIN} (?P<r2>{{ROLE}}){{KEY}}{_FILL} (?P<w>WIDTH|{{N}}){_NOT_UNIT}{_OWN}(?: (?:each|both|wide))?", _bind),
    (rf"(?P<r1>{{ROLE}}) (?:and|&|/|,) (?P<r2>{{ROLE}}){{KEY}}{_FILL} (?P<w>WIDTH|{{N}}) (?:and|&|/|,) (?P<v>WIDTH|{{N}})(?: respectively)?(?!{_ADJ} (?:{{ROLE}}))", _bind_two),
    (r"(?P<w>WIDTH|{N}) (?:and|/|,) (?P<v>WIDTH) (?P<r1>{ROLE}) (?:and|/|,) (?P<r2>{ROLE})(?: respectively)?", _bind_two),
    (r"(?P<w>WIDTH) (?P<r1>ACT|WGT|INPUT|ACC) (?P<v>WIDTH) (?P<r2>ACT|WGT|INPUT|ACC)", _bind_two),
    # widths of both operands
    (rf"(?:bit |word |operand |numeric |arithmetic ){{0,2}}(?:width|precision|type|format|quantization|resolution|word length|bit)(?: (?:{{EQ}}|in|at)){{0,2}} (?P<w>WIDTH|{{N}}){_NOT_UNIT}{_OWN}", _bind_bare),
    (r"(?:(?:2|pair of) )?(?:SIGN )?(?P<w>WIDTH) (?:integer )?(?:arithmetic|precision|numbers?|values?|words?|integer|quantization|element|type|width|wide|version|quantized|models?)", _bind_bare),
    (r"(?P<w>WIDTHPAIR)(?: (?:product|operand))?", _pair_widths),
    (r"(?P<w>WIDTH) (?:{X}|/|and) (?P<v>WIDTH)(?= (?:MULT|MAC))", _two_widths),
    (r"(?P<w>WIDTH) (?:/|,|x) (?P<v>WIDTH) (?:/|,|>) (?P<acc>WIDTH)(?! (?:{ROLE}|PAIR))", lambda found: _product_widths(found) or None),
    (r"(?P<w>WIDTH) {X} (?P<v>WIDTH)", _two_widths),
    (r"(?P<w>WIDTH)(?: {X} (?P<v>WIDTH))? (?:in |INPUT )?(?:>|- >|/|to|into|=|\+) (?P<acc>WIDTH)(?: (?:out|OUT|ACC))?", lambda found: _product_widths(found) or None),
    (r"(?P<w>WIDTH) (?:in|INPUT)(?: (?:,|and|with|/))? (?P<acc>WIDTH) (?:out|OUT)", lambda found: _product_widths(found) or None),
    (r"(?P<w>PAIR) (?:>|- >|into) (?P<acc>WIDTH|{N})(?: bit)?", _pair_product),
    (r"(?P<w>WIDTHCHOICE)", _width_choice),
    (r"(?:SIGNCLASH)(?: (?:{ROLE}))?", _sign_clash),
    # rows and columns
    (rf"(?P<r>{{N}}) row (?:of|with|with each|x|(?:, )?(?:consisting|consist|consists|made|composed|comprising|containing|having|has|have|holds)(?: up)?(?: of)?) (?P<c>{{N}}) {_CELL}", _rows_cols),
    (rf"(?P<c>{{N}}) col (?:of|with|x) (?P<r>{{N}}) {_CELL}", _rows_cols),
    (rf"(?P<n>{{N}}) {_CELL} in (?:1|single)(?: single)? row", lambda found: [found.say("rows", 1), found.say("cols", found.value("n"))]),
    (rf"(?P<n>{{N}}) {_CELL} in (?:1|single)(?: single)? col", lambda found: [found.say("cols", 1), found.say("rows", found.value("n"))]),
    (r"(?P<r>{N}) row (?:and |, |by |x |times |, and |with |\* )?(?P<c>{N}) col", _rows_cols),
    (r"(?P<c>{N}) col (?:and |, |by |x |times |, and |with |\* )?(?P<r>{N}) row", _rows_cols),
    (r"row (?:{EQ} )?(?P<r>{N}) (?:and |, |by |x |, and )?col (?:{EQ} )?(?P<c>{N})", _rows_cols),
    (r"row (?:x|by|,|and|/) col (?:{EQ} )?(?P<r>{N}) (?:{X}|,|and) (?P<c>{N})", _rows_cols),
    (r"row (?:x|by|,|and|/) col (?:{EQ} )?(?P<p>PAIR)", _size),
    (r"(?P<n>{N}) row (?:and|&|/) col", _square),
    (r"row (?:and|&|/|,) col (?:{EQ} ){0,2}(?P<n>{N})", _square),
    (rf"{_NAME}(?P<r>{{N}}) row (?:(?:and|,|by|x|with|, and) ){{0,2}}{_NAME}(?P<c>{{N}}) col", _rows_cols),
    (rf"{_NAME}(?P<n>{{N}})(?: pe| processing element| MAC)? row", _rows),
    (rf"{_NAME}(?P<n>{{N}})(?: pe| processing element| MAC)? col", _cols),
    (rf"(?P<c>{{N}})(?: {_CELL})? wide (?:and |by |x |, )?(?P<r>{{N}})(?: {_CELL})? (?:tall|high|deep)", _rows_cols),
    (rf"(?P<r>{{N}})(?: {_CELL})? (?:tall|high|deep) (?:and |by |x |, )?(?P<c>{{N}})(?: {_CELL})? wide", _rows_cols),
    (rf"(?P<c>{{N}})(?: {_CELL})? (?:horizontally|across) (?:and |by |x |, )?(?P<r>{{N}})(?: {_CELL})? (?:vertically|down)", _rows_cols),
    (rf"(?P<r>{{N}})(?: {_CELL})? (?:vertically|down) (?:and |by |x |, )?(?P<c>{{N}})(?: {_CELL})? (?:horizontally|across)", _rows_cols),
    (rf"(?P<n>{{N}})(?: {_CELL})? horizontally", _cols),
    (rf"(?P<n>{{N}})(?: {_CELL})? vertically", _rows),
    (rf"(?P<r>{{N}}) {_CELL} (?:{{X}}) (?P<c>{{N}}) {_CELL}", _rows_cols),
    (r"r (?:=|:) (?P<n>{N})", _rows),
    (r"c (?:=|:) (?P<n>{N})", _cols),
    (r"(?:number of )?row (?:{EQ} ){0,2}(?P<n>{N})(?! (?:col|row))", _rows),
    (r"(?:number of )?col (?:{EQ} ){0,2}(?P<n>{N})(?! (?:col|row))", _cols),
    (rf"(?P<n>{{N}}) {_UNIT} (?:per|in|/) row", _cols),
    (rf"(?P<n>{{N}}) {_UNIT} (?:per|in|/) col", _rows),
    (r"(?:BAREARRAY |ARRAY )?height (?:{EQ} ){0,2}(?P<n>{N})", _rows),
    (r"(?:BAREARRAY|ARRAY|UNITARRAY) width (?:{EQ} ){0,2}(?P<n>{N})(?! bit)", _cols),
    (r"n (?:=|is|:|equals|equal to) (?P<n>{N})(?! (?:row|col))", _square),
    (r"n (?:x|by) n(?: (?:BAREARRAY|ARRAY))?(?: (?:,|with|where|for|and)){0,2} n (?:=|is|:|equals|equal to) (?P<n>{N})", _square),
    (r"(?:BAREARRAY |ARRAY |pe |grid |mesh |matrix )?(?:size|dimension|shape|geometry)(?: (?:{EQ}|be)){0,2} (?P<n>{N})(?! (?:bit|{X}|WIDTH|row|col))(?: (?:pe|processing element))?", _square),
    (r"(?:square )?(?:with )?(?P<n>{N}) on (?:side|edge)|side (?:length )?(?:{EQ} )?(?P<m>{N})", lambda found: _square(found) if found.text("n") else None),
    (r"(?:BAREARRAY |ARRAY |pe |grid |mesh )?(?:size|dimension|shape|geometry)(?: (?:{EQ}|be)){0,2} (?P<p>PAIR)", _size),
    (r"(?P<w>PAIR)(?: SIGN| exact| integer){0,2}(?= MULT(?! (?:BAREARRAY|grid|mesh)))", _pair_widths),
    (rf"(?P<p>PAIR)(?: (?:{_CELL}|grid|mesh|square|size|sized|large))?", _size),
    (r"(?P<p>PAIR) MULT (?:BAREARRAY|grid|mesh)", _size),
    # sizes that are something else
    (r"(?P<p>PAIR) (?:matrix multiply|matrix(?! (?:multiplier|unit|engine))|WEAKARRAY|gemm|matmul|tensor|tile|problem)", _matrix),
    (r"(?:matrix|WEAKARRAY|tensor) (?:of |size |of size |dimension |with size |is |are |: ){0,2}(?P<p>PAIR)", _matrix),
    # counts
    (rf"(?P<n>{{N}}|KILO) {_UNIT}(?: unit| operation)?(?: ?(?:per|/|in|every|{{N}})? (?:clock )?(?:cycle|clock|tick))?", _count),
    (r"(?P<n>{N}|KILO) (?:multiply accumulator|multiply accumulation) (?:operation )?(?:per|/|in|every)? (?:clock )?(?:cycle|clock)", _count),
    (r"(?P<n>{N}|KILO) UNITARRAY", _count),
    (rf"{_UNIT} (?:count |number )?(?:=|:) (?P<n>{{N}}|KILO)", _count),
    (r"(?:number|amount|count) of (?:MAC|pe|processing element|MULT) (?:{EQ} )?(?P<n>{N}|KILO)", _count),
    # signedness of key-value lists
    (r"SIGN (?:=|:) (?P<v>true|yes|1)", lambda found: _flag(found, value=True)),
    (r"SIGN (?:=|:) (?P<v>false|no|0)", lambda found: _flag(found, value=False)),
)  # fmt: skip

FALLBACK_RULES = rules(
    (r"(?P<w>WIDTH)", _bind_bare),
    (r"(?P<s>SIGN)(?: (?:integer|numbers?|arithmetic|data|values?|operand|INPUT|OPND|ACT|WGT)){0,2}", _sign),
    (r"(?:kind|type|design) (?:=|:) (?:systolic array|ARRAY|MAC|MULT|ADDER)", lambda found: []),
)  # fmt: skip
