"""Contracts of whole accelerators: the tensor unit, the PIM tile, the hybrid that runs a decoder layer."""

from __future__ import annotations

from tpugen.spec.accelerators import CellFaults, CrossbarSpec, PimLlmSpec, PimTileSpec, ReadNoise, TpuSpec
from tpugen.spec.contract_axi import axi_lite_channels, axi_lite_ports, stream_channel, stream_ports
from tpugen.spec.contract_parts import CLOCK_PORTS, Channel, Contract, port_in, port_out
from tpugen.spec.latency import latency_for

__all__ = ["PROGRAM_WEIGHTS", "pim_llm_contract", "pim_tile_contract", "tpu_contract"]

PROGRAM_WEIGHTS = 16
"""Weights of one programming word of a tile."""

_TPU_ADDRESS_BITS = 6
_PIM_LLM_ADDRESS_BITS = 12
_RESIDUAL_BITS = 16

_TPU_REGISTERS = {
    "CONTROL": "write 1: start a job, 2: abort it; reads 0",
    "STATUS": "see below; a 1 written to a bit clears it",
    "SIZE_M": "rows of A and C, 16 bits",
    "SIZE_K": "columns of A, rows of B, 16 bits",
    "SIZE_N": "columns of B and C, 16 bits",
    "CONFIG": (
        "bit 0 biases, 2..1 activation (0 none, 1 ReLU, 2 squared ReLU), 3 int32 results, 4 unsigned activations, "
        "12..8 shift of the square"
    ),
    "MULTIPLIER": "of the requantisation, unsigned",
    "RESCALE": "bits 5..0 shift, 15..8 zero point (int8)",
    "CYCLES": "read only: cycles of the job so far, or of the last one",
    "SHAPE": "read only: rows - 1 in bits 7..0, columns - 1 in 15..8, operand depth in 31..16",
}
"""What each register of `tpugen.arithmetic.tpu.Register` holds."""


def tpu_contract(spec: TpuSpec) -> Contract:
    """The contract of a tensor unit; its driver's model is `tpugen.arithmetic.tpu`."""
    rows, cols = spec.rows, spec.cols
    row_bytes = f"byte r holds row r of the tile, {'uint8 or ' if spec.unsigned_activations else ''}int8"
    return Contract(
        module=(
            f"tpu_{rows}x{cols}_depth{spec.operand_depth}_mul{spec.multiplier_width_bits}"
            f"{'_unsigned' if spec.unsigned_activations else ''}"
        ),
        ports=(
            *CLOCK_PORTS,
            port_out("interrupt_o", 1, "a job is done, or something went wrong"),
            *axi_lite_ports(_TPU_ADDRESS_BITS),
            *stream_ports("s_axis_a", "sink", 8 * rows, f"column k of a tile of A: {row_bytes}", "of A in this job"),
            *stream_ports(
                "s_axis_b", "sink", 8 * cols, "row k of a tile of B: byte c holds column c, int8", "of B in this job"
            ),
            *stream_ports(
                "s_axis_bias",
                "sink",
                32 * cols,
                "biases of a tile: word c is column c's, int32",
                "of the biases in this job",
            ),
            *stream_ports(
                "m_axis",
                "source",
                32 * cols,
                "a row of a tile of C, column 0 lowest: an int8 byte or an int32 word each",
                "of the job",
                keep="bytes that hold results",
            ),
        ),
        channels=(
            *axi_lite_channels(),
            stream_channel("s_axis_a", "sink"),
            stream_channel("s_axis_b", "sink"),
            stream_channel("s_axis_bias", "sink"),
            stream_channel("m_axis", "source", keep=True),
        ),
        behaviour=_tpu_behaviour(spec),
        latency=latency_for(spec),
    )


def _tpu_behaviour(spec: TpuSpec) -> tuple[str, ...]:
    from tpugen.arithmetic.tpu import Register, Status

    rows, cols, depth = spec.rows, spec.cols, spec.operand_depth
    unsigned = (
        "Bit 4 of CONFIG makes a job's activations uint8."
        if spec.unsigned_activations
        else "Activations are int8; bit 4 of CONFIG reads 0."
    )
    return (
        "Computes jobs C = f(A x B + bias) with A of M x K, B of K x N, all 1..65535: int8 operands, int32 sums, on "
        f"an output-stationary array of {rows} x {cols}, tile by tile, tiles along N first, then along M.",
        f"Operand memories of two banks of {depth} slices let streams run ahead of the array. For slice k of tile "
        f"(m, n) a beat of A carries A[m*{rows}+r, k] and a beat of B carries B[k, n*{cols}+c]. Where K <= {depth}, A "
        "is sent once for each m, else again for each (m, n); B is sent for each (m, n), but once in all where "
        f"K <= {depth} and N <= {cols}. Biases: a beat for each (m, n), where enabled. Rows and columns beyond the "
        "matrices are don't care; tlast marks a stream's last beat of the job; A and B are served side by side.",
        "Post-processing: s = saturate32(sum + bias); v = saturate32(round(s*multiplier/2^shift)), halves away from "
        f"zero, multiplier of {spec.multiplier_width_bits} bits; w = v, max(v, 0), or "
        "round(min(max(v, 0), 32767)^2/2^square shift); result = saturate(w + zero point) to int8 or int32.",
        "Results leave as the rows of each tile, rows outside C left out; tkeep is set for columns inside C.",
        unsigned,
        "Registers (AXI4-Lite, 32 bits, byte addresses): "
        + "; ".join(f"0x{address:02X} {address.name}: {_TPU_REGISTERS[address.name]}" for address in Register)
        + ".",
        "Status bits: "
        + ", ".join(f"{bit.value.bit_length() - 1} {bit.name}" for bit in Status)
        + ". All but BUSY stay until cleared; DONE falls with the next start, too. interrupt_o is high while any but "
        "BUSY is set.",
        "What breaks the protocol ends in a status bit, never in a hang: an illegal or second start, a setting changed "
        "while busy and unknown addresses are refused (SLVERR); tlast too early: the rest counts as zeros; tlast "
        "missing: later beats wait for the next job.",
    )


def pim_tile_contract(spec: PimTileSpec) -> Contract:
    """The contract of a PIM tile; its bit-accurate model is `tpugen.arithmetic.crossbar`."""
    width, result = spec.activation_width_bits, spec.result_width_bits
    word = 2 * PROGRAM_WEIGHTS
    return Contract(
        module=(
            f"pim_tile_{spec.rows}x{spec.cols}_s{width}_r{result}{_crossbar_name(spec)}"
            f"{f'_in{spec.input_lanes}' if spec.input_lanes > 1 else ''}"
            f"{f'_out{spec.output_lanes}' if spec.output_lanes > 1 else ''}"
        ),
        ports=(
            *CLOCK_PORTS,
            port_in("activation_valid_i", 1, "activations are offered"),
            port_out("activation_ready_o", 1, "the activations are taken"),
            port_in("activation_last_i", 1, "this beat is the last of its vector; rows that it leaves out are zero"),
            port_in(
                "activation_i",
                spec.input_lanes * width,
                _lanes("activation", spec.input_lanes, width),
            ),
            port_out("result_valid_o", 1, "results are offered"),
            port_in("result_ready_i", 1, "the results are taken"),
            port_out("result_last_o", 1, "this beat is the last of its vector"),
            port_out(
                "result_o",
                spec.output_lanes * result,
                _lanes("result", spec.output_lanes, result, "; lanes beyond the last result are zero"),
            ),
            port_out("result_planes_o", 5, "bit planes that were read for this vector"),
            port_out("result_clips_o", 32, "conversions of this vector that clipped, modulo 2^32"),
            port_in("program_valid_i", 1, "a command is offered"),
            port_out("program_ready_o", 1, "the command is taken"),
            port_in("program_write_i", 1, "1: write the word; 0: read it back"),
            port_in("program_crossbar_i", 16, f"crossbar r*{spec.shape.block_cols}+c: row block r, column block c"),
            port_in("program_row_i", 16, "word line of the crossbar"),
            port_in("program_word_i", 16, f"word k of a row holds columns k*{PROGRAM_WEIGHTS} and on"),
            port_in("program_data_i", word, "weight i at [2*i +: 2]: bit 0 the positive cell, bit 1 the negative one"),
            port_out("readback_valid_o", 1, "a word read back is offered"),
            port_in("readback_ready_i", 1, "the word is taken"),
            port_out("readback_data_o", word, "what the cells conduct, stuck ones included"),
            port_out(
                "error_o", 2, "since the last clear: [0] a vector was too long, [1] a command's address was outside"
            ),
            port_in("error_clear_i", 1, "clears error_o"),
        ),
        channels=_PIM_TILE_CHANNELS,
        behaviour=_pim_tile_behaviour(spec),
        latency=latency_for(spec),
    )


def _lanes(what: str, lanes: int, width_bits: int, beyond: str = "") -> str:
    if lanes == 1:
        return f"beat k: {what} k, two's complement"
    return f"beat k: {what} k*{lanes}+i, two's complement, at [i*{width_bits} +: {width_bits}]{beyond}"


_PIM_TILE_CHANNELS = (
    Channel(
        name="activation",
        role="sink",
        valid="activation_valid_i",
        ready="activation_ready_o",
        payload=("activation_i",),
        last="activation_last_i",
    ),
    Channel(
        name="result",
        role="source",
        valid="result_valid_o",
        ready="result_ready_i",
        payload=("result_o", "result_planes_o", "result_clips_o"),
        last="result_last_o",
    ),
    Channel(
        name="program",
        role="sink",
        valid="program_valid_i",
        ready="program_ready_o",
        payload=(
            "program_write_i",
            "program_crossbar_i",
            "program_row_i",
            "program_word_i",
            "program_data_i",
        ),
    ),
    Channel(
        name="readback",
        role="source",
        valid="readback_valid_o",
        ready="readback_ready_i",
        payload=("readback_data_o",),
    ),
)


def _pim_tile_behaviour(spec: PimTileSpec) -> tuple[str, ...]:
    shape, low = spec.shape, 1 << (spec.adc_bits - 1)
    skipping = (
        "Bit planes that are zero in every row are skipped (of an all-zero vector plane 0 is read)."
        if spec.zero_skipping
        else "Every bit plane is read."
    )
    return (
        f"Multiplies vectors of {spec.rows} {spec.activation_width_bits}-bit activations by a {spec.weights} matrix of "
        f"{spec.rows} x {spec.cols}, held in {shape.block_rows} x {shape.block_cols} differential crossbars of "
        f"{spec.crossbar_rows} x {spec.crossbar_cols} cell pairs: "
        "result[c] = sum of activation[r]*weight[r][c] over r.",
        "Activations are applied bit by bit, least significant plane first. Of each column pair a signed "
        f"{spec.adc_bits}-bit ADC reads positive less negative sum and clips it to {-low}..{low - 1}; "
        f"{spec.columns_per_adc} neighbouring column pairs share an ADC, one after the other. Codes are added over the "
        " row blocks and shift-added over the planes, the sign plane counting negative.",
        f"{skipping} Conversions that clipped are counted for each vector, in the matrix's columns.",
        f"A vector enters in {shape.input_beats} beats or fewer (activation_last_i ends it, missing rows are zero; a "
        f"longer one is cut and reported in error_o) and gives {shape.output_beats} beats of results. The next vector "
        "may enter while the last plane of this one is converted.",
        f"Cells hold 0 after power-up; commands write and read back words of {PROGRAM_WEIGHTS} weights. Stuck cells "
        "and read noise of the behavioural crossbar are drawn from seeds, as in the model tpugen.arithmetic.crossbar.",
    )


def pim_llm_contract(spec: PimLlmSpec) -> Contract:
    """The contract of the hybrid accelerator; its driver's model is `tpugen.arithmetic.decoder_layer.host`."""
    element = "element of the residual stream, int16 fixed point, element 0 first"
    return Contract(
        module=_pim_llm_name(spec),
        ports=(
            *CLOCK_PORTS,
            port_out("interrupt_o", 1, "a token is done, or something went wrong"),
            *axi_lite_ports(_PIM_LLM_ADDRESS_BITS),
            *stream_ports("s_axis_x", "sink", _RESIDUAL_BITS, f"the token's next {element}", "of the token"),
            *stream_ports("m_axis_x", "source", _RESIDUAL_BITS, f"the layer's next {element}", "of the token"),
        ),
        channels=(*axi_lite_channels(), stream_channel("s_axis_x", "sink"), stream_channel("m_axis_x", "source")),
        behaviour=_pim_llm_behaviour(spec),
        latency=latency_for(spec),
    )


def _pim_llm_name(spec: PimLlmSpec) -> str:
    norm = {"rms_norm": "rms", "layer_norm": "ln"}[spec.norm]
    return (
        f"pim_llm_d{spec.d}_h{spec.heads}_kv{spec.kv_heads}_ff{spec.d_ff}{'_gated' if spec.gated else ''}"
        f"_ctx{spec.context}_{norm}_{spec.activation}_{spec.rows}x{spec.cols}_depth{spec.operand_depth}"
        f"{_crossbar_name(spec)}"
    )


def _crossbar_name(spec: CrossbarSpec) -> str:
    """What the names of all modules with crossbars say of them."""
    faults, noise = spec.faults, spec.noise
    return (
        f"_{spec.weights}_xbar{spec.crossbar_rows}x{spec.crossbar_cols}_adc{spec.adc_bits}_share{spec.columns_per_adc}"
        f"{'_skip' if spec.zero_skipping else ''}"
        f"{f'_stuck{faults.stuck_off}_{faults.stuck_on}_{faults.seed}' if faults != CellFaults() else ''}"
        f"{f'_noise{noise.sigma}_{noise.seed}' if noise != ReadNoise() else ''}"
    )


def _pim_llm_behaviour(spec: PimLlmSpec) -> tuple[str, ...]:
    norm = {"rms_norm": "RMSNorm", "layer_norm": "LayerNorm"}[spec.norm]
    activation = {"gelu": "GELU", "relu2": "squared ReLU"}[spec.activation]
    hidden = f"{activation}(W_G n) * (W_I n)" if spec.gated else f"{activation}(W_I n)"
    matrices = ", ".join(f"{name} {rows} x {cols}" for name, (rows, cols) in spec.shape.matrices.items())
    return (
        f"Runs one pre-norm decoder layer, a token at a time: {spec.d} wide, {spec.heads} query heads of "
        f"{spec.shape.d_head}, {spec.kv_heads} key and value heads, a KV cache of {spec.context} positions.",
        f"x1 = x + W_X attention(W_Q n, W_K n, W_V n) with n = quantise({norm}(x)); x2 = x1 + W_O quantise({hidden}) "
        f"with n = quantise({norm}(x1)); quantise is absmax to int8, residual sums saturate to int16. "
        "Bit-accurate model: tpugen.arithmetic.decoder_layer.run_token.",
        f"Matrices, {spec.weights}, inputs x outputs: {matrices}; each in a tile of {spec.crossbar_rows} x "
        f"{spec.crossbar_cols} crossbars with signed {spec.adc_bits}-bit ADCs, {spec.columns_per_adc} columns each"
        f"{', zero bit planes skipped' if spec.zero_skipping else ''}. Scores and contexts run on an output-stationary "
        f"array of {spec.rows} x {spec.cols} with operand memories of {spec.operand_depth} slices.",
        f"A token: the host writes POSITION and starts; {spec.d} beats of x enter on s_axis_x and {spec.d} beats of x2 "
        "leave on m_axis_x, tlast on the last; operators follow one another, and a counter for each says its cycles.",
        "Before the first token the host writes constants, norm gains and matrices over AXI4-Lite; the register map, "
        "the writes and the status bits are those of tpugen.arithmetic.decoder_layer.host.",
        "What breaks the protocol (a start while busy, a position beyond the context or after one never written, x too "
        "short or too long, unknown addresses, changes while busy) sets a status bit, never hangs. Reset clears "
        "registers, counters and the sequence, not crossbar cells and gains.",
    )
