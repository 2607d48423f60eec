"""A design small enough to write by hand, right and wrong: one value in, the same value out."""

from hw import Activation, FixedPoint, Function, Network, Node, Port, Quantizer

BYTE = FixedPoint(8, 8)

_VERILOG = """
module accelerator(input aclk, input aresetn,
    input [7:0] s_axis_tdata, input s_axis_tvalid, output s_axis_tready, input s_axis_tlast,
    output [7:0] m_axis_tdata, output m_axis_tvalid, input m_axis_tready, output m_axis_tlast,
    output [31:0] dropped_windows);
  reg [31:0] \\core.entry.dropped_windows ;
  assign dropped_windows = \\core.entry.dropped_windows ;
  // The latency of the real design: one block, one output buffer.
  reg [7:0] first, second; reg first_valid, second_valid, dropping; reg [7:0] beats, stalled;
  wire moves = ~second_valid | m_axis_tready;
  assign s_axis_tready = READY;
  assign m_axis_tdata = DATA; assign m_axis_tvalid = VALID; assign m_axis_tlast = LAST;
  always @(posedge aclk)
    if (~aresetn) begin
      first_valid <= 0; second_valid <= 0; beats <= 0; stalled <= 0; dropping <= 0;
      \\core.entry.dropped_windows <= 0;
    end else begin
      stalled <= m_axis_tvalid & ~m_axis_tready ? stalled + 1 : 0;
      if (s_axis_tvalid & s_axis_tready) begin
        dropping <= ~s_axis_tlast;
        if (~s_axis_tlast & ~dropping) \\core.entry.dropped_windows <= dropped_windows + 1;
      end
      if (moves) begin
        first <= s_axis_tdata;
        first_valid <= s_axis_tvalid & s_axis_tready & s_axis_tlast & PASSES;
        second <= first; second_valid <= first_valid REPEATS;
        beats <= beats + (s_axis_tvalid & s_axis_tready);
      end
    end
endmodule
"""

_RIGHT = {
    "READY": "moves",
    "DATA": "second",
    "VALID": "second_valid",
    "LAST": "1'b1",
    "PASSES": "~dropping",
    "REPEATS": "",
}

BUGS = {
    "wrong code": {"DATA": "second ^ (second == 8'd77)"},
    "lost beat": {"PASSES": "~dropping & (beats != 8'd5)"},
    "repeated beat": {"REPEATS": "| (second_valid & beats[1:0] == 2'd1)"},
    "changed data": {"DATA": "second ^ (stalled > 1)"},
    "withdrawn valid": {"VALID": "second_valid & (stalled != 2)"},
    "no tlast": {"LAST": "(second != 8'd77)"},
    "hang": {"READY": "moves & (beats < 8'd20)"},
}


FRAMING_BUGS = {"late tlast": {"PASSES": "1'b1"}}
"""Bugs that only windows of the wrong length bring to light."""


def toy_network() -> Network:
    """Return the golden model."""
    keep = Activation(1, BYTE, Quantizer(Function.LINEAR, BYTE))
    return Network("toy", (Port("input", 1, BYTE),), (Node("keep", keep, ("input",)),), ("keep",))


def toy_verilog(bug: str | None = None) -> str:
    """Return the design, with one of the bugs if named."""
    text, wrong = _VERILOG, {} if bug is None else (BUGS | FRAMING_BUGS)[bug]
    for name, right in _RIGHT.items():
        text = text.replace(name, wrong.get(name, right))
    return text
