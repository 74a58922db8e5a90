/// AXI4-Lite slave of 32 bits for a block of registers: a write or a read is one pulse, and is answered at once.
///
/// Address and data of a write are taken together. Protection bits are ignored; strobes become a mask of bits.
module axi_lite_port #(
  /// Width of an address, in bits; legal 3..32.
  parameter integer AddressWidth = 6
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,
  input  wire                    s_axil_awvalid_i,
  output wire                    s_axil_awready_o,
  input  wire [AddressWidth-1:0] s_axil_awaddr_i,
  input  wire [2:0]              s_axil_awprot_i,
  input  wire                    s_axil_wvalid_i,
  output wire                    s_axil_wready_o,
  input  wire [31:0]             s_axil_wdata_i,
  input  wire [3:0]              s_axil_wstrb_i,
  output wire                    s_axil_bvalid_o,
  input  wire                    s_axil_bready_i,
  output wire [1:0]              s_axil_bresp_o,
  input  wire                    s_axil_arvalid_i,
  output wire                    s_axil_arready_o,
  input  wire [AddressWidth-1:0] s_axil_araddr_i,
  input  wire [2:0]              s_axil_arprot_i,
  output wire                    s_axil_rvalid_o,
  input  wire                    s_axil_rready_i,
  output wire [31:0]             s_axil_rdata_o,
  output wire [1:0]              s_axil_rresp_o,
  /// A register is written in this cycle.
  output wire                    write_o,
  /// Which register: the address in words.
  output wire [AddressWidth-3:0] write_word_o,
  output wire [31:0]             write_data_o,
  /// Bits that are written.
  output wire [31:0]             write_mask_o,
  /// The write is refused.
  input  wire                    write_error_i,
  /// A register is read in this cycle.
  output wire                    read_o,
  /// Which register: the address in words.
  output wire [AddressWidth-3:0] read_word_o,
  input  wire [31:0]             read_data_i,
  /// The read is refused.
  input  wire                    read_error_i
);

  localparam [1:0] Okay = 2'b00;
  localparam [1:0] SlaveError = 2'b10;

  generate
    if (AddressWidth < 3 || AddressWidth > 32) begin : gen_address_error
      tpugen_error_address_width_must_be_3_to_32 u_error ();
    end
  endgenerate

  reg        bvalid_q;
  reg [1:0]  bresp_q;
  reg        rvalid_q;
  reg [31:0] rdata_q;
  reg [1:0]  rresp_q;

  wire write = s_axil_awvalid_i && s_axil_wvalid_i && (!bvalid_q || s_axil_bready_i);
  wire read  = s_axil_arvalid_i && s_axil_arready_o;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      bvalid_q <= 1'b0;
      rvalid_q <= 1'b0;
    end else begin
      bvalid_q <= write || (bvalid_q && !s_axil_bready_i);
      rvalid_q <= read || (rvalid_q && !s_axil_rready_i);
    end
  end

  always @(posedge clk_i) begin
    if (write) begin
      bresp_q <= write_error_i ? SlaveError : Okay;
    end
    if (read) begin
      rdata_q <= read_data_i;
      rresp_q <= read_error_i ? SlaveError : Okay;
    end
  end

  assign s_axil_awready_o = write;
  assign s_axil_wready_o  = write;
  assign s_axil_bvalid_o  = bvalid_q;
  assign s_axil_bresp_o   = bresp_q;
  assign s_axil_arready_o = !rvalid_q || s_axil_rready_i;
  assign s_axil_rvalid_o  = rvalid_q;
  assign s_axil_rdata_o   = rdata_q;
  assign s_axil_rresp_o   = rresp_q;

  assign write_o      = write;
  assign write_word_o = s_axil_awaddr_i[AddressWidth-1:2];
  assign write_data_o = s_axil_wdata_i;
  assign write_mask_o = {{8{s_axil_wstrb_i[3]}}, {8{s_axil_wstrb_i[2]}},
                         {8{s_axil_wstrb_i[1]}}, {8{s_axil_wstrb_i[0]}}};
  assign read_o       = read;
  assign read_word_o  = s_axil_araddr_i[AddressWidth-1:2];

  wire unused_bits = &{1'b0, s_axil_awaddr_i[1:0], s_axil_araddr_i[1:0], s_axil_awprot_i, s_axil_arprot_i};

endmodule
