"""Rules for terms: negation, qualifiers, dataflows, kinds of design, roles of operands, signedness."""

# ruff: noqa: E501 - a pattern is read best on one line

from __future__ import annotations

from tpugen.spec.language.chart import Action, Found, Node, Statement, rules

__all__ = ["FLOW_RULES", "MODIFIER_RULES", "TERM_RULES"]

_STAYS = {
    "output": "output_stationary", "result": "output_stationary", "accumulator": "output_stationary",
    "partial sum": "output_stationary", "sum": "output_stationary", "os": "output_stationary",
    "weight": "weight_stationary", "filter": "weight_stationary", "kernel": "weight_stationary",
    "ws": "weight_stationary",
    "input": "input_stationary", "activation": "input_stationary", "is": "input_stationary",
    "IS": "input_stationary",
}  # fmt: skip


def _filler(found: Found) -> Node:
    found.also(found.say("filler", "with"))
    return found.node("with")


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


def _flow_choice(found: Found) -> list[Statement]:
    return [found.say("dataflow", _STAYS[found.text(group)]) for group in ("f", "g")]


def _plain(text: str) -> str:
    return text.replace("_", " ").replace("|", " ")


def _symbol(symbol: str) -> Action:
    def action(found: Found) -> Node:
        return found.node(symbol)

    return action


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
    (r"fixed point(?: (?:arithmetic|number|numbers|format|integer|integers|value|values|data))?", _symbol("FIXED")),
    (rf"(?:{_BOUND})(?= (?:{{N}}|int|uint|clock|frequency|signed|unsigned|sixteen))", _symbol("QUAL")),
    (r"or (?:more|higher|better|faster|less|lower|above|wider|larger)|minimum|maximum", _symbol("QUAL")),
    (
        r"not|no|without|never|neither|nor|instead of|rather than|except|excluding|exclude|avoid|other than|don't|"
        r"doesn't|dont|isn't|aren't|mustn't|shouldn't|won't|wouldn't|w / o|lacking|nothing like|anything but|unlike|"
        r"not using|does not|do not|must not|should not",
        _symbol("NEG"),
    ),
)

_NOUN = r"(?P<f>weight|output|input|activation|result|accumulator|partial sum|sum|filter|kernel)"
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
    (rf"{_NOUN}(?: (?:will|must|should|to))? (?:stay|stays|staying|remain|remains)(?: (?:{{PLACE}}))?", _flow),
    (rf"(?:{{HOLD}}) {_NOUN} (?:{{PLACE}})", _flow),
    (rf"{_SHORT}(?: {_DATAFLOW})?", _flow),
    (r"(?:data flow|dataflow) (?:(?:{EQ}) )?(?P<f>os|ws|weight|output|input)", _flow),
    (r"(?:data flow|dataflow) (?:=|:) (?P<f>is|IS)", _flow),
    (rf"(?P<f>IS)(?: {_DATAFLOW})?", _flow),
    (r"(?P<f>is) (?:dataflow|data flow)", _flow),
)  # fmt: skip

_MATMUL = r"(?:gemm|matmul|mxm|mmul|matrix (?:matrix )?(?:multiply|multiplier)|general matrix multiply|matrix math|tensor|matrix vector|gemv|convolution|conv)"
_TPU_NOTE = "a TPU's matrix unit is a systolic array"
_MATMUL_NOTE = "matrix products are computed by a systolic array"
_DOT_NOTE = "a unit that multiplies and accumulates one operand pair per cycle computes dot products"

_RECODING = r"(?:operand |leading {N} |leading )?(?:pre ?approximation|preapproximation|pre processing|preprocessing|detection|detector|detectors|code|codes|encoding|encoder|encoders|recoding|log conversion)"
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
    (r"array", _kind("BAREARRAY")),
    (r"mac(?: (?:unit|block|cell|engine|core|element))?", _kind("MAC")),
    (r"(?:multiply|multiplier) (?:and |then |/ |& )?(?:accumulator|add)(?: (?:unit|block|cell|engine|core|operation))?", _kind("MAC")),
    (r"dot product(?: (?:unit|engine|accelerator|core|block|circuit))?", _kind("MAC", _DOT_NOTE)),
    (r"inner product(?: (?:unit|engine|accelerator|core|block|circuit))?", _kind("MAC", _DOT_NOTE)),
    (r"multiplier(?: (?:unit|block|core|circuit))?", _kind("MULT")),
    (r"multiply(?: (?:2|together|pair of))?(?= (?:WIDTH|{N}|signed|unsigned|number|integer|operand|input|activation))", _kind("MULTVERB", "two numbers are multiplied")),
    (r"adder(?: (?:unit|block|core|circuit))?", _kind("ADDER")),
    (r"(?:add|adds|adding|sum|summing|addition of) (?:together )?(?:2|pair of)(?= (?:WIDTH|{N}|signed|unsigned|number|integer|operand|input))", _kind("ADDERVERB", "two numbers are added")),
    # roles
    (r"partial sum|accumulator(?: register)?", _symbol("ACC")),
    (r"(?:input )?activation|input feature map|feature map|(?:multiplicand)", _symbol("ACT")),
    (r"(?:input |kernel |filter )?weight(?: input| operand| value)?|filter|kernel", _symbol("WGT")),
    (r"(?:operand|input|port) a|a (?:operand|input|port)|first (?:operand|input)|1 st operand", _symbol("OPA")),
    (r"(?:operand|input|port) b|b (?:operand|input|port)|second (?:operand|input)|2 nd operand", _symbol("OPB")),
    (r"(?:input )?operand|operand width", _symbol("OPND")),
    (r"input(?: (?:data|value|word|vector|port|element))?|data(?: (?:input|path|word))?|datapath", _symbol("INPUT")),
    (r"output(?: (?:data|value|word|result|port))?|result|product(?: output)?|sum(?: output)?", _symbol("OUT")),
    # operand codes at the array's edge
    (rf"(?:with |using )?(?:shared|sharing|share) (?:the )?{_RECODING}(?: {_EDGE})*", _shared),
    (rf"{_RECODING} (?:(?:is |are |being )?shared|(?:(?:is |are |being )?(?:shared|done|performed) )?{_EDGE})(?: {_EDGE})*", _shared),
    # signedness
    (r"{SIGN}", lambda found: found.node("SIGN", sign_of_text(found))),
)  # fmt: skip


def sign_of_text(found: Found) -> bool:
    """Whether a SIGN match means signed."""
    return not any(node.symbol in ("unsigned", "non") for node in found.nodes)
