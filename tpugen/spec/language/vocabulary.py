"""The words: data only. Later kinds of design add their terms here and their patterns in a rules module."""

# ruff: noqa: E501 - a pattern is read best on one line

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

__all__ = [
    "DROPPED",
    "HARMLESS",
    "LEMMAS",
    "MACROS",
    "NUMBER_WORDS",
    "SATELLITES",
    "protected_words",
    "technical_words",
]


def _lemmas(table: str) -> dict[str, str]:
    lemmas = {}
    for line in table.strip().splitlines():
        lemma, *forms = line.split()
        lemmas.update(dict.fromkeys([lemma, *forms], lemma))
    return lemmas


LEMMAS: Mapping[str, str] = _lemmas("""
accumulator accumulators accumulate accumulates accumulated accumulating accumulation accumulations acc accs accum accums accu psum psums bucket buckets collects collecting gathers gathering
accelerator accelerators
accurate
activation activations act acts ifmap ifmaps activn
adder adders
approximate approx approximated approximates approximating inexact imprecise
array arrays
bit bits
byte bytes
cell cells
clock clocks clk clocked clocking
coefficient coefficients coeff coef
col cols column columns
cycle cycles
dataflow dataflows
dimension dimensions dim dims
element elements
engine engines
exact
filter filters
float floats
frequency freq frequencies
gemm gemms
ghz gigahertz
height heights
hz hertz
input inputs
int sint ints
integer integers
kernel kernels
lane lanes
khz kilohertz
log logarithmic
mac macs
matmul matmuls
matrix matrices matrixes
mhz megahertz
multiplicand multiplicands
multiplier multipliers mult mults mul
multiply multiplies multiplying multiplication multiplications multiplied
nibble nibbles
ns nanosecond nanoseconds nsec
operand operands
output outputs
parameter parameters param params
partial
pe pes
period periods
per
precision precisions
processing
processor processors
product products
register registers
ps picosecond picoseconds
result results
row rows
segment segments
signed
size sizes sized
stationary
sum sums
systolic
tensor tensors
tpu tpus
type types datatype datatypes dtype
uint uints
unit units
unsigned
us microsecond microseconds
weight weights wgt wgts wt wts
width widths bitwidth bitwidths
""")
"""Every form of a technical word, and the form that patterns use."""

MACROS: Mapping[str, str] = {
    "N": r"-?\d+(?:\.\d+)?",
    "X": r"x|by|\*|on|times|cross",
    "EQ": r"=|:|: =|= =|is|are|of|to|equals|equal|equal to|set to|is set to|should be|must be|will be|>|- >",
    "ENGINE": r"engine|unit|accelerator|core|processor|block|array|machine|kernel|hardware|coprocessor|co processor|fabric",
    "SIGN": r"signed|unsigned|two's complement|twos complement|two s complement|2 s complement|2's complement|non signed",
    "ROLE": r"ACT|WGT|ACC|OPND|INPUT|OUT|OPA|OPB",
    "ADJ": r"signed|unsigned|integer|int|wide|precision|quantized|quantised|deep|of|two's complement|resolution|long",
    "KEY": r"(?: (?:data|bit|word|operand|value|values|register))?(?: (?:width|precision|bit|size|length|type|format|resolution|depth)){0,3}",
    "FILL": (
        r"=|:|>|->|is|are|of|in|at|as|be|being|use|uses|using|used|have|has|having|should|must|will|shall|to|set|stored|kept|"
        r"held|represented|encoded|quantized|quantised|wide|with|into|on|take|takes|need|needs|come|comes|go|goes|"
        r"can|register|place|done|performed|happens|leave|leaves|exit|produced|delivered|out|exact|precision|width|resolution|format|signed|unsigned|integer|integers|two's complement|equal|equals|,"
    ),
    "HOLD": r"keep|keeps|keeping|kept|hold|holds|holding|held|pin|pins|pinned|lock|leave|leaves|stay|stays|remain|remains",
    "PLACE": (
        r"stationary|in place|inside|fixed|parked|pinned|held|frozen|locked|still|resident|local|put|static|in pe|in processing element|in array|inside pe|"
        r"in element|inside element|in mac|inside mac|inside processing element|inside array|preloaded|within pe|in register(?! of)|locally|in cell|inside cell"
    ),
}
"""Named parts of patterns."""

DROPPED = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "its",
        "it's",
        "their",
        "both",
        "each",
        "every",
        "all",
        "just",
        "only",
        "exactly",
        "own",
        "any",
    ]
)
"""Words that patterns never see: they stand between others and change nothing."""

_HARMLESS = """
    a able about above accelerator accelerators accordance according accordingly achieve actually add added after
    afternoon again all along alright also although always am amount an and another any anyone anything apply
    approach appropriate architecture architectures are arithmetic arrange arranged arrangement arrive arrives
    arriving as as-is asap ask asking asks assignment at attached available awesome based basic basically be because
    been before behind being belong belongs below best better between big bitte block blocks boss build building
    built but by called can can't cannot capable cheers chip ciao circuit circuits class code colleague combine
    combined come comes compact complete component composed comprise comprised comprises comprising computation
    compute computes computing configuration configure configured consist consisting consists construct contain
    contained containing contains cool core cores could couldn't course create created creating curious custom
    customized dear deep define defined defines definitely definition deliver describe described describes
    description design designed designing designs desire desired device devices do document does doing domain don't
    done draft during e.g each easy eg either emit employ employed employing employs engine engines enough entries
    entry especially etc evaluate even evening every everything everywhere exactly example fabricate fancy feature
    features featuring fed feed feeding feeds field fields file files final finally fine first fits following
    follows for form friday friend from full fully function functional general generate generated generates
    generating generation generic get give given gives go goal good got gracias great greetings grid guess ha had
    happy hardware has have having hdl header heart hello help helpful hence her here here's hereby herein hey hi
    his hmm hold holds homework honestly how i i'd i'll i'm i've i.e idea ie if impact implement implementation
    implemented implementing implements in include included includes including inside instance instead interested
    into is it it's item items its itself job just keep key keys kind kindest kindly know lab laid large learn let
    let's like likes list little long look looking lot lots love low-cost machine madam made main make makes making
    manner may maybe me mean meaning meant measure measures medium merci mesh might minimal minute model module
    modules moment monday more morning most much must my name named namely need needed needs new next nice nominal
    nothing now number numbers objective obviously of ok okay on once one onto operand operate operates operating
    operation operations option optional options or order organised organized other our out over overall own paper
    param parameter parameterised parameterized parameters parametrized params part particular path peak per perform
    performing performs perhaps please pls plus possible prefer preferably preferred prepare pretty probably
    processor processors produce produces producing professor project proper properly proposed provide provided
    provides purpose put question quick quickly quite read reading ready realisation realise realization realize
    really rectangular regards remaining request require required requirement requirements requires research
    respectively rest return returns right row's rtl run running runs same sample saturday say says see sentence set
    sets setting settings shall she should should've show simple simply since single sir sized small smallest so
    some somebody someone something somewhat spec specification specifications specified specifies specify specs
    square standard start structure student students stuff style styled such suitable sunday super support supported
    supporting supports supposed sure synthesisable synthesizable system systems table take takes taking target
    targeted targeting targets task team tell test than thank thanks that that's the their them themselves then
    there there's therefore thereof these thesis they they're thing think thinking this those though through throw
    thursday thus thx tiny to today today's together told tomorrow too total try trying tuesday two-dimensional type
    types under unit until up upon us use used user uses using usual utilize utilizes utilizing value values various
    verilog version versus very via vs want wanted wanting wants was way we we'd we're wednesday week well were what
    what's whatever where whereby wherein whether which while who whole whose wide will willing wish with within
    wonder wondering work working works would would've write writes writing written yes yet you you're your yours
"""
HARMLESS = frozenset(_HARMLESS.split())
"""Words that ask for nothing by themselves. Technical words must never stand here."""

SATELLITES: Mapping[str, tuple[str, ...]] = {
    "clock": ("clock_mhz", "pe_count"), "frequency": ("clock_mhz",), "speed": ("clock_mhz",), "rate": ("clock_mhz", "pe_count"),
    "period": ("clock_mhz",), "timing": ("clock_mhz",), "constraint": ("clock_mhz",), "signal": ("clock_mhz",), "cycle": ("pe_count",),
    "operation": ("kind",),
    "dataflow": ("dataflow",), "flow": ("dataflow",), "mapping": ("dataflow",), "scheme": ("dataflow", "multiplier", "adder"),
    "mode": ("dataflow",), "stationary": ("dataflow",), "strategy": ("dataflow",),
    "array": ("kind:systolic_array",), "systolic": ("kind:systolic_array",), "pe": ("kind:systolic_array",),
    "processing": ("kind:systolic_array",), "element": ("kind:systolic_array",), "cell": ("kind:systolic_array",),
    "row": ("rows",), "col": ("cols",), "size": ("rows", "operand_width"), "dimension": ("rows",), "shape": ("rows",),
    "height": ("rows",), "tile": (), "matrix": ("kind:systolic_array",), "multiply": ("kind",), "n": ("square",),
    "nxn": ("square",), "tensor": ("kind:systolic_array",), "matmul": ("kind:systolic_array",), "gemm": ("kind:systolic_array",),
    "unit": ("kind",), "mac": ("kind:mac", "kind:systolic_array"),
    "multiplier": ("kind",), "adder": ("kind:adder", "kind:mac", "kind:systolic_array", "adder"),
    "accumulator": ("kind:mac", "kind:systolic_array"), "partial": ("kind:mac", "kind:systolic_array"),
    "sum": ("kind",), "product": ("kind",),
    "activation": ("kind:mac", "kind:systolic_array", "kind:multiplier"),
    "weight": ("kind:mac", "kind:systolic_array", "kind:multiplier"),
    "input": ("kind",), "output": ("kind",), "result": ("kind",), "operand": ("kind",), "data": ("kind",),
    "width": ("operand_width",), "bit": ("operand_width",), "precision": ("operand_width",),
    "integer": ("operand_width", "kind"), "int": ("operand_width",), "word": ("operand_width",),
    "carry": ("adder",), "chain": ("adder",), "workload": ("gemm",), "workloads": ("gemm",),
    "family": ("multiplier", "adder"), "encoding": ("multiplier",), "recoding": ("multiplier",),
    "words": ("operand_width",), "vector": ("kind:mac",), "vectors": ("kind:mac",), "lane": ("rows",),
    "quantized": ("operand_width",), "quantised": ("operand_width",), "uniform": ("operand_width",),
    "combinational": ("kind:adder", "kind:multiplier"), "combinatorial": ("kind:adder", "kind:multiplier"),
    "register": ("accumulator_width_bits",), "signedness": ("signed",), "sign": ("signed",),
    "fixed": ("dataflow",), "computation": ("kind",), "arithmetic": ("kind",),
    "approximate": ("multiplier", "adder"), "exact": ("kind",), "accurate": ("multiplier", "adder"),
}  # fmt: skip
"""Words that are understood where the request says something about one of these topics, and reported elsewhere."""

NUMBER_WORDS: Mapping[str, int] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40,
    "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
}  # fmt: skip
"""Words for numbers."""

# Real words that a typo correction would mistake for a technical one.
_PROTECTED = """
block ladder address addresses addressed addressing added adding designed singed singlet height heights eight multiplexer multiplexers
multiplexor divider metric metrics systemic activate activated activates active activity activities frequently periodic accumulative
unassigned consigned assigned resigned operator operators operation resolution weighted weighing weighty freight multiple multiples
multiplicity stationed stationing output outset outcome layout inputted insert inset arrange array's arrow arrival colored colour color
colon colony column's with word words world widely widen wider winter write cyclic cyclical cyclone recycle bicycle matrix's mattress
processed processes procession process element's elementary float's floating floor flow flows flowing data database frequent proceed
partially partition partitioned particle particles party parties signal signals signature signet sign signs design precise precisely
precious decision resultant resulting consult product's production productive productivity produced segment's sediment sentiment
segmented tensile tension sensor sensors censor uniform unity union united unite united until kernel's colonel external internal filtered filtering
fitter sliter folder header headers reader leader adders' adept adapter adapters adaptor hinder handle hurdle accelerate accelerated acceleration
accelerates efficient efficiently coefficient's parameterized parameterised parametric diameter perimeter dimensional dimensionality
typed typical typically clocky crock click clicks flock locks stock cells sell call calls cello width's widths depth length strength
unsound unsung unsignedness signedness integral integrate integrated integrates integration interger inner internet interrupt interest
byte's bites bites quite white nibbled size's seize seized sizable resize resized operated rows' arose roses rose grow crow brow
sixteenth eighth seventh fifteen fifty sixty forty forty three there where these those
"""

# Short or dangerous forms that a misspelt word is never read as.
_NOT_MEANT = "mults accum accums psums coeff sized dtype activn float floats inexact"
_ALIAS_WORDS = (
    "mitchell kulkarni alphabet broken lookahead kogge wallace dadda ripple dynamic unbiased underdesigned truncation"
)

_ACCELERATOR_WORDS = "crossbar crossbars ternary decoder transformer converter converters hybrid context positions"


@cache
def technical_words() -> Mapping[str, str]:
    """Words that a misspelt word may have meant, with their lemmas."""
    words = {form: lemma for form, lemma in LEMMAS.items() if len(form) >= 5}
    words.update({word: word for word in (*_ALIAS_WORDS.split(), *_ACCELERATOR_WORDS.split())})
    words.update({word: word for word in NUMBER_WORDS if len(word) >= 6})
    for word in _NOT_MEANT.split():
        words.pop(word, None)
    return words


@cache
def protected_words() -> frozenset[str]:
    """Words that are right as they are."""
    return (
        frozenset(_PROTECTED.split())
        | HARMLESS
        | DROPPED
        | frozenset(LEMMAS)
        | frozenset(SATELLITES)
        | frozenset(NUMBER_WORDS)
    )
