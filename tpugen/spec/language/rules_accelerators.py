"""Rules for whole accelerators: what a request says of crossbars, decoder layers and tensor units.

These stand in the place of the rules of arithmetic units, whose words mean other things there: the heads, columns and
contexts of a decoder layer are no operands.
"""

# ruff: noqa: E501 - a pattern is read best on one line

from __future__ import annotations

from tpugen.spec.language.chart import Action, Found, Statement, rules
from tpugen.spec.language.rules_actions import say, say_both, say_pair

__all__ = ["FEATURE_RULES", "PIM_FALLBACK_RULES", "PIM_LLM_RULES", "PIM_RULES", "PIM_TILE_RULES", "TPU_RULES"]

_PERCENT_PARTS = 65536 / 100
_CELL_PARTS = 256


def _flag(field: str, value: bool | int | str) -> Action:
    return lambda found: [found.say(field, value)]


def _feature(found: Found) -> list[Statement]:
    """What every design of the kind has."""
    return [found.say("contract", found.written())]


def _weights(found: Found) -> list[Statement]:
    bits = found.value("w")
    return [found.say("weights", {1: "binary", 1.58: "ternary"}.get(bits, f"{bits}-bit"))]


def _weights_and_activations(found: Found) -> list[Statement]:
    return [*_weights(found), found.say("activation_width_bits", found.value("a"))]


def _activations(found: Found) -> list[Statement]:
    said = [found.say("activation_width_bits", found.value("n"))]
    return [*said, found.say("signed", False)] if found.text("u") else said


def _choice(field: str) -> Action:
    """`zero_skipping: true`, `gated = no`."""
    return lambda found: [found.say(field, found.text("v") in ("true", "on", "yes", "1", "enabled"))]


def _stuck(field: str) -> Action:
    def action(found: Found) -> list[Statement]:
        value = found.value("n")
        parts = round(value * _PERCENT_PARTS) if found.text("unit") else value
        return [found.say(f"faults.{field}", parts)]

    return action


def _noise(found: Found) -> list[Statement]:
    return [found.say("noise.sigma", round(found.value("n") * _CELL_PARTS))]


def _adc_and_share(found: Found) -> list[Statement]:
    return [found.say("adc_bits", found.value("b")), found.say("columns_per_adc", found.value("n"))]


def _heads_of(found: Found) -> list[Statement]:
    return [found.say("heads", found.value("n")), found.say("head_width", found.value("w"))]


def _kv_shared(found: Found) -> list[Statement]:
    """`8 query heads in groups of 4`."""
    return [found.say("heads", found.value("n")), found.say("group", found.value("g"))]


def _unsupported(found: Found) -> list[Statement]:
    return [found.say("unsupported", found.written())]


_IS = r"(?: (?:{EQ}|with|at|in|have|has|having|be|as|for))"
_SIZE = r"(?: (?:size|dimension|shape|geometry|array size|sides?))"
_PAIR = r"(?P<r>{N}) {X} (?P<c>{N})"
_XBAR = r"(?:(?:rram|reram|memristor|memristive|analog|analogue|resistive|differential|pim|memory|weight|pcm) ){0,2}(?:crossbars?|xbars?)(?: (?:array|macros?|blocks?|subarrays?))?"
_ADC = r"(?:(?:column |shared |sar |flash ){0,2}(?:adcs?|(?:analog to digital |a / d )?converters?))"
_STEP = r"(?:(?:per|every|in 1|/)(?: clock)? (?:beat|cycle|clock|step)|(?:beat|cycle))"
_YES = r"(?P<v>true|on|yes|1|enabled|false|off|no|0|disabled)"
_TERN = r"(?:ternary|ternarized|ternarised|trinary)"
_BIN = r"(?:binary|binarized|binarised)"
_UNIT = r"(?P<unit>%|percent)"
_KV = r"(?:kv|k v|k / v|key value|key / value|key and value|k and v|key|shared)"
_FFN = r"(?:d ff|dff|d ffn|ffn|feed forward|feedforward|mlp|intermediate|ff)(?: (?:network|layer|block))?"
_ARRAY = r"(?:(?:systolic|tensor|attention|pe|mac|processing element|output stationary|int_8|digital|tpu) ){0,3}(?:array|tpu|tensor unit|tensor core|tensor processing unit|systolic)"
_DEPTH_NOUN = r"(?:(?:operand|input|array|tpu|on chip|double buffered|ping pong) ){0,3}(?:buffer|memory|memories|buffers|bank|banks|fifo|fifos|sram|srams|scratchpad|scratchpads)"
_SLICES = r"(?: (?:slices?|entry|entries|words?|rows?|beats?|deep|vectors?|k slices?))"

PIM_RULES = rules(
    # names that hold numbers of their own
    (r"(?:1|1.580000|ternary|binary|low)(?: bit)? (?:pim )?(?:llms?|large language model|language models?|transformers?)", _feature),
    (r"w_(?P<w>{N})(?: /| ,)?(?: |_)a_(?P<a>{N})", _weights_and_activations),
    # weights
    (rf"{_TERN}(?: (?:weight|cells?|values?|quantization))?", _flag("weights", "ternary")),
    (rf"{_BIN}(?: (?:weight|cells?|values?|quantization))?", _flag("weights", "binary")),
    (r"weight (?:{EQ} )?(?:ternary|ternarized)", _flag("weights", "ternary")),
    (r"weight (?:{EQ} )?(?:binary|binarized)", _flag("weights", "binary")),
    (r"(?P<w>{N}) bit (?:weight|cells?)", _weights),
    (r"int_(?P<w>{N}) weight", _weights),
    (rf"weight(?: (?:width|precision))?{_IS}{{1,2}} (?P<w>{{N}}) bit", _weights),
    # crossbars
    (rf"{_PAIR}(?: (?:cells?|devices?))?(?: {_SIZE})? {_XBAR}", say_pair("crossbar_rows", "crossbar_cols")),
    (rf"{_XBAR}{_SIZE}?(?: (?:{{EQ}}|with|having|sized|at)){{0,2}}(?: size)? {_PAIR}(?: (?:cells?|pairs?))?", say_pair("crossbar_rows", "crossbar_cols")),
    (rf"{_XBAR}{_SIZE}{_IS}{{0,2}} (?P<n>{{N}})(?! (?:{{X}}|bit|row|col))", say_both("crossbar_rows", "crossbar_cols")),
    (rf"{_XBAR}{_IS}{{0,2}} (?P<r>{{N}}) row(?: pairs?)?(?: (?:and|,|by|x)){{1,2}} (?P<c>{{N}}) col(?: pairs?)?", say_pair("crossbar_rows", "crossbar_cols")),
    (rf"(?P<r>{{N}}) row(?: (?:and|,|by|x)){{1,2}} (?P<c>{{N}}) col(?: pairs?)? (?:per|in|for|on)(?: 1)? {_XBAR}", say_pair("crossbar_rows", "crossbar_cols")),
    (rf"(?P<r>{{N}}) row(?: (?:and|,|by|x)){{0,2}} (?P<c>{{N}}) col {_XBAR}", say_pair("crossbar_rows", "crossbar_cols")),
    (rf"(?P<n>{{N}}) row {_XBAR}", say("crossbar_rows")),
    (rf"(?P<n>{{N}}) col {_XBAR}", say("crossbar_cols")),
    (rf"{_XBAR} (?:of|with|having) (?P<n>{{N}}) row(?! (?:and|,|by|x|, and) {{N}} col)", say("crossbar_rows")),
    (rf"(?:square )?{_XBAR} (?:of|=|sized) (?P<n>{{N}})(?! (?:{{X}}|bit|row|col|cells?|devices?|pairs?|word))", say_both("crossbar_rows", "crossbar_cols")),
    (rf"square {_XBAR}", _feature),
    (r"crossbar row(?: (?:{EQ}))? (?P<n>{N})", say("crossbar_rows")),
    (r"crossbar col(?: (?:{EQ}))? (?P<n>{N})", say("crossbar_cols")),
    (r"(?P<n>{N}) (?:word ?lines?|wordlines?)(?: (?:per|in) crossbars?)?", say("crossbar_rows")),
    (r"(?P<n>{N}) (?:bit lines?|bitlines?|col pairs?)(?: (?:per|in) crossbars?)", say("crossbar_cols")),
    # converters
    (rf"(?P<b>{{N}}) bit(?: (?:wide|signed|resolution))? {_ADC}(?: (?:,|of|with|for|at|on|per|shared by|shared between|shared among|serving)){{0,2}} (?P<n>{{N}}) col(?: pairs?)?(?! (?:and|by|x|matrix|share|sharing|shares))", _adc_and_share),
    (rf"(?P<n>{{N}}) bit(?: (?:wide|signed|resolution))? {_ADC}", say("adc_bits")),
    (rf"{_ADC}(?: (?:resolution|precision|width|bit|{{EQ}}|with|at|have|has|having|use|a)){{0,4}} (?P<n>{{N}})(?: bit(?: (?:of )?(?:resolution|precision))?)?(?! (?:col|crossbar|adc))", say("adc_bits")),
    (rf"(?P<n>{{N}}) col(?: pairs?)? (?:per|for|share|shares|sharing|shared by)(?: 1)? (?P<b>{{N}}) bit {_ADC}", _adc_and_share),
    (rf"(?P<n>{{N}}) col(?: pairs?)? (?:per|for|share|shares|sharing|shared by)(?: 1)? {_ADC} (?:of|with|at) (?P<b>{{N}}) bit", _adc_and_share),
    (rf"(?P<n>{{N}}) col(?: pairs?)? (?:per|for|on|to|at|behind)(?: 1)? {_ADC}", say("columns_per_adc")),
    (rf"(?P<n>{{N}}) col(?: pairs?)? (?:share|shares|sharing|shared by|that share|multiplexed (?:onto|on|to|into)|feed)(?: 1)? {_ADC}", say("columns_per_adc")),
    (rf"(?:1 )?{_ADC} (?:for|per|to|serving|serves|reads|reading|handles)(?: every)? (?P<n>{{N}}) col(?: pairs?)?", say("columns_per_adc")),
    (rf"(?:1 )?{_ADC} (?:per|for|in|at) col(?: pairs?)?", _flag("columns_per_adc", 1)),
    (rf"{_ADC}(?: (?:is|are|being|be|multiplexed|shared|multiplex)){{1,3}} (?:by|between|among|amongst|across|over|with) (?P<n>{{N}}) col(?: pairs?)?", say("columns_per_adc")),
    (r"(?P<n>{N}) (?:: 1|to 1|way) (?:col )?(?:multiplexing|multiplexed|mux|multiplexer|multiplexers|sharing)(?: (?:adcs?|col))?", say("columns_per_adc")),
    (rf"col per {_ADC}{_IS}{{0,2}} (?P<n>{{N}})", say("columns_per_adc")),
    # skipping
    (rf"(?:0 )(?:bit )?(?:plane )?(?:skipping|skip){_IS}{{1,2}} {_YES}", _choice("zero_skipping")),
    (r"(?:0 )(?:bit )?(?:plane |planes )?(?:skipping|skip|skips|skipped)|(?:0 )?(?:input |activation )?sparsity(?: support)?", _flag("zero_skipping", True)),
    (r"(?:skip|skips|skipping|skipped)(?: over)?(?: (?:all|empty))? (?:0 |empty )(?:bit )?(?:planes?|bit|activation|input|bitplanes?)(?: (?:of|in) (?:activation|input))?", _flag("zero_skipping", True)),
    # widths
    (r"(?P<n>{N}) bit (?:(?:signed|integer|int|quantized|quantised|input) ){0,2}(?:activation|input(?: vectors?)?|operand|vectors?)", _activations),
    (r"(?P<u>uint)_(?P<n>{N})(?: (?:quantized|input))? (?:activation|input|operand|vectors?)", _activations),
    (r"(?:unsigned) (?P<n>{N}) bit (?:activation|input|operand)(?P<u>)", lambda found: [found.say("activation_width_bits", found.value("n")), found.say("signed", False)]),
    (r"(?:int|i)_(?P<n>{N})(?: (?:quantized|input))? (?:activation|input|operand|vectors?)", _activations),
    (rf"(?:activation|input)(?: (?:width|precision|bit)){{0,2}}{_IS}{{0,3}} (?P<n>{{N}}) bit", _activations),
    (rf"activation (?:width|precision)(?: bit)?{_IS}{{0,2}} (?P<n>{{N}})", _activations),
    (r"a_(?P<n>{N})", _activations),
    (r"int_(?P<n>{N})", _activations),
    # faults and noise
    (rf"(?P<n>{{N}}) {_UNIT}?(?: of(?: cells?)?| of all cells?)?(?: cells?)?(?: (?:are|is|being))? stuck (?:at )?(?:off|0|low|open)(?: (?:cells?|faults?))?", _stuck("stuck_off")),
    (rf"(?P<n>{{N}}) {_UNIT}?(?: of(?: cells?)?| of all cells?)?(?: cells?)?(?: (?:are|is|being))? stuck (?:at )?(?:on|1|high|short)(?: (?:cells?|faults?))?", _stuck("stuck_on")),
    (rf"stuck (?:at )?(?:off|0|low|open)(?: (?:cells?|faults?|rate|share|probability)){{0,2}}{_IS}{{0,2}} (?P<n>{{N}})(?: {_UNIT})?", _stuck("stuck_off")),
    (rf"stuck (?:at )?(?:on|1|high)(?: (?:cells?|faults?|rate|share|probability)){{0,2}}{_IS}{{0,2}} (?P<n>{{N}})(?: {_UNIT})?", _stuck("stuck_on")),
    (rf"faults? seed{_IS}{{0,2}} (?P<n>{{N}})", say("faults.seed")),
    (rf"(?:read )?noise seed{_IS}{{0,2}} (?P<n>{{N}})", say("noise.seed")),
    (rf"(?:gaussian )?(?:read )?noise(?: (?:sigma|with|of|standard deviation|std)){{0,4}}{_IS}{{0,2}} (?P<n>{{N}})(?: cells?)?", _noise),
    (r"(?P<n>{N})(?: cells?)?(?: of)? (?:read )?noise", _noise),
)  # fmt: skip
"""What all designs with crossbars have."""

PIM_TILE_RULES = rules(
    (rf"{_PAIR}(?: (?:{_TERN}|{_BIN}|weight|signed|sized?|large))?(?= (?:{_TERN}|{_BIN}|weight) )", say_pair("rows", "cols")),
    (rf"{_PAIR}(?: (?:weight|signed|stationary))? (?:matrix|layer|gemv|matvec|mvm|vmm|weight)", say_pair("rows", "cols")),
    (rf"(?:matrix|layer|gemv|mvm|vmm){_SIZE}?{_IS}{{0,3}} {_PAIR}", say_pair("rows", "cols")),
    (r"(?P<r>{N}) (?:input|activation|row)s?(?: (?:and|,|by|x|to|>|- >|into|with)){1,2} (?P<c>{N}) (?:output|result|col|neurons?)s?", say_pair("rows", "cols")),
    (r"(?P<c>{N}) (?:output|result|col)s?(?: (?:and|,|by|x|from|of)){1,2} (?P<r>{N}) (?:input|activation|row)s?", say_pair("rows", "cols")),
    (rf"(?:{_PAIR}) tile|tile(?: (?:size|{{EQ}}|for|with)){{0,2}} {_PAIR.replace('<r>', '<s>').replace('<c>', '<d>')}", lambda found: [found.say("rows", found.value("r") or found.value("s")), found.say("cols", found.value("c") or found.value("d"))]),
    (r"(?P<n>{N}) (?:input|row)(?! (?:lanes?|bit|per|vectors?))", say("rows")),
    (r"(?P<n>{N}) (?:output|col|result)(?! (?:lanes?|bit|per|pairs?|share|sharing))", say("cols")),
    (rf"row{_IS}{{0,2}} (?P<n>{{N}})", say("rows")),
    (rf"col{_IS}{{0,2}} (?P<n>{{N}})", say("cols")),
    (r"(?P<n>{N}) bit (?:wide )?(?:output|result|sum|partial sum|accumulator)", say("result_width_bits")),
    (rf"(?:output|result|sum|accumulator)(?: (?:width|precision|bit)){{0,2}}{_IS}{{0,3}} (?P<n>{{N}})(?: bit)(?! adc)", say("result_width_bits")),
    (rf"result width(?: bit)?{_IS}{{0,2}} (?P<n>{{N}})", say("result_width_bits")),
    (r"int_(?P<n>{N}) (?:output|result|sum)", say("result_width_bits")),
    (rf"(?P<n>{{N}}) (?:input |activation )lanes?|(?P<m>{{N}}) (?:activation|input)(?: values?)? {_STEP}", lambda found: [found.say("input_lanes", found.value("n") or found.value("m"))]),
    (rf"(?P<n>{{N}}) (?:output |result )lanes?|(?P<m>{{N}}) (?:result|output)(?: values?)? {_STEP}", lambda found: [found.say("output_lanes", found.value("n") or found.value("m"))]),
    (rf"input lanes?{_IS}{{0,2}} (?P<n>{{N}})", say("input_lanes")),
    (rf"output lanes?{_IS}{{0,2}} (?P<n>{{N}})", say("output_lanes")),
)  # fmt: skip
"""The matrix of a PIM tile, and its streams."""

_OPERAND_DEPTH = [
    (rf"(?P<n>{{N}}) (?:deep|entry|entries|slice|slices|word|beat)(?: deep)? {_DEPTH_NOUN}", say("operand_depth")),
    (rf"{_DEPTH_NOUN}(?: (?:depth|length|size))?{_IS}{{0,3}} (?P<n>{{N}}){_SLICES}(?: deep)?", say("operand_depth")),
    (rf"{_DEPTH_NOUN} (?:depth|length){_IS}{{0,3}} (?P<n>{{N}})", say("operand_depth")),
    (rf"depth(?: of)? {_DEPTH_NOUN}{_IS}{{0,3}} (?P<n>{{N}}){_SLICES}?", say("operand_depth")),
    (rf"operand depth{_IS}{{0,3}} (?P<n>{{N}}){_SLICES}?", say("operand_depth")),
    (rf"(?P<n>{{N}}){_SLICES} (?:deep )?(?:per|in each|in|for) (?:(?:operand|buffer|memory) ){{0,2}}(?:bank|buffer|memory)", say("operand_depth")),
]  # fmt: skip

PIM_LLM_RULES = rules(
    # the layer
    (r"(?:d|d model|dmodel|d_model|hidden(?: (?:size|dimension|width|state))?|model (?:width|dimension|size)|embedding(?: (?:size|dimension|width))?|residual(?: stream)?(?: width)?|width|dimension)(?: (?:{EQ}|dimension))? (?P<n>{N})(?! (?:{X}|bit|heads?(?! (?:{EQ}|{N}))|row|col))", say("d")),
    (r"d_(?P<n>{N})", say("d")),
    (r"h (?:=|:) (?P<n>{N})", say("heads")),
    (r"l (?:=|:) (?P<n>{N})", say("context")),
    (r"(?P<n>{N}) (?:wide|dimensional|dimension)(?: (?:ternary|binary|1 bit))?(?= (?:decoder|transformer|layer|llm|model|residual|block|hidden|embedding|,|and|with))|(?P<m>{N}) wide(?! (?:crossbar|ffn|mlp|feed|array|adc|xbar))", lambda found: [found.say("d", found.value("n") or found.value("m"))]),
    (rf"(?:sharing |share |shared by |on )?(?P<n>{{N}}) {_KV} heads?|(?:number of |num |n )?{_KV} heads?{_IS}{{0,2}} (?P<m>{{N}})", lambda found: [found.say("kv_heads", found.value("n") or found.value("m"))]),
    (r"(?P<n>{N}) (?:(?:query|attention|self attention|q) )?heads? (?:of|with|,)(?: width| dimension| size)? (?P<w>{N})(?: (?:wide|dimensions?|elements?|values?|each))?(?! (?:kv|key|shared|bit|{X}|head|token|position|attention|query))", _heads_of),
    (r"(?P<n>{N}) (?:(?:query|attention|q) )?heads? in groups? of (?P<g>{N})", _kv_shared),
    (r"(?P<n>{N}) (?:(?:query|attention|self attention|q) ){0,2}heads?", say("heads")),
    (rf"(?:number of |n |num |query |attention ){{0,2}}heads?{_IS}{{0,2}} (?P<n>{{N}})(?! (?:wide|dimensions?|elements?))", say("heads")),
    (rf"(?:head (?:width|dimension|size)|d head|d h){_IS}{{0,2}} (?P<n>{{N}})", say("head_width")),
    (r"(?P<n>{N}) query heads? per (?:kv|key) head", say("group")),
    (r"(?:multi query|mqa)(?: attention)?", _flag("kv_heads", 1)),
    (r"(?:multi head|multihead|mha|grouped query|grouped|gqa)(?: self)?(?: attention)?", _feature),
    (rf"{_FFN}(?: (?:width|size|dimension|hidden|hidden size|inner)){{0,2}}{_IS}{{0,3}} (?P<n>{{N}})(?! (?:{{X}}|bit|heads?))(?: wide)?", say("d_ff")),
    (rf"(?P<n>{{N}}) (?:wide )?(?:hidden )?{_FFN}", say("d_ff")),
    (rf"(?:max(?:imum)? )?(?:context|ctx|sequence|seq|cache|kv cache|kv memory|prompt|position embeddings)(?: (?:length|len|window|size|depth|memory)){{0,2}}{_IS}{{0,3}} (?P<n>{{N}})(?! bit)(?: (?:positions?|tokens?|entries|steps?))?", say("context")),
    (r"(?P<n>{N}) (?:positions?|tokens?|entries|entry|step)(?: (?:of |in )?(?:context(?: window)?|kv cache|cache|kv memory|memory|history))?", say("context")),
    (r"(?P<n>{N}) (?:deep )?(?:context|kv cache)", say("context")),
    # its choices
    (rf"gated(?: (?:ffn|mlp))?{_IS}{{1,2}} {_YES}", _choice("gated")),
    (r"gated(?: (?:linear unit|activation|product))?(?! (?:ffn|mlp|feed) (?:{EQ} )?(?:true|false))|glu|geglu|gates?(?: matrix)?(?! level)", _flag("gated", True)),
    (r"(?:ungated|un gated|non gated|plain|classic)(?= (?:ffn|mlp|feed|feedforward|network))|ungated", _flag("gated", False)),
    (r"rms ?norm(?:alization|alisation)?|rmsnorm|root mean square (?:norm|normalization|normalisation)", _flag("norm", "rms_norm")),
    (r"layer norm(?:alization|alisation)?|layernorm|layer (?:normalization|normalisation)", _flag("norm", "layer_norm")),
    (r"norm(?:alization|alisation)? (?:{EQ} )?layer (?:norm)?", _flag("norm", "layer_norm")),
    (r"norm(?:alization|alisation)? (?:{EQ} )?rms (?:norm)?", _flag("norm", "rms_norm")),
    (r"geglu", lambda found: [found.say("gated", True), found.say("activation", "gelu")]),
    (r"gelu|gaussian error linear units?", _flag("activation", "gelu")),
    (r"squared relu|relu (?:squared|\^ 2|\* \* 2|²)|relu_2|relu 2|relu²|relu\^2|square relu|sq relu", _flag("activation", "relu2")),
    (r"swiglu|silu|swish|relu|sigmoid|tanh|rotary(?: embeddings?)?|rope|alibi|mixture of experts|moe|lm head", _unsupported),
    # the array
    (rf"{_PAIR} {_ARRAY}(?: {_ARRAY})?", say_pair("rows", "cols")),
    (rf"{_ARRAY}(?: {_ARRAY})?{_SIZE}?{_IS}{{0,2}}(?: size)?{_IS}{{0,1}} {_PAIR}(?! (?:{_XBAR}))(?: (?:pe|processing element|mac))?", say_pair("rows", "cols")),
    (rf"{_ARRAY}{_SIZE}{_IS}{{0,2}} (?P<n>{{N}})(?! (?:{{X}}|bit|row|col))", say_both("rows", "cols")),
    (rf"{_PAIR} (?:pe|processing element|mac)(?: unit)?", say_pair("rows", "cols")),
    (r"(?P<r>{N}) row(?: (?:and|,|by|x)){1,2} (?P<c>{N}) col(?: (?:of|in) (?:pe|processing element|mac|array))?", say_pair("rows", "cols")),
    (rf"(?:array )?row{_IS}{{0,2}} (?P<n>{{N}})|(?P<m>{{N}}) row", lambda found: [found.say("rows", found.value("n") or found.value("m"))]),
    (rf"(?:array )?col{_IS}{{0,2}} (?P<n>{{N}})|(?P<m>{{N}}) col", lambda found: [found.say("cols", found.value("n") or found.value("m"))]),
    *_OPERAND_DEPTH,
)  # fmt: skip
"""The dimensions of a decoder layer, its choices, its array."""

_AXI = r"axi(?:_4|_3)?(?: (?:lite|stream|streaming|full|memory mapped))?"

FEATURE_RULES = rules(
    (rf"{_AXI}(?:(?: ,| and| or| /| &) (?:{_AXI}|stream|lite))?(?: (?:slave|master|control|operand|data|result|host)){{0,2}}(?: (?:port|ports|interface|interfaces|bus|buses|streams|registers|signals))?", _feature),
    (r"(?:control|status|configuration|control and status|control / status) registers?(?: (?:map|file|port|bank|interface))?|register map|host (?:port|interface)|interrupts?|cycle counters?", _feature),
    (r"double buffer(?:ed|ing)(?: (?:operand|input|weight))?(?: (?:buffer|buffers|memory|memories|sram|srams))?|ping pong (?:buffers?|memory|memories)|operand (?:buffers?|memory|memories|srams?)", _feature),
    (r"requanti[sz](?:ation|ed|es|ing|e)(?: (?:stage|unit|logic|of results?|of outputs?))?|saturation|saturating|zero points?|0 points?|rounding|integer scale|post processing(?: (?:unit|stage))?|postprocessing", _feature),
    (r"bias(?:es)?(?: (?:addition|add|adder|adders|input|stream|port|support))?", _feature),
    (r"sequencer|(?:tiled|tiling)(?: (?:gemm|matmul|matrix products?|product))?(?: (?:larger|bigger) than array)?|(?:gemm|matmul|matrix|product|matrix products?) (?:larger|bigger) than array", _feature),
    (r"valid (?:/|and|&)? ?ready(?: (?:handshake|handshakes|handshaking|interface|interfaces|protocol|streams?))?", _feature),
    (r"(?:asynchronous |async )?active low (?:asynchronous |async )?reset", _feature),
)  # fmt: skip
"""What whole accelerators have, whatever their parameters."""

TPU_RULES = rules(
    *_OPERAND_DEPTH,
    (r"(?P<n>{N}) bit(?: (?:wide|unsigned|integer)){0,2} (?:requanti[sz]ation|requantize|rescale|rescaling|scale|scaling|requant)(?: (?:multiplier|factor|scale|factors|multipliers))?", say("multiplier_width_bits")),
    (rf"(?:requanti[sz]ation|requantize|rescale|rescaling|scale|scaling|requant) (?:multiplier|factor|scale|width|factors)(?: (?:width|bit)){{0,2}}{_IS}{{0,3}} (?P<n>{{N}})(?: bit)?", say("multiplier_width_bits")),
    (rf"scale{_IS}{{1,2}} (?P<n>{{N}}) bit", say("multiplier_width_bits")),
    (rf"multiplier width(?: bit)?{_IS}{{0,2}} (?P<n>{{N}})(?: bit)?", say("multiplier_width_bits")),
    (rf"unsigned activation{_IS}{{1,2}} {_YES}", _choice("unsigned_activations")),
    (r"(?:signed (?:and|or|/) )?(?:unsigned|uint_8|uint) (?:8 bit )?(?:activation)(?: (?:support|allowed|possible|too|mode))?|(?:int_8|int) (?:and|or|/) uint_8 (?:activation)|activation (?:(?:that|which|can|may|might|could|be|are|also|optionally|in|as) ){0,5}(?:unsigned|uint_8)", _flag("unsigned_activations", True)),
    (r"(?:relu(?: (?:\^ 2|squared|² |²))?|squared relu|relu_2|relu²)(?: (?:,|and|or|/) (?:relu(?: (?:\^ 2|squared))?|squared relu|relu_2|relu²))?(?: (?:activations?|unit|units|function|functions|output))?", _feature),
    (r"activation functions?|nonlinearity|non linearity|activation unit", _feature),
    *[(rule.pattern, rule.action) for rule in FEATURE_RULES],
)  # fmt: skip
"""What a tensor unit has beside its array."""

PIM_FALLBACK_RULES = rules(
    (_PAIR, lambda found: [found.say("size_pair", (found.value("r"), found.value("c")))]),
    (r"signed|two's complement|int", lambda found: [found.say("signed", True)]),
    (r"unsigned|uint", lambda found: [found.say("signed", False)]),
    (r"output stationary|systolic|stationary outputs?", _feature),
    (rf"(?:{_XBAR})|(?:{_ADC})", _feature),
    (r"(?:in memory|in memory computing|compute in memory|processing in memory|pim|cim|rram|reram|memristors?|memristive|memristor|analog|analogue|resistive|mixed signal|digital)(?: (?:compute|computing|computation|macro|macros|processing)){0,2}", _feature),
    (r"differential(?: (?:pair|pairs|cell|cells|col|columns))*|(?:positive and negative|pairs? of) cells?|bit serial(?:ly)?|shift (?:and )?add|shift / add|sample and hold|word ?lines?|bit ?lines?|weight stationary", _feature),
    (r"(?:kv|key value|key) cache|self attention|attention|softmax|scores?|projections?|residuals?(?: (?:stream|connection|connections|add|adds|addition))?|norms?|normalization|normalisation|query|queries|keys?|values?|heads?|context|positions?|tokens?|feed forward(?: (?:network|layer))?|feedforward|ffn|mlp|hidden|bitlinear|absmax(?: quantization)?|pre norm|hybrid|network|decoding|decode|inference|generation|autoregressive", _feature),
    (r"(?:decoder|transformer|bitnet|llms?|language model|large language model|edge llm)(?: (?:layer|block|model|style|decoder|inference))*", _feature),
    (r"matrix(?: vector)?(?: (?:multiply|multiplication|product|products|multiplier))?|vector(?:s)?(?: matrix)?|gemv|mvm|vmm|weight|activation|input|output|result|operand|tile|tiles|grid|bank|banks|array|tpu|tensor unit|tensor processing unit|tensor|layers?|pe|processing element|mac|dot product|integer|quantized|quantised|row|col|cells?|devices?|programming|program|read back|readback|programmable|faults?|stuck at|noise|width|bit|size|clock", _feature),
    *[(rule.pattern, rule.action) for rule in FEATURE_RULES],
)  # fmt: skip
"""What is left: bare sizes, words for what such designs are made of."""
