"""What connects a network to the pins of a board."""
