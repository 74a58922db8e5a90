/// Multiplies two static segment codes: segment times segment, shifted back, with the sign; see static_segment_encoder.
module static_segment_core #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1,
  /// Bits of a segment; legal 1 to the narrower operand's width.
  parameter integer SegmentWidth = 4
) (
  input  wire [SegmentWidth+1:0]                activation_code_i,
  input  wire [SegmentWidth+1:0]                weight_code_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  localparam integer ActivationShift = ActivationWidth - SegmentWidth;
  localparam integer WeightShift     = WeightWidth - SegmentWidth;
  localparam integer ProductWidth    = ActivationWidth + WeightWidth;
  localparam integer Rest            = ProductWidth - 2 * SegmentWidth;

  wire [2*SegmentWidth-1:0] segment_product;

  generate
    if (SegmentWidth == 1) begin : gen_one_bit
      assign segment_product = {1'b0, activation_code_i[0] && weight_code_i[0]};
    end else begin : gen_segments
      multiplier_exact #(
        .ActivationWidth (SegmentWidth),
        .WeightWidth     (SegmentWidth),
        .Signed          (0)
      ) u_segments (
        .activation_i (activation_code_i[SegmentWidth-1:0]),
        .weight_i     (weight_code_i[SegmentWidth-1:0]),
        .product_o    (segment_product)
      );
    end
  endgenerate

  wire                    activation_top = activation_code_i[SegmentWidth];
  wire                    weight_top     = weight_code_i[SegmentWidth];
  wire [ProductWidth-1:0] aligned;

  generate
    if (Rest == 0) begin : gen_whole
      wire unused_tops = activation_top ^ weight_top;
      assign aligned = segment_product;
    end else begin : gen_shift
      wire [ProductWidth-1:0] wide     = {{Rest{1'b0}}, segment_product};
      wire [ProductWidth-1:0] weighted = weight_top ? wide << WeightShift : wide;
      assign aligned = activation_top ? weighted << ActivationShift : weighted;
    end
  endgenerate

  generate
    if (Signed != 0) begin : gen_signed
      apply_sign #(
        .Width (ProductWidth)
      ) u_sign (
        .magnitude_i (aligned),
        .negate_i    (activation_code_i[SegmentWidth+1] ^ weight_code_i[SegmentWidth+1]),
        .data_o      (product_o)
      );
    end else begin : gen_unsigned
      wire unused_signs = activation_code_i[SegmentWidth+1] ^ weight_code_i[SegmentWidth+1];
      assign product_o = aligned;
    end
  endgenerate

endmodule
