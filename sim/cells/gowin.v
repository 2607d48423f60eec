// Models of the Gowin cells that Yosys has only black boxes of (gowin/cells_sim.v and
// gowin/cells_xtra_*.v): block RAMs, multipliers and the PLL. They cover the configurations that
// `synth_gowin` writes after its maps gowin/dsp_map.v and gowin/brams_map.v; anything else stops the
// build. Function only, no delays.

// verilator lint_off DECLFILENAME
// verilator lint_off UNUSEDPARAM
// verilator lint_off UNUSEDSIGNAL

// Multipliers without registers: Yosys leaves those in the fabric. Modulo 2**(2 * W) the product of
// two's complement numbers is the product of their codes.
module gowin_product #(parameter W = 18) (
    input [W-1:0] A, B, input ASIGN, BSIGN, output [2*W-1:0] DOUT
);
    assign DOUT = {{W{ASIGN & A[W-1]}}, A} * {{W{BSIGN & B[W-1]}}, B};
endmodule

module MULT9X9(
    input [8:0] A, SIA, B, SIB, input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [17:0] DOUT, output [8:0] SOA, SOB
);
    gowin_product #(9) product (.A, .B, .ASIGN, .BSIGN, .DOUT);
endmodule

module MULT18X18(
    input [17:0] A, SIA, B, SIB, input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [35:0] DOUT, output [17:0] SOA, SOB
);
    gowin_product #(18) product (.A, .B, .ASIGN, .BSIGN, .DOUT);
endmodule

module MULT36X36(
    input [35:0] A, B, input ASIGN, BSIGN, CE, CLK, RESET, output [71:0] DOUT
);
    gowin_product #(36) product (.A, .B, .ASIGN, .BSIGN, .DOUT);
endmodule

// The output clock is the input clock: a simulation of cycles has no megahertz.
module rPLL #(
    parameter FCLKIN = "100.0",
    parameter DEVICE = "GW1N-1",
    parameter IDIV_SEL = 0,
    parameter FBDIV_SEL = 0,
    parameter ODIV_SEL = 8,
    parameter CLKFB_SEL = "internal"
) (
    input CLKIN, CLKFB, RESET, RESET_P,
    input [5:0] FBDSEL, IDSEL, ODSEL, input [3:0] PSDA, FDLY, DUTYDA,
    output CLKOUT, LOCK
);
    assign CLKOUT = CLKIN;
    assign LOCK = ~RESET;
endmodule

// Two ports on 2048 bytes of BYTE bits. A port of WIDTH bits sees whole bytes, which the low bits of
// its address enable from two bytes on, or a part of one byte. WRITE_MODE: what a port reads while
// it writes: 0 what it read before, 1 the new data, 2 the old.
module gowin_ram #(
    parameter BYTE = 9, WIDTH_A = 9, WIDTH_B = 9, MODE_A = 0, MODE_B = 0, ASYNC = 0,
    parameter [2048*BYTE-1:0] INIT = 0
) (
    input clk_a, ce_a, we_a, reset_a, input [13:0] at_a, input [35:0] in_a,
    output [35:0] out_a,
    input clk_b, ce_b, we_b, reset_b, input [13:0] at_b, input [35:0] in_b,
    output [35:0] out_b
);
    reg [BYTE-1:0] memory [0:2047];
    integer n;
    initial for (n = 0; n < 2048; n = n + 1) memory[n] = INIT[n*BYTE +: BYTE];

    gowin_port #(BYTE, WIDTH_A, MODE_A, ASYNC) a (
        .clk(clk_a), .ce(ce_a), .we(we_a), .reset(reset_a), .at(at_a), .in(in_a), .out(out_a),
        .old0(memory[byte_a]), .old1(memory[byte_a | 1]),
        .old2(memory[byte_a | 2]), .old3(memory[byte_a | 3]),
        .base(byte_a), .written(written_a), .fresh(fresh_a)
    );
    gowin_port #(BYTE, WIDTH_B, MODE_B, ASYNC) b (
        .clk(clk_b), .ce(ce_b), .we(we_b), .reset(reset_b), .at(at_b), .in(in_b), .out(out_b),
        .old0(memory[byte_b]), .old1(memory[byte_b | 1]),
        .old2(memory[byte_b | 2]), .old3(memory[byte_b | 3]),
        .base(byte_b), .written(written_b), .fresh(fresh_b)
    );
    wire [10:0] byte_a, byte_b;
    wire [3:0] written_a, written_b;
    wire [4*BYTE-1:0] fresh_a, fresh_b;
    integer i, j;
    always @(posedge clk_a)
        for (i = 0; i < 4; i = i + 1)
            if (written_a[i]) memory[byte_a | i[10:0]] <= fresh_a[i*BYTE +: BYTE];
    always @(posedge clk_b)
        for (j = 0; j < 4; j = j + 1)
            if (written_b[j]) memory[byte_b | j[10:0]] <= fresh_b[j*BYTE +: BYTE];
endmodule

// What one port reads and writes of up to four bytes that begin at `base`.
module gowin_port #(parameter BYTE = 9, WIDTH = 9, MODE = 0, ASYNC = 0) (
    input clk, ce, we, reset, input [13:0] at, input [35:0] in, output reg [35:0] out,
    input [BYTE-1:0] old0, old1, old2, old3,
    output [10:0] base, output [3:0] written, output [4*BYTE-1:0] fresh
);
    localparam BYTES = WIDTH < 2 * BYTE ? 1 : WIDTH / BYTE;
    wire [3:0] enabled = BYTES == 1 ? 4'b1 : BYTES == 2 ? {2'b0, at[1:0]} : at[3:0];
    wire [2:0] shift = WIDTH >= 8 ? 3'd0 : at[2:0] & ~(WIDTH[2:0] - 3'd1);
    wire [BYTE-1:0] part = WIDTH >= BYTE ? {BYTE{1'b1}} : ((1 << WIDTH) - 1) << shift;
    wire [BYTE-1:0] given = in[BYTE-1:0] << shift;
    assign base = BYTES == 1 ? at[13:3] : BYTES == 2 ? {at[13:4], 1'b0} : {at[13:5], 2'b0};
    assign written = ce && we ? enabled : 4'b0;
    wire [4*BYTE-1:0] old = {old3, old2, old1, old0};
    assign fresh = {in[4*BYTE-1:BYTE], (old0 & ~part) | (given & part)};
    wire [4*BYTE-1:0] mixed = {
        written[3] ? fresh[3*BYTE +: BYTE] : old3, written[2] ? fresh[2*BYTE +: BYTE] : old2,
        written[1] ? fresh[BYTE +: BYTE] : old1, written[0] ? fresh[0 +: BYTE] : old0
    };
    wire [35:0] kept = 36'hfffffffff >> (36 - WIDTH);
    wire [35:0] value = 36'((MODE == 1 ? mixed : old) >> shift) & kept;
    initial out = 0;
    generate
        if (ASYNC) begin : asynchronous
            always @(posedge clk or posedge reset)
                if (reset) out <= 0; else if (ce && !(we && MODE == 0)) out <= value;
        end else begin : synchronous
            always @(posedge clk)
                if (reset) out <= 0; else if (ce && !(we && MODE == 0)) out <= value;
        end
    endgenerate
endmodule

// The contents: 64 rows of BITS bits, which are 32 bytes of 8 or 9.
`define GOWIN_CONTENT { \
    INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, \
    INIT_RAM_39, INIT_RAM_38, INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, \
    INIT_RAM_33, INIT_RAM_32, INIT_RAM_31, INIT_RAM_30, INIT_RAM_2F, INIT_RAM_2E, \
    INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28, \
    INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, INIT_RAM_23, INIT_RAM_22, \
    INIT_RAM_21, INIT_RAM_20, INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, INIT_RAM_1C, \
    INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18, INIT_RAM_17, INIT_RAM_16, \
    INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10, \
    INIT_RAM_0F, INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, \
    INIT_RAM_09, INIT_RAM_08, INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, \
    INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, INIT_RAM_00 }

`define GOWIN_INIT(BITS) parameter [BITS-1:0] \
    INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, \
    INIT_RAM_04 = 0, INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0, \
    INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, \
    INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0, \
    INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, \
    INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0, \
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, \
    INIT_RAM_1C = 0, INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0, \
    INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, \
    INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0, \
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, \
    INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0, \
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, \
    INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0, \
    INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, \
    INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0

module SP #(
    `GOWIN_INIT(256),
    parameter READ_MODE = 1'b0, WRITE_MODE = 2'b00, BIT_WIDTH = 32, BLK_SEL = 3'b000,
    RESET_MODE = "SYNC"
) (
    output [31:0] DO, input [31:0] DI, input [2:0] BLKSEL, input [13:0] AD,
    input WRE, CLK, CE, OCE, RESET
);
    wire [35:0] value, unused;
    assign DO = value[31:0];
    gowin_ram #(
        .BYTE(8), .WIDTH_A(BIT_WIDTH), .MODE_A(WRITE_MODE), .ASYNC(RESET_MODE == "ASYNC"),
        .INIT(`GOWIN_CONTENT)
    ) ram (
        .clk_a(CLK), .ce_a(CE), .we_a(WRE), .reset_a(RESET), .at_a(AD), .in_a(36'(DI)),
        .out_a(value), .clk_b(CLK), .ce_b(1'b0), .we_b(1'b0), .reset_b(1'b0), .at_b(14'b0),
        .in_b(36'b0), .out_b(unused)
    );
endmodule

module DPB #(
    `GOWIN_INIT(256),
    parameter READ_MODE0 = 1'b0, READ_MODE1 = 1'b0, WRITE_MODE0 = 2'b00, WRITE_MODE1 = 2'b00,
    BIT_WIDTH_0 = 18, BIT_WIDTH_1 = 18, BLK_SEL_0 = 3'b000, BLK_SEL_1 = 3'b000, RESET_MODE = "SYNC"
) (
    input CLKA, CEA, CLKB, CEB, OCEA, OCEB, RESETA, RESETB, WREA, WREB, input [13:0] ADA, ADB,
    input [15:0] DIA, DIB, input [2:0] BLKSELA, BLKSELB, output [15:0] DOA, DOB
);
    wire [35:0] a, b;
    assign DOA = a[15:0];
    assign DOB = b[15:0];
    gowin_ram #(
        .BYTE(8), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .MODE_A(WRITE_MODE0),
        .MODE_B(WRITE_MODE1), .ASYNC(RESET_MODE == "ASYNC"), .INIT(`GOWIN_CONTENT)
    ) ram (
        .clk_a(CLKA), .ce_a(CEA), .we_a(WREA), .reset_a(RESETA), .at_a(ADA), .in_a(36'(DIA)),
        .out_a(a), .clk_b(CLKB), .ce_b(CEB), .we_b(WREB), .reset_b(RESETB), .at_b(ADB),
        .in_b(36'(DIB)), .out_b(b)
    );
endmodule

module SPX9 #(
    `GOWIN_INIT(288),
    parameter READ_MODE = 1'b0, WRITE_MODE = 2'b00, BIT_WIDTH = 32, BLK_SEL = 3'b000,
    RESET_MODE = "SYNC"
) (
    output [35:0] DO, input [35:0] DI, input [2:0] BLKSEL, input [13:0] AD,
    input WRE, CLK, CE, OCE, RESET
);
    wire [35:0] value, unused;
    assign DO = value[35:0];
    gowin_ram #(
        .BYTE(9), .WIDTH_A(BIT_WIDTH), .MODE_A(WRITE_MODE), .ASYNC(RESET_MODE == "ASYNC"),
        .INIT(`GOWIN_CONTENT)
    ) ram (
        .clk_a(CLK), .ce_a(CE), .we_a(WRE), .reset_a(RESET), .at_a(AD), .in_a(36'(DI)),
        .out_a(value), .clk_b(CLK), .ce_b(1'b0), .we_b(1'b0), .reset_b(1'b0), .at_b(14'b0),
        .in_b(36'b0), .out_b(unused)
    );
endmodule

module DPX9B #(
    `GOWIN_INIT(288),
    parameter READ_MODE0 = 1'b0, READ_MODE1 = 1'b0, WRITE_MODE0 = 2'b00, WRITE_MODE1 = 2'b00,
    BIT_WIDTH_0 = 18, BIT_WIDTH_1 = 18, BLK_SEL_0 = 3'b000, BLK_SEL_1 = 3'b000, RESET_MODE = "SYNC"
) (
    input CLKA, CEA, CLKB, CEB, OCEA, OCEB, RESETA, RESETB, WREA, WREB, input [13:0] ADA, ADB,
    input [17:0] DIA, DIB, input [2:0] BLKSELA, BLKSELB, output [17:0] DOA, DOB
);
    wire [35:0] a, b;
    assign DOA = a[17:0];
    assign DOB = b[17:0];
    gowin_ram #(
        .BYTE(9), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .MODE_A(WRITE_MODE0),
        .MODE_B(WRITE_MODE1), .ASYNC(RESET_MODE == "ASYNC"), .INIT(`GOWIN_CONTENT)
    ) ram (
        .clk_a(CLKA), .ce_a(CEA), .we_a(WREA), .reset_a(RESETA), .at_a(ADA), .in_a(36'(DIA)),
        .out_a(a), .clk_b(CLKB), .ce_b(CEB), .we_b(WREB), .reset_b(RESETB), .at_b(ADB),
        .in_b(36'(DIB)), .out_b(b)
    );
endmodule

// Port A writes, port B reads.
module SDPX9B #(
    `GOWIN_INIT(288),
    parameter READ_MODE = 1'b0, BIT_WIDTH_0 = 32, BIT_WIDTH_1 = 32, BLK_SEL_0 = 3'b000,
    BLK_SEL_1 = 3'b000, RESET_MODE = "SYNC"
) (
    input CLKA, CEA, CLKB, CEB, OCE, RESETA, RESETB, input [13:0] ADA, ADB, input [35:0] DI,
    input [2:0] BLKSELA, BLKSELB, output [35:0] DO
);
    wire [35:0] unused, value;
    assign DO = value[35:0];
    gowin_ram #(
        .BYTE(9), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1),
        .ASYNC(RESET_MODE == "ASYNC"), .INIT(`GOWIN_CONTENT)
    ) ram (
        .clk_a(CLKA), .ce_a(CEA), .we_a(1'b1), .reset_a(RESETA), .at_a(ADA), .in_a(36'(DI)),
        .out_a(unused), .clk_b(CLKB), .ce_b(CEB), .we_b(1'b0), .reset_b(RESETB), .at_b(ADB),
        .in_b(36'b0), .out_b(value)
    );
endmodule
