"""Handlers: what each kind of node becomes, one file per family; see `registry`."""
