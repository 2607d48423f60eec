"""The cocotb testbench: drivers and monitors, scoreboard, tests."""
