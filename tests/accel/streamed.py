"""A small recurrent network that steps with every sample and gives its state as forecast."""

from hw import Activation, Function, Network, Node, Port, Quantizer
from hw.board.top import BoardTop
from hw.board.uart import Uart
from hw.network.mode import Mode
from tests.hw.reloading import made_reloadable
from tests.hw.recurrent_shapes import GRID, recurrent_layer

FEATURES, UNITS = 2, 3


def state_network() -> Network:
    """Return a GRU in streaming mode; a sample lost, repeated or out of order shows for long."""
    folding = {"input_reuse": 6, "recurrent_reuse": 9}
    gru = recurrent_layer("gru_after", FEATURES, UNITS, 1, 3, return_sequences=True, **folding)
    # What the layer itself keeps as h.
    state = Activation(UNITS, gru.outputs[0].format, Quantizer(Function.LINEAR, GRID), 1)
    nodes = (Node("gru", gru, ("input",)), Node("state", state, ("gru",)))
    port = Port("input", FEATURES, GRID, 1)
    return Network("state", (port,), nodes, ("state",), mode=Mode.STREAMING)


def state_board() -> BoardTop:
    """Return it behind a UART of few clocks per bit."""
    return BoardTop(state_network(), Uart(4), reset_cycles=15)


def reloadable_board() -> BoardTop:
    """Return the same with weights that can be replaced, and so with registers."""
    return BoardTop(made_reloadable(state_network()), Uart(4), reset_cycles=15)
