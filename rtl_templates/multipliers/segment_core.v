/// Multiplies two segment codes: segment times segment, shifted back, with the sign; see segment_encoder.
module segment_core #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 2..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement product; 0: unsigned.
  parameter integer Signed = 1,
  /// Bits of a segment; legal 2 to the narrower operand's width.
  parameter integer SegmentWidth = 4
) (
  input  wire [$clog2(ActivationWidth)+SegmentWidth:0] activation_code_i,
  input  wire [$clog2(WeightWidth)+SegmentWidth:0]     weight_code_i,
  output wire [ActivationWidth+WeightWidth-1:0]        product_o
);

  localparam integer ActivationShiftWidth = $clog2(ActivationWidth);
  localparam integer WeightShiftWidth     = $clog2(WeightWidth);
  localparam integer ProductWidth         = ActivationWidth + WeightWidth;
  localparam integer Rest                 = ProductWidth - 2 * SegmentWidth;

  wire [2*SegmentWidth-1:0] segment_product;

  multiplier_exact #(
    .ActivationWidth (SegmentWidth),
    .WeightWidth     (SegmentWidth),
    .Signed          (0)
  ) u_segments (
    .activation_i (activation_code_i[SegmentWidth-1:0]),
    .weight_i     (weight_code_i[SegmentWidth-1:0]),
    .product_o    (segment_product)
  );

  wire [ProductWidth-1:0] aligned;

  generate
    if (Rest == 0) begin : gen_whole
      wire unused_shifts = ^{activation_code_i[SegmentWidth +: ActivationShiftWidth],
                             weight_code_i[SegmentWidth +: WeightShiftWidth]};
      assign aligned = segment_product;
    end else begin : gen_shift
      wire [ActivationShiftWidth-1:0] activation_shift = activation_code_i[SegmentWidth +: ActivationShiftWidth];
      wire [WeightShiftWidth-1:0]     weight_shift     = weight_code_i[SegmentWidth +: WeightShiftWidth];
      assign aligned = ({{Rest{1'b0}}, segment_product} << activation_shift) << weight_shift;
    end
  endgenerate

  generate
    if (Signed != 0) begin : gen_signed
      apply_sign #(
        .Width (ProductWidth)
      ) u_sign (
        .magnitude_i (aligned),
        .negate_i    (activation_code_i[ActivationShiftWidth+SegmentWidth]
                      ^ weight_code_i[WeightShiftWidth+SegmentWidth]),
        .data_o      (product_o)
      );
    end else begin : gen_unsigned
      wire unused_signs = activation_code_i[ActivationShiftWidth+SegmentWidth]
                          ^ weight_code_i[WeightShiftWidth+SegmentWidth];
      assign product_o = aligned;
    end
  endgenerate

endmodule
