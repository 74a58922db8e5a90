"""Block diagrams of whole accelerators, drawn from the spec: tensor unit, PIM tile, and the hybrid of both."""

from __future__ import annotations

from markupsafe import Markup

from tpugen.report import svg
from tpugen.report.accelerator_parts import Box, block, frame, grid, note, port, wire
from tpugen.spec import AcceleratorSpec, PimLlmSpec, PimTileSpec, TpuSpec

__all__ = ["accelerator_diagram", "accelerator_sentences"]

_WIDTH = 1120.0
_NORMS = {"rms_norm": "RMSNorm", "layer_norm": "LayerNorm"}
_ACTIVATIONS = {"gelu": "GELU", "relu2": "squared ReLU"}


def accelerator_diagram(spec: AcceleratorSpec) -> Markup:
    """The accelerator as a drawing."""
    match spec:
        case TpuSpec():
            return _tensor_unit(spec)
        case PimTileSpec():
            return _tile(spec)
        case PimLlmSpec():
            return _hybrid(spec)


def accelerator_sentences(spec: AcceleratorSpec) -> list[tuple[str, str]]:
    """What moves where, as (colour class, sentence): the legend of the diagram."""
    match spec:
        case TpuSpec():
            return [
                ("act", "A enters by rows of the array; a bank fills while the array takes slices from the other."),
                ("wgt", "B enters by columns, likewise; chunks that the next tile needs again stay."),
                ("res", "Sums leave a row a cycle through bias, scale, activation and saturation."),
            ]
        case PimTileSpec():
            return [
                ("act", "Activations enter in order and are applied bit by bit, the same bit of every row at once."),
                ("wgt", "Weights rest in pairs of cells; a bus programs them and reads them back."),
                ("res", "ADCs read the column sums in turns; codes are added over blocks and bits."),
            ]
        case PimLlmSpec():
            return [
                ("act", "The token: streamed an element a cycle, normalised, quantised, broadcast to the tiles."),
                ("wgt", f"Weights: {spec.weights}, in crossbars; they stay where they are."),
                ("res", "Results: requantised to the attention engine, to the activation, or added to the stream."),
            ]


def _hybrid(spec: PimLlmSpec) -> Markup:
    stream, norm = Box(150, 70, 150, 58), Box(360, 70, 150, 58)
    quantise, requantise = Box(570, 70, 160, 58), Box(510, 404, 180, 54)
    adder, activate = Box(250, 404, 160, 54), Box(790, 404, 170, 54)
    engine = Box(150, 500, 900, 190)
    tiles, bus, sums = _Row(spec), 168.0, 366.0
    feeds = _ACTIVATIONS[spec.activation] + (" × gate" if spec.gated else "")
    body = [
        *port(4, 99, "s_axis_x", "int16, d beats", color="act"),
        wire([(100, 99), stream.left], "act"),
        *port(4, 40, "m_axis_x", "the layer's output", color="res"),
        wire([(stream.x + 30, stream.y), (stream.x + 30, 34), (96, 34)], "res"),
        *block(stream, "residual stream", (f"memory, {spec.d} × 16 b",), color="act"),
        wire([stream.right, norm.left], "act"),
        *block(norm, _NORMS[spec.norm], ("16 b, exact root",)),
        wire([norm.right, quantise.left], "act"),
        *block(quantise, "absmax_quantise", ("int8 and a scale",)),
        *_bus(quantise, bus, tiles),
        *tiles.body,
        *_sum_bus(requantise, sums, tiles),
        *block(requantise, "requantise", ("multiply, shift, saturate",), color="res"),
        wire([requantise.left, adder.right], "res"),
        *block(adder, "saturating_adder", ("x + o, x + y",), color="res"),
        wire([adder.left, (118, adder.left[1]), (118, 116), (stream.x, 116)], "res"),
        wire([requantise.right, activate.left], "res"),
        *block(activate, feeds, ("g, u to h",), color="res"),
        wire([activate.right, (1086, activate.right[1]), (1086, 46), (664, 46), (664, quantise.y)], "act"),
        note(1080, 40, "h", anchor="end"),
        wire([requantise.bottom, (requantise.bottom[0], engine.y)], "res"),
        note(requantise.bottom[0] + 8, 484, "queries, keys, values: int8"),
        *_attention(spec, engine),
        wire([(1020, engine.right[1]), (1106, engine.right[1]), (1106, 28), (636, 28), (636, quantise.y)], "act"),
        note(1080, 22, "context", anchor="end"),
        *_control(engine),
    ]
    words = " ".join(sentence for _, sentence in accelerator_sentences(spec))
    title = "hybrid accelerator of one decoder layer"
    return svg.document(body, width=_WIDTH, height=706, title=title, description=words)


class _Row:
    """The tiles of the matrices, side by side."""

    def __init__(self, spec: PimLlmSpec) -> None:
        from tpugen.arithmetic.decoder_layer import tile_shapes  # brings NumPy along

        shapes = tile_shapes(spec.shape, spec.crossbars)
        gap, left, right = 12.0, 150.0, 1050.0
        width = (right - left - gap * (len(shapes) - 1)) / len(shapes)
        self.boxes: dict[str, Box] = {}
        self.body: list[Markup] = []
        for number, (name, shape) in enumerate(shapes.items()):
            box = Box(left + number * (width + gap), 192, width, 148)
            self.boxes[name] = box
            count = shape.block_rows * shape.block_cols
            self.body += [
                svg.rect(box.x, box.y, box.width, box.height, class_="unit", radius=6),
                svg.text(box.x + width / 2, box.y + 18, name, class_="strong wgt", anchor="middle", size=12),
                note(box.x + width / 2, box.y + 33, f"{shape.rows} × {shape.cols}", anchor="middle"),
                *grid(Box(box.x + 12, box.y + 42, width - 24, 52), shape.block_rows, shape.block_cols, color="wgt"),
                note(box.x + width / 2, box.y + 111, f"{count} crossbar{'s' if count > 1 else ''}", anchor="middle"),
                note(box.x + width / 2, box.y + 125, f"{spec.adc_bits}-bit ADCs", anchor="middle"),
                note(box.x + width / 2, box.y + 139, "shift and add", anchor="middle"),
            ]


def _bus(quantise: Box, y: float, tiles: _Row) -> list[Markup]:
    """Quantised vectors to all tiles."""
    boxes = list(tiles.boxes.values())
    start = quantise.right
    ends = (boxes[0].top[0], boxes[-1].top[0])
    trunk = svg.group(
        [svg.path(f"M{start[0]} {start[1]} L{start[0] + 60} {start[1]} L{start[0] + 60} {y}", class_="wire"),
         svg.line(ends[0], y, ends[1], y, class_="wire")],
        class_="flow act",
    )  # fmt: skip
    arrows = [wire([(box.top[0], y), box.top], "act") for box in boxes]
    words = note(start[0] + 70, start[1] + 4, "bit by bit into every tile that takes the vector")
    return [trunk, *arrows, words]


def _sum_bus(requantise: Box, y: float, tiles: _Row) -> list[Markup]:
    """Results of the tiles to the requantiser."""
    boxes = list(tiles.boxes.values())
    drops = [svg.line(box.bottom[0], box.bottom[1], box.bottom[0], y, class_="wire") for box in boxes]
    bus = svg.line(boxes[0].bottom[0], y, boxes[-1].bottom[0], y, class_="wire")
    return [
        svg.group([*drops, bus], class_="flow res"),
        wire([(requantise.top[0], y), requantise.top], "res"),
    ]


def _attention(spec: PimLlmSpec, engine: Box) -> list[Markup]:
    shape = spec.shape
    kept = f"{spec.context} × {shape.key_heads * shape.d_head} × 8 b"
    y = engine.y
    queries, keys, values = Box(176, y + 38, 130, 28), Box(176, y + 76, 130, 38), Box(176, y + 124, 130, 38)
    array = Box(390, y + 34, 180, 104)
    softmax, mean = Box(672, y + 28, 150, 50), Box(672, y + 116, 150, 46)
    context = Box(890, y + 72, 130, 46)
    heads = f"{shape.heads} heads of {shape.d_head}, {shape.key_heads} KV heads, {spec.context} positions"
    weights = [(softmax.x, y + 70), (softmax.x - 36, y + 70), (softmax.x - 36, y + 90), (array.right[0], y + 90)]
    sums = [(array.right[0], y + 128), (array.right[0] + 66, y + 128), (array.right[0] + 66, mean.left[1]), mean.left]
    return [
        *frame(engine, "attention engine", heads),
        *block(queries, "Q", (), color="res"),
        *block(keys, "K cache", (kept,), color="res"),
        *block(values, "V cache", (kept,), color="res"),
        *(wire([box.right, (array.x, box.right[1])], "res") for box in (queries, keys)),
        wire([values.right, (350, values.right[1]), (350, y + 128), (array.x, y + 128)], "res"),
        *grid(array, spec.rows, spec.cols, color="act"),
        svg.text(array.top[0], y + 158, "tensor unit", class_="strong", anchor="middle", size=11.5),
        note(array.top[0], y + 174, f"{spec.rows} × {spec.cols}, int8", anchor="middle"),
        wire([(array.right[0], y + 46), (softmax.x, y + 46)], "res"),
        note(array.right[0] + 8, y + 40, "scores, int32"),
        *block(softmax, "softmax", ("to the row's maximum",)),
        wire(weights, "res"),
        note(array.right[0] + 8, y + 104, "weights"),
        wire([softmax.bottom, mean.top], "res"),
        note(softmax.bottom[0] + 7, mean.y - 15, "their sum"),
        wire(sums, "res"),
        *block(mean, "weighted_mean", ("products over the sum",)),
        wire([mean.right, (context.x - 34, mean.right[1]), (context.x - 34, context.left[1]), context.left], "res"),
        *block(context, "context", (f"memory, {spec.d} × 16 b",), color="res"),
    ]


def _control(engine: Box) -> list[Markup]:
    registers, sequencer = Box(6, engine.y + 14, 116, 54), Box(6, engine.y + 112, 116, 62)
    return [
        svg.text(6, engine.y + 2, "s_axil, AXI4-Lite", class_="strong", size=10),
        *block(registers, "registers", ("scales, program,", "status, counters")),
        wire([registers.bottom, sequencer.top], "ctl"),
        *block(sequencer, "sequencer", ("21 operators,", "one at a time")),
        wire([sequencer.right, (engine.x, sequencer.right[1])], "ctl", dashed=True),
    ]


def _tensor_unit(spec: TpuSpec) -> Markup:
    bank = f"2 banks of {spec.operand_depth}"
    left, top = Box(150, 190, 150, 70), Box(410, 56, 190, 58)
    array, post, registers = Box(410, 160, 190, 130), Box(700, 182, 190, 86), Box(150, 60, 150, 74)
    lines = ("bias, multiply, shift,", "none, ReLU, ReLU squared,", "zero point, saturate")
    body = [
        *port(4, 225, "s_axis_a", f"{spec.rows} × 8 b", color="act"),
        wire([(100, 225), left.left], "act"),
        *block(left, "operand memory A", (bank, f"{spec.rows} × 8 b wide"), color="act"),
        wire([left.right, (array.x, left.right[1])], "act"),
        *port(505, 18, "s_axis_b", "", color="wgt", anchor="middle"),
        note(548, 12, f"{spec.cols} × 8 b"),
        wire([(505, 20), top.top], "wgt"),
        *block(top, "operand memory B", (bank, f"{spec.cols} × 8 b wide"), color="wgt"),
        wire([top.bottom, array.top], "wgt"),
        *grid(array, spec.rows, spec.cols, color="res", gap=5),
        svg.text(array.top[0], array.y + array.height + 18, f"array of {spec.rows} × {spec.cols}", class_="strong",
                 anchor="middle", size=11.5),
        note(array.top[0], array.y + array.height + 33, "sums stay, 32 b", anchor="middle"),
        wire([array.right, post.left], "res"),
        *block(post, "post-processing", lines),
        *port(700, 150, "s_axis_bias", "", color="act"),
        wire([(792, 146), (792, post.y)], "act"),
        wire([post.right, (1064, post.right[1])], "res"),
        *port(930, post.right[1], "m_axis", f"{spec.cols} × int8, int32", color="res"),
        *port(4, 97, "s_axil", "AXI4-Lite", color=""),
        wire([(100, 97), registers.left], "ctl"),
        *block(registers, "registers", ("sizes, rescaling,", "status, cycles")),
        wire([registers.bottom, left.top], "ctl", dashed=True),
        note(registers.bottom[0] + 8, 164, "tile by tile, along N, then M"),
    ]  # fmt: skip
    words = " ".join(sentence for _, sentence in accelerator_sentences(spec))
    title = f"tensor unit of {spec.rows} by {spec.cols}"
    return svg.document(body, width=1070, height=340, title=title, description=words)


def _tile(spec: PimTileSpec) -> Markup:
    shape = spec.shape
    entry, cells, adder = Box(150, 120, 190, 96), Box(430, 70, 270, 190), Box(780, 120, 150, 96)
    count = shape.block_rows * shape.block_cols
    lanes = "" if spec.input_lanes == 1 else f", {spec.input_lanes} a beat"
    skipping = "planes without a one skipped" if spec.zero_skipping else "every plane read"
    body = [
        *port(4, 168, "activation_i", f"{spec.activation_width_bits} b{lanes}", color="act"),
        wire([(112, 168), entry.left], "act"),
        *block(entry, "input buffer", (f"{spec.rows} × {spec.activation_width_bits} b", skipping), color="act"),
        wire([entry.right, (cells.x, entry.right[1])], "act"),
        note(entry.right[0] + 8, entry.right[1] - 8, "bit b of"),
        note(entry.right[0] + 8, entry.right[1] + 16, "all rows"),
        *grid(cells, shape.block_rows, shape.block_cols, color="wgt", gap=8),
        note(cells.x + cells.width / 2, cells.y - 26, f"{count} crossbar{'s' if count > 1 else ''} of "
             f"{spec.crossbar_rows} × {spec.crossbar_cols} pairs, {spec.weights}", anchor="middle"),
        note(cells.x + cells.width / 2, cells.y - 11, f"{spec.adc_bits}-bit ADCs, {spec.columns_per_adc} columns each",
             anchor="middle"),
        wire([(cells.x + cells.width, adder.left[1]), adder.left], "res"),
        note(cells.x + cells.width + 8, adder.left[1] - 8, "codes"),
        *block(adder, "shift and add", ("over blocks of rows", "and bits; counts", "clipped codes"), color="res"),
        wire([adder.right, (1050, adder.right[1])], "res"),
        *port(950, adder.right[1], "result_o", f"{spec.result_width_bits} b", color="res"),
        *port(4, 290, "program", "address, weights", color="wgt"),
        wire([(112, 290), (cells.bottom[0], 290), cells.bottom], "wgt"),
    ]  # fmt: skip
    words = " ".join(sentence for _, sentence in accelerator_sentences(spec))
    return svg.document(
        body, width=1070, height=316, title=f"PIM tile of {spec.rows} by {spec.cols}", description=words
    )
