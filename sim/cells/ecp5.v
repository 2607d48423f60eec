// Models of the ECP5 cells that Yosys maps to and has only black boxes of (cells_bb.v and
// cells_sim.v; YosysHQ/yosys issue 1358). They cover the configurations that `synth_ecp5` writes,
// after its maps lattice/dsp_map_18x18.v and lattice/brams_map_16kd.v and the port rules in
// lattice/brams_16kd.txt; anything else stops the build. Function only, no delays.

// verilator lint_off DECLFILENAME
// verilator lint_off UNUSEDPARAM
// verilator lint_off UNUSEDSIGNAL

// Multiplier without registers: Yosys leaves those in the fabric.
module MULT18X18D(
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
    output P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
    wire [35:0] wide_a = {{18{SIGNEDA & A17}}, a};
    wire [35:0] wide_b = {{18{SIGNEDB & B17}}, b};
    // Modulo 2**36 the product of two's complement numbers is the product of their codes.
    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
            P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0}
        = wide_a * wide_b;
endmodule

// The output clock is the input clock: a simulation of cycles has no megahertz.
module EHXPLLL(
    input CLKI, CLKFB, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG, STDBY,
    input PLLWAKESYNC, RST, ENCLKOP, ENCLKOS, ENCLKOS2, ENCLKOS3,
    output CLKOP, LOCK
);
    parameter CLKI_DIV = 1;
    parameter CLKFB_DIV = 1;
    parameter CLKOP_DIV = 8;
    parameter CLKOP_ENABLE = "ENABLED";
    parameter CLKOP_CPHASE = 0;
    parameter CLKOP_FPHASE = 0;
    parameter FEEDBK_PATH = "CLKOP";
    assign CLKOP = CLKI;
    assign LOCK = 1'b1;
endmodule

// Block RAM of 1024 words of 18 bits; a port sees 1, 2, 4, 9, 18 or (one write, one read port) 36.
module DP16KD #(
    parameter DATA_WIDTH_A = 18,
    parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG",
    parameter REGMODE_B = "NOREG",
    parameter RESETMODE = "SYNC",
    parameter ASYNC_RESET_RELEASE = "SYNC",
    parameter CSDECODE_A = "0b000",
    parameter CSDECODE_B = "0b000",
    parameter WRITEMODE_A = "NORMAL",
    parameter WRITEMODE_B = "NORMAL",
    parameter CLKAMUX = "CLKA",
    parameter CLKBMUX = "CLKB",
    parameter GSR = "ENABLED",
    parameter WID = 0,
    parameter INIT_DATA = "STATIC",
    parameter [319:0] INITVAL_00 = 320'b0,
    parameter [319:0] INITVAL_01 = 320'b0,
    parameter [319:0] INITVAL_02 = 320'b0,
    parameter [319:0] INITVAL_03 = 320'b0,
    parameter [319:0] INITVAL_04 = 320'b0,
    parameter [319:0] INITVAL_05 = 320'b0,
    parameter [319:0] INITVAL_06 = 320'b0,
    parameter [319:0] INITVAL_07 = 320'b0,
    parameter [319:0] INITVAL_08 = 320'b0,
    parameter [319:0] INITVAL_09 = 320'b0,
    parameter [319:0] INITVAL_0A = 320'b0,
    parameter [319:0] INITVAL_0B = 320'b0,
    parameter [319:0] INITVAL_0C = 320'b0,
    parameter [319:0] INITVAL_0D = 320'b0,
    parameter [319:0] INITVAL_0E = 320'b0,
    parameter [319:0] INITVAL_0F = 320'b0,
    parameter [319:0] INITVAL_10 = 320'b0,
    parameter [319:0] INITVAL_11 = 320'b0,
    parameter [319:0] INITVAL_12 = 320'b0,
    parameter [319:0] INITVAL_13 = 320'b0,
    parameter [319:0] INITVAL_14 = 320'b0,
    parameter [319:0] INITVAL_15 = 320'b0,
    parameter [319:0] INITVAL_16 = 320'b0,
    parameter [319:0] INITVAL_17 = 320'b0,
    parameter [319:0] INITVAL_18 = 320'b0,
    parameter [319:0] INITVAL_19 = 320'b0,
    parameter [319:0] INITVAL_1A = 320'b0,
    parameter [319:0] INITVAL_1B = 320'b0,
    parameter [319:0] INITVAL_1C = 320'b0,
    parameter [319:0] INITVAL_1D = 320'b0,
    parameter [319:0] INITVAL_1E = 320'b0,
    parameter [319:0] INITVAL_1F = 320'b0,
    parameter [319:0] INITVAL_20 = 320'b0,
    parameter [319:0] INITVAL_21 = 320'b0,
    parameter [319:0] INITVAL_22 = 320'b0,
    parameter [319:0] INITVAL_23 = 320'b0,
    parameter [319:0] INITVAL_24 = 320'b0,
    parameter [319:0] INITVAL_25 = 320'b0,
    parameter [319:0] INITVAL_26 = 320'b0,
    parameter [319:0] INITVAL_27 = 320'b0,
    parameter [319:0] INITVAL_28 = 320'b0,
    parameter [319:0] INITVAL_29 = 320'b0,
    parameter [319:0] INITVAL_2A = 320'b0,
    parameter [319:0] INITVAL_2B = 320'b0,
    parameter [319:0] INITVAL_2C = 320'b0,
    parameter [319:0] INITVAL_2D = 320'b0,
    parameter [319:0] INITVAL_2E = 320'b0,
    parameter [319:0] INITVAL_2F = 320'b0,
    parameter [319:0] INITVAL_30 = 320'b0,
    parameter [319:0] INITVAL_31 = 320'b0,
    parameter [319:0] INITVAL_32 = 320'b0,
    parameter [319:0] INITVAL_33 = 320'b0,
    parameter [319:0] INITVAL_34 = 320'b0,
    parameter [319:0] INITVAL_35 = 320'b0,
    parameter [319:0] INITVAL_36 = 320'b0,
    parameter [319:0] INITVAL_37 = 320'b0,
    parameter [319:0] INITVAL_38 = 320'b0,
    parameter [319:0] INITVAL_39 = 320'b0,
    parameter [319:0] INITVAL_3A = 320'b0,
    parameter [319:0] INITVAL_3B = 320'b0,
    parameter [319:0] INITVAL_3C = 320'b0,
    parameter [319:0] INITVAL_3D = 320'b0,
    parameter [319:0] INITVAL_3E = 320'b0,
    parameter [319:0] INITVAL_3F = 320'b0
) (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
    input DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
    output DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
    input DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
    output DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
    if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG")
        $error("the DP16KD model has no output registers");
    if (RESETMODE != "SYNC" && RESETMODE != "ASYNC")
        $error("the DP16KD model knows no such reset");
    if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000")
        $error("the DP16KD model has no chip select");

    wire [17:0] in_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9,
                        DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] in_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9,
                        DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [13:0] at_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2,
                        ADA1, ADA0};
    wire [13:0] at_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2,
                        ADB1, ADB0};
    wire clock_a = (CLKAMUX == "INV") ? ~CLKA : CLKA;
    wire clock_b = (CLKBMUX == "INV") ? ~CLKB : CLKB;

    // A pair of words is what a port of 36 bits sees; narrower ports see a part of it.
    reg [35:0] memory [0:511];
    localparam [20479:0] INIT = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
    };
    integer n;
    initial for (n = 0; n < 512; n = n + 1)
        memory[n] = {INIT[40 * n + 20 +: 18], INIT[40 * n +: 18]};

    // Which bits of the pair a write touches, and what it puts there.
    function [35:0] mask(input integer width, input [13:0] at);
        case (width)
            36: mask = {{9{at[3]}}, {9{at[2]}}, {9{at[1]}}, {9{at[0]}}};
            18: mask = {18'b0, {9{at[1]}}, {9{at[0]}}} << (18 * at[4]);
            9: mask = 36'h1ff << (9 * at[4:3]);
            4: mask = 36'hf << (9 * at[4:3] + 4 * at[2]);
            2: mask = 36'h3 << (9 * at[4:3] + 2 * at[2:1]);
            default: mask = 36'h1 << (9 * at[4:3] + at[2:0]);
        endcase
    endfunction
    function [35:0] spread(input integer width, input [35:0] value);
        case (width)
            36: spread = value;
            18: spread = {2{value[17:0]}};
            9: spread = {4{value[8:0]}};
            4: spread = {4{1'b0, {2{value[3:0]}}}};
            2: spread = {4{1'b0, {4{value[1:0]}}}};
            default: spread = {4{1'b0, {8{value[0]}}}};
        endcase
    endfunction
    function [35:0] select(input integer width, input [13:0] at, input [35:0] pair);
        case (width)
            36: select = pair;
            18: select = pair >> (18 * at[4]);
            9: select = pair >> (9 * at[4:3]);
            4: select = pair >> (9 * at[4:3] + 4 * at[2]);
            2: select = pair >> (9 * at[4:3] + 2 * at[2:1]);
            default: select = pair >> (9 * at[4:3] + at[2:0]);
        endcase
    endfunction

    wire async_a = RESETMODE == "ASYNC" && RSTA;
    wire async_b = RESETMODE == "ASYNC" && RSTB;
    wire write_a = CEA & WEA & (async_a | ~RSTA);
    wire write_b = CEB & WEB & (async_b | ~RSTB);
    wire [35:0] mask_a = mask(DATA_WIDTH_A, at_a);
    wire [35:0] mask_b = mask(DATA_WIDTH_B, at_b);
    wire [35:0] old_a = memory[at_a[13:5]];
    wire [35:0] old_b = memory[at_b[13:5]];
    wire [35:0] new_a = (old_a & ~mask_a)
        | (spread(DATA_WIDTH_A, DATA_WIDTH_A == 36 ? {in_b, in_a} : {18'b0, in_a}) & mask_a);
    wire [35:0] new_b = (old_b & ~mask_b) | (spread(DATA_WIDTH_B, {18'b0, in_b}) & mask_b);

    reg [35:0] out_a = 36'b0;
    reg [35:0] out_b = 36'b0;

    // A synchronous reset works without the clock enable and blocks a write; an asynchronous one
    // blocks none. In NORMAL mode a write leaves the output as it was.
    always @(posedge clock_a) if (write_a) memory[at_a[13:5]] <= new_a;
    always @(posedge clock_b) if (write_b) memory[at_b[13:5]] <= new_b;
    always @(posedge clock_a or posedge async_a)
        if (async_a)
            out_a <= 36'b0;
        else if (RSTA)
            out_a <= 36'b0;
        else if (CEA && !(WEA && WRITEMODE_A == "NORMAL"))
            out_a <= select(DATA_WIDTH_A, at_a, WEA && WRITEMODE_A == "WRITETHROUGH" ? new_a : old_a);
    always @(posedge clock_b or posedge async_b)
        if (async_b)
            out_b <= 36'b0;
        else if (RSTB)
            out_b <= 36'b0;
        else if (CEB && !(WEB && WRITEMODE_B == "NORMAL"))
            out_b <= select(DATA_WIDTH_B, at_b, WEB && WRITEMODE_B == "WRITETHROUGH" ? new_b : old_b);

    // A read of 36 bits uses both ports' pins, the write side's for the low half.
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9,
            DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0}
        = (DATA_WIDTH_B == 36) ? out_b[17:0] : out_a[17:0];
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9,
            DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0}
        = (DATA_WIDTH_B == 36) ? out_b[35:18] : out_b[17:0];
endmodule
