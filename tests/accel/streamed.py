"""A small recurrent network that steps with every sample and gives its state as forecast."""

from hw import Activation, FixedPoint, Function, Network, Node, Overflow, Port, Quantizer, Rounding
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.network.mode import Mode
from tests.hw.recurrent_shapes import GRID, recurrent_layer
from tests.hw.reloading import made_reloadable

FEATURES, UNITS = 2, 3
NARROW = FixedPoint(7, 0, True, Rounding.RND_CONV, Overflow.SAT)


def state_network(output: FixedPoint = GRID) -> Network:
    """Return a GRU in streaming mode; a sample lost, repeated or out of order shows for long."""
    folding = {"input_reuse": 6, "recurrent_reuse": 9}
    gru = recurrent_layer("gru_after", FEATURES, UNITS, 1, 3, return_sequences=True, **folding)
    # What the layer itself keeps as h.
    state = Activation(UNITS, gru.outputs[0].format, Quantizer(Function.LINEAR, output), 1)
    nodes = (Node("gru", gru, ("input",)), Node("state", state, ("gru",)))
    port = Port("input", FEATURES, GRID, 1)
    return Network("state", (port,), nodes, ("state",), mode=Mode.STREAMING)


def state_board() -> BoardTop:
    """Return it behind a UART of few clocks per bit."""
    return BoardTop(state_network(), Uart(4), reset_cycles=15)


def reloadable_board() -> BoardTop:
    """Return the same with weights that can be replaced, and so with registers.

    Large states saturate in the forecast, which a register counts.
    """
    return BoardTop(made_reloadable(state_network(NARROW)), Uart(4), reset_cycles=15)


def sliding_board() -> BoardTop:
    """Return a GRU with such weights whose windows the board cuts."""
    gru = recurrent_layer("gru_after", FEATURES, UNITS, 3, 7, input_reuse=6, recurrent_reuse=9)
    port, nodes = Port("input", FEATURES, GRID, 3), (Node("gru", gru, ("input",)),)
    network = Network("sliding", (port,), nodes, ("gru",), mode=Mode.SLIDING)
    return BoardTop(made_reloadable(network), Uart(4), reset_cycles=15)
