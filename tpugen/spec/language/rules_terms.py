"""Rules for terms: negation, qualifiers, dataflows, kinds of design, roles of operands, signedness."""

# ruff: noqa: E501 - a pattern is read best on one line

from __future__ import annotations

from tpugen.spec.language.chart import Action, Found, Node, Statement, rules

__all__ = ["FLOW_RULES", "MODIFIER_RULES", "TERM_RULES"]

_STAYS = {
    "output": "output_stationary", "result": "output_stationary", "accumulator": "output_stationary",
    "partial sum": "output_stationary", "partial result": "output_stationary", "sum": "output_stationary", "os": "output_stationary",
    "weight": "weight_stationary", "filter": "weight_stationary", "kernel": "weight_stationary",
    "ws": "weight_stationary",
    "input": "input_stationary", "activation": "input_stationary", "is": "input_stationary",
    "IS": "input_stationary",
}  # fmt: skip


def _filler(found: Found) -> Node:
    found.also(found.say("filler", "with"))
    return found.node("with")


def _comma(found: Found) -> Node:
    found.also(found.say("filler", found.written()))
    return found.node(",")


def _unsupported(found: Found) -> list[Statement]:
    """Known, but not built: reported as a whole."""
    return [found.say("unsupported", found.written())]


def _contract(found: Found) -> list[Statement]:
    """What every clocked design has by its contract."""
    return [found.say("contract", found.written())]


def _shared(found: Found) -> list[Statement]:
    return [found.say("shared_pre_approximation", True)]


def _flow(found: Found) -> list[Statement]:
    return [found.say("dataflow", _STAYS[_plain(found.text("f"))])]


def _flow_denied(found: Found) -> list[Statement] | None:
    """`neither weight nor output stationary`: the negations are taken out before."""
    return _flow_choice(found) if found.word_before() == "neither" else None


def _flow_choice(found: Found) -> list[Statement]:
    return [found.say("dataflow", _STAYS[found.text(group)]) for group in ("f", "g")]


def _plain(text: str) -> str:
    return text.replace("_", " ").replace("|", " ")


def _symbol(symbol: str) -> Action:
    def action(found: Found) -> Node:
        return found.node(symbol)

    return action


def _for_unit(found: Found) -> Node:
    """`ALM-LOA for the products`: what a family is for, and no role with a width."""
    found.also(found.say("filler", found.written()))
    return found.nodes[0]


def _unapproximated(found: Found) -> list[Statement]:
    return [found.say("unapproximated", found.written())]


def _negation(found: Found) -> Node | None:
    """`no` denies what follows; at the end of `signed: no` it is a value."""
    return None if found.written() == "no" and found.word_before() in (":", "=") and found.ends() else found.node("NEG")


def _unit_array(found: Found) -> Node:
    found.also(found.say("kind", "ARRAY", "an array of multiply-accumulate units is built as a systolic array"))
    return found.node("UNITARRAY")


def _kind(symbol: str, note: str | None = None) -> Action:
    """A word for a kind of design; the note says why, where that is an assumption."""

    def action(found: Found) -> Node:
        found.also(found.say("kind", symbol, note))
        return found.node(symbol, note)

    return action


_BOUND = (
    "at least|at most|at minimum|at maximum|up to|about|around|approximately|roughly|~|minimum of|maximum of|minimum|"
    "maximum|max|min|no more than|no less than|not more than|not less than|no fewer than|not exceeding|more than|"
    "less than|greater than|larger than|smaller than|nearly|almost|circa|> =|< =|no larger than|no smaller than"
)

MODIFIER_RULES = rules(
    (r"w /(?! o)", _filler),
    (r"(?:i \. e|e \. g)(?: \.)?", _comma),
    (r"fixed point(?: (?:arithmetic|number|numbers|format|integer|integers|value|values|data))?", _symbol("FIXED")),
    (rf"(?:{_BOUND})(?= (?:{{N}}|int|uint|clock|frequency|signed|unsigned|sixteen))", _symbol("QUAL")),
    (r"or (?:more|higher|better|faster|less|lower|above|wider|larger)|minimum|maximum", _symbol("QUAL")),
    (
        r"(?:no|without) (?:any )?(?:signs?|sign bits?|negative (?:numbers?|values?|operands?))",
        lambda found: found.node("unsigned"),
    ),
    (
        r"(?:no|without) (?P<p>vertical|horizontal) break(?:ing)?(?: level| line)?",
        lambda found: [found.say("parameter", (f"{found.text('p')[0]}bl", 0))],
    ),
    (r"(?:without|with no|no) (?:any )?loss(?: of (?:precision|accuracy))?|losslessly", _symbol("LOSSLESS")),
    (
        r"(?:do not|don't|does not|doesn't|never|not|should not|must not) (?:move|travel|shift|leave)",
        lambda found: found.node("stay"),
    ),
    (
        r"(?:no|not|without|rather than|instead of|avoid|don't|do not|never|free of)(?: (?:use|using|want|need|any|kind of)){0,3} (?:approximate|approximation|approximations)(?: (?:arithmetic|unit))?(?! (?:multiplier|adder|FAMILY))",
        _unapproximated,
    ),
    (
        r"not|no|without|never|neither|nor|instead of|rather than|except|excluding|exclude|avoid|other than|don't|"
        r"doesn't|dont|isn't|aren't|mustn't|shouldn't|won't|wouldn't|w / o|lacking|nothing like|anything but|unlike|"
        r"not using|does not|do not|must not|should not",
        _negation,
    ),
)

_NOUN = r"(?:(?:filter|kernel|input|output) )?(?P<f>weight|output|input|activation|result|accumulator|partial sum|partial result|sum|filter|kernel)"
_CELL = r"(?:pe|processing element|processing unit|cell|element|mac|mac unit)"
_LINK = r"(?: (?:are|is|be|being|should|must|will|to|stay|stays|remain|remains|kept|held|keep|pinned|which|fixed|in|always))"
_SHORT = r"(?P<f>os|ws)"
_DATAFLOW = r"(?:dataflow|data flow|flow|mode|mapping|scheme|style|architecture|strategy)"

FLOW_RULES = rules(
    (r"(?:row|no local|tile|block) stationary(?: dataflow)?|no local reuse(?: dataflow)?", _unsupported),
    (
        rf"(?:dataflow (?:(?:{{EQ}}|as|with) )?)?(?:input )?(?P<f>weight|output|input|activation|result|accumulator|partial sum|filter|kernel)"
        rf"(?:stationary| stationary)(?: {_DATAFLOW})?",
        _flow,
    ),
    (r"(?P<f>output|weight|input) (?:or|/|to) (?P<g>output|weight|input) stationary", _flow_choice),
    (r"(?P<f>output|weight|input) (?:or|/) (?P<g>output|weight|input) stationary(?: dataflow)?", _flow_choice),
    (rf"(?:with )?stationary {_NOUN}", _flow),
    (rf"{_NOUN}{_LINK}{{1,5}} (?:{{PLACE}})", _flow),
    (rf"{_NOUN} (?:preloaded and )?(?:fixed|pinned|resident|held|kept|parked|preloaded|locked|static|stored) (?:in|inside|within|at|to) (?:{_CELL}|array|place|it|register)", _flow),
    (rf"{_NOUN} (?:sit|sits|live|lives|reside|resides|rest|rests|wait|waits|dwell) (?:in|inside|at|within) (?:{_CELL}|array|place)", _flow),
    (rf"(?:holding|storing|retaining) (?:(?:1|own|single) )?{_NOUN}(?! (?:bit|of|in|as|width|{{N}}))", _flow),
    (rf"{_CELL} (?:{{HOLD}}|stores|store|retains|retain|owns|own) (?:(?:1|own|single|different) )?{_NOUN}(?! (?:bit|in|of|as|width))", _flow),
    (rf"{_NOUN}{_LINK}{{0,3}} (?:pre loaded|preloaded|loaded)(?: once)? and (?:held|kept|pinned|fixed|stationary|reused)", _flow),
    (rf"{_NOUN}(?: (?:are|is|get|gets|being|be))? loaded (?:first|once|beforehand|before|ahead|upfront|up front|in advance)", _flow),
    (r"(?P<f>accumulator|sum) in place", _flow),
    (r"(?P<f>weight|output|input|activation|result|filter|kernel) (?:resident|pinned|parked|preloaded|frozen)", _flow),
    (r"(?P<f>output|weight|input) (?P<g>output|weight|input) stationary", _flow_denied),
    (rf"{_NOUN}(?: (?:will|must|should|to))? (?:stay|stays|staying|remain|remains|(?:sit|sits|rest|rests)(?= (?:{{PLACE}})))(?: (?:{{PLACE}}))?", _flow),
    (rf"(?:{{HOLD}}) {_NOUN} (?:{{PLACE}})", _flow),
    (rf"{_SHORT}(?: {_DATAFLOW})?", _flow),
    (r"(?:data flow|dataflow) (?:(?:{EQ}) )?(?P<f>os|ws|weight|output|input)", _flow),
    (r"(?:data flow|dataflow|df) (?:=|:) (?P<f>is|IS|os|ws)", _flow),
    (rf"(?P<f>IS)(?: {_DATAFLOW})?", _flow),
    (r"(?P<f>is) (?:dataflow|data flow)", _flow),
)  # fmt: skip

_MATMUL = r"(?:gemm|matmul|mxm|mmul|matrix (?:matrix )?(?:multiply|multiplier)|general matrix multiply|matrix math|tensor|matrix vector|gemv|convolution|conv)"
_TPU_NOTE = "a TPU's matrix unit is a systolic array"
_MATMUL_NOTE = "matrix products are computed by a systolic array"
_DOT_NOTE = "a unit that multiplies and accumulates one operand pair per cycle computes dot products"

_RECODING = r"(?:operand |leading {N} |leading )?(?:pre ?approximation|preapproximation|pre processing|preprocessing|detection|detector|detectors|code|codes|encoding|encoder|encoders|recoding|log conversion|conversion|conversions)"
_EDGE = r"(?:at (?:the )?(?:array's |array 's |array )?(?:edge|edges|border)|once per (?:row|col)(?: and (?:per )?(?:row|col))?|per (?:row|col) and (?:per )?(?:row|col)|in (?:rather )?(?:front )?of (?:the )?array)"

TERM_RULES = rules(
    # kinds
    (r"systolic (?:(?:mac|pe|processing element|multiplier|matrix|multiply|2 d|compute|tensor) ){0,2}(?:{ENGINE}|mesh|grid|matrix|design|architecture)", _kind("ARRAY")),
    (r"systolic", _kind("ARRAY")),
    (r"(?:mac|pe|processing element|multiply accumulator|multiplier accumulator|tensor) (?:unit )?(?:array|grid|mesh|matrix)", _unit_array),
    (r"array (?:of|with) (?:mac|pe|processing element|multiply accumulator|multiplier accumulator)(?: unit| cell| element)?", _kind("ARRAY", "an array of multiply-accumulate units is built as a systolic array")),
    (r"mxu|mmu|matrix (?:multiply |multiplier |math |compute |processing )?(?:{ENGINE})", _kind("ARRAY", _MATMUL_NOTE)),
    (r"matrix multiplier(?: (?:{ENGINE}))?", _kind("ARRAY", _MATMUL_NOTE)),
    (rf"{_MATMUL} (?:(?:processing|compute|hardware) )?(?:{{ENGINE}})", _kind("ARRAY", _MATMUL_NOTE)),
    (r"(?:accelerator|engine|unit|core|hardware|circuit) (?:for|to|of|doing|performing) (?:do |perform |compute )?(?:gemm|matmul|matrix multiply|multiply matrix|multiply (?:2 |two )?matrix)", _kind("WEAKARRAY", _MATMUL_NOTE)),
    (r"(?:google )?tpu(?: (?:like|style|type|v_\d|inspired))?(?: (?:{ENGINE}|design|chip))?", _kind("ARRAY", _TPU_NOTE)),
    (r"tensor processing unit", _kind("ARRAY", _TPU_NOTE)),
    (r"multiply(?: 2)?(?= PAIR matrix)", _kind("WEAKARRAY", _MATMUL_NOTE)),
    (r"(?:with )?valid (?:/|and|&)? ?ready(?: (?:handshake|handshakes|handshaking|interface|interfaces|protocol|signals))?", _contract),
    (r"(?:with )?(?:asynchronous |async )?active low (?:asynchronous |async )?reset", _contract),
    (r"gemm|matmul|matrix (?:matrix )?multiply|multiply (?:2 )?matrix|matrix product", _kind("WEAKARRAY", _MATMUL_NOTE)),
    (r"(?:half|full|carry save) adder|adder (?:tree|subtractor|/ subtractor|subtracter)|serial multiplier", _unsupported),
    (r"(?:memory|sram|dram|gate|diode|antenna|led|register|register file|crossbar|cell|logic|sensor|pixel|string) array", _unsupported),
    (r"sa(?= PAIR)", _kind("ARRAY")),
    (r"array", _kind("BAREARRAY")),
    (r"(?:accumulator (?:that|which) )?(?:accumulator|sum)(?: (?:of|up))? product(?= of| :)", _kind("MAC", _DOT_NOTE)),
    (r"sum of product", _kind("MAC", _DOT_NOTE)),
    (
        r"product(?= of (?:SIGN )?WIDTH(?: SIGN)? (?:activation|weight|operand|input|number|integer|value) (?:and|by|with|times)"
        r" (?:SIGN )?WIDTH(?: SIGN)? (?:activation|weight|operand|input|number|integer|value))",
        _kind("MULTVERB", "two numbers are multiplied"),
    ),
    (r"(?:product|multiplication) of (?:2|pair of)(?= (?:WIDTH|{N}|signed|unsigned|number|integer|operand|input))", _kind("MULTVERB", "two numbers are multiplied")),
    (r"product(?= of (?:SIGN |signed |unsigned )?WIDTH (?!and|are|is|in|into|to|at|with|for)[a-z])", _symbol("PRODUCT")),
    (r"(?:full|complete) product", _kind("MULTVERB", "two numbers are multiplied")),
    (r"mac(?: (?:unit|block|cell|engine|core|element))?", _kind("MAC")),
    (r"(?:multiply|multiplier) (?:and |then |/ |& )?(?:accumulator|add)(?: (?:unit|block|cell|engine|core|operation))?", _kind("MAC")),
    (r"dot product(?: (?:unit|engine|accelerator|core|block|circuit))?", _kind("MAC", _DOT_NOTE)),
    (r"inner product(?: (?:unit|engine|accelerator|core|block|circuit))?", _kind("MAC", _DOT_NOTE)),
    (r"multiplier(?: (?:unit|block|core|circuit))?", _kind("MULT")),
    (r"multiply(?: (?:2|together|pair of))?(?= (?:WIDTH|{N}|signed|unsigned|number|integer|operand|input|activation))", _kind("MULTVERB", "two numbers are multiplied")),
    (r"adder(?: (?:unit|block|core|circuit))?", _kind("ADDER")),
    (r"(?:a )?plus b|addition(?: (?:circuit|unit|block|core))?", _kind("ADDITION", "two numbers are added")),
    (r"a (?:times|x) b|multiply(?! (?:2|together|pair|PAIR|and|then|/|-|&|accumulator|add|matrix))|product(?= of (?:SIGN )?WIDTH (?:activation|weight|OPND|number|integer|operand|value))", _kind("MULTIPLICATION", "two numbers are multiplied")),
    (r"(?:add|adds|adding|sum|summing|sum of|addition of) (?:together )?(?:2|pair of)(?= (?:WIDTH|{N}|signed|unsigned|number|integer|operand|input))", _kind("ADDERVERB", "two numbers are added")),
    # roles
    (r"partial sum|accumulator(?: register)?|running (?:total|totals|sum)|totals?(?= (?:of|are|is|in|at|with|to|=|:) (?:SIGN )?WIDTH)|(?:summed|added|adding|adds|add|summing)(?: up)?(?= (?:in|into|to|on|over|with) (?:WIDTH|SIGN))", _symbol("ACC")),
    (r"times(?= (?:SIGN )?WIDTH(?: (?:SIGN|wide)){0,2} (?:weight|kernel|filter|activation|coefficient))", _kind("MULTVERB", "two numbers are multiplied")),
    (r"FAMILY(?: (?:USED|approximate|adder|multiplier)){0,2} for (?:product|multiply|sum|accumulator|addition|adding)", _for_unit),
    (r"(?:input )?activation|input feature map|feature map|(?:multiplicand)", _symbol("ACT")),
    (r"(?:input |kernel |filter )?weight(?: input| operand| value)?|filter|kernel", _symbol("WGT")),
    (r"(?:operand|input|port) a|a (?:operand|input|port)|first (?:operand|input|of which|of them|one)|1 st operand", _symbol("OPA")),
    (r"(?:operand|input|port) b|b (?:operand|input|port)|(?:second|other) (?:operand|input|of which|of them|one)|2 nd operand", _symbol("OPB")),
    (r"(?:input )?operand|operand width", _symbol("OPND")),
    (r"samples?", _symbol("INPUT")),
    (r"input(?: (?:data|value|word|vector|port|element))?|data(?: (?:input|path|word))?|datapath", _symbol("INPUT")),
    (r"output(?: (?:data|value|word|result|port))?|result|product(?: output)?|sum(?: output)?", _symbol("OUT")),
    # operand codes at the array's edge
    (rf"(?:with |using )?(?:shared|sharing|share) (?:FAMILY )?(?:USED )?{_RECODING}(?: {_EDGE})*", _shared),
    (rf"{_RECODING} (?:(?:is |are |being )?shared|(?:(?:is |are |being )?(?:shared|done|performed) )?{_EDGE})(?: {_EDGE})*", _shared),
    # signedness
    (r"{SIGN}", lambda found: found.node("SIGN", sign_of_text(found))),
)  # fmt: skip


def sign_of_text(found: Found) -> bool:
    """Whether a SIGN match means signed."""
    return not any(node.symbol in ("unsigned", "non") for node in found.nodes)
