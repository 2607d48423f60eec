"""The way to a chip: RTL with its memories apart, a LibreLane configuration, an estimate."""
