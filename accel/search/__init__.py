"""Search: forecasters that trade error against hardware, and none that is worse in everything."""
