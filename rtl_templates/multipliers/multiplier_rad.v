/// RAD: the weight's low K bits become one digit 0, +-1, 2, 4 or 8 times 2^(K-4), its other bits radix-4 Booth digits.
module multiplier_rad #(
  /// Width of the activation, in bits; legal 2..32.
  parameter integer ActivationWidth = 8,
  /// Width of the weight, in bits; legal 4..32.
  parameter integer WeightWidth = 8,
  /// 1: two's complement operands and product; 0: unsigned.
  parameter integer Signed = 1,
  /// Bits in the high-radix digit; legal 4..WeightWidth.
  parameter integer K = 4
) (
  input  wire [ActivationWidth-1:0]             activation_i,
  input  wire [WeightWidth-1:0]                 weight_i,
  output wire [ActivationWidth+WeightWidth-1:0] product_o
);

  localparam integer ProductWidth = ActivationWidth + WeightWidth;
  // Unsigned operands are signed ones with a zero in front; its bits may lie above the product's.
  localparam integer Width             = ProductWidth + 2;
  localparam integer MultiplicandWidth = ActivationWidth + 1 - Signed;
  localparam integer Digits            = (WeightWidth - K + 2 - Signed) / 2;
  localparam integer Rows              = Digits + 2;
  // Room for eight times the multiplicand, and an even width: then the 1 that completes the last Booth row's negation
  // finds its column empty, either in the constant's row or in the high-radix digit's.
  localparam integer DigitRowWidth     = MultiplicandWidth / 2 * 2 + 4;

  generate
    if (ActivationWidth < 2 || ActivationWidth > 32) begin : gen_activation_error
      tpugen_error_activation_width_must_be_2_to_32 u_error ();
    end
    if (WeightWidth < 4 || WeightWidth > 32) begin : gen_weight_error
      tpugen_error_rad_weight_width_must_be_4_to_32 u_error ();
    end
    if (Signed != 0 && Signed != 1) begin : gen_signed_error
      tpugen_error_signed_must_be_0_or_1 u_error ();
    end
    if (K < 4 || K > WeightWidth) begin : gen_k_error
      tpugen_error_rad_k_must_be_4_to_the_weight_width u_error ();
    end
  endgenerate

  localparam [Width-1:0]         One      = {{(Width-1){1'b0}}, 1'b1};
  localparam [DigitRowWidth-1:0] SignOnly = {1'b1, {(DigitRowWidth-1){1'b0}}};

  // Sign bits of all rows are inverted instead of extended; this puts them right.
  function [Width-1:0] correction(input integer digits);
    integer r;
    begin
      correction = {Width{1'b0}} - (One << (K + DigitRowWidth - 5));
      for (r = 0; r < digits; r = r + 1) begin
        correction = correction - (One << (K + 2 * r + MultiplicandWidth));
      end
    end
  endfunction

  localparam [Width-1:0] Correction = correction(Digits);

  wire [DigitRowWidth-1:0] multiplicand;

  sign_extend #(
    .InputWidth  (ActivationWidth),
    .OutputWidth (DigitRowWidth),
    .Signed      (Signed)
  ) u_multiplicand (
    .data_i (activation_i),
    .data_o (multiplicand)
  );

  // The low bits in steps of 2^(K-5), as sign and distance from 0 or -1: nearest digit 0 (step 0), 1 (1 and 2),
  // 2 (3 to 5), 4 (6 to 11), 8 (12 to 15), half way up.
  wire [4:0] steps;

  generate
    if (K == 4) begin : gen_half_steps
      assign steps = {weight_i[3:0], 1'b0};
    end else begin : gen_steps
      assign steps = weight_i[K-1 -: 5];
    end
    if (K > 5) begin : gen_unused
      wire unused_low = |weight_i[K-6:0];
    end
  endgenerate

  wire       negative = steps[4];
  wire [3:0] distance = steps[3:0] ^ {4{negative}};
  wire       one      = ~distance[3] & ~distance[2] & (distance[1] ^ distance[0]);
  wire       two      = ~distance[3] & (distance[2] ? ~distance[1] : distance[1] & distance[0]);
  wire       four     = distance[3] ? ~distance[2] : distance[2] & distance[1];
  wire       eight    = distance[3] & distance[2];

  wire [DigitRowWidth-1:0] digit_row =
      (multiplicand & {DigitRowWidth{one}})
      | ((multiplicand << 1) & {DigitRowWidth{two}})
      | ((multiplicand << 2) & {DigitRowWidth{four}})
      | ((multiplicand << 3) & {DigitRowWidth{eight}});

  reg [Width-1:0] high_radix_row;
  reg [Width-1:0] constant_row;

  wire [Rows*Width-1:0] rows;

  generate
    if (Digits == 0) begin : gen_no_booth
      always @(*) begin
        high_radix_row = {Width{1'b0}};
        high_radix_row[K-4 +: DigitRowWidth] = digit_row ^ {DigitRowWidth{negative}} ^ SignOnly;
        constant_row = Correction;
        constant_row[K-4] = negative;
      end

      assign rows = {constant_row, high_radix_row};
    end else begin : gen_booth
      localparam integer LastColumn = K + 2 * Digits - 2;

      wire [2*Digits-1:0]     high;
      wire [Digits*Width-1:0] booth;
      wire                    last_negative;

      if (WeightWidth == K) begin : gen_carry_only
        assign high = {2*Digits{1'b0}};
      end else begin : gen_high
        sign_extend #(
          .InputWidth  (WeightWidth - K),
          .OutputWidth (2 * Digits),
          .Signed      (Signed)
        ) u_high (
          .data_i (weight_i[WeightWidth-1:K]),
          .data_o (high)
        );
      end

      booth_rows #(
        .MultiplicandWidth (MultiplicandWidth),
        .Digits            (Digits),
        .Offset            (K),
        .Width             (Width)
      ) u_rows (
        .multiplicand_i (multiplicand[MultiplicandWidth-1:0]),
        .multiplier_i   (high),
        .below_i        (weight_i[K-1]),
        .rows_o         (booth),
        .negative_o     (last_negative)
      );

      always @(*) begin
        high_radix_row = {Width{1'b0}};
        high_radix_row[K-4 +: DigitRowWidth] = digit_row ^ {DigitRowWidth{negative}} ^ SignOnly;
        constant_row = Correction;
        constant_row[K-4] = negative;
        if (LastColumn < K + DigitRowWidth - 5) begin
          constant_row[LastColumn] = last_negative;
        end else begin
          high_radix_row[LastColumn] = last_negative;
        end
      end

      assign rows = {constant_row, booth, high_radix_row};
    end
  endgenerate

  wire [Width-1:0] tree_sum;
  wire [Width-1:0] tree_carry;

  carry_save_tree #(
    .Rows  (Rows),
    .Width (Width)
  ) u_tree (
    .rows_i  (rows),
    .sum_o   (tree_sum),
    .carry_o (tree_carry)
  );

  wire [Width-1:0] total = tree_sum + tree_carry;

  // The recoded weight stays within -2^(n-1)..2^(n-1), unsigned within 0..2^n: nothing is lost above the product.
  wire unused_padding = |(total >> ProductWidth);

  assign product_o = total[ProductWidth-1:0];

endmodule
