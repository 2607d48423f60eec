"""Models of other frameworks, in an environment of their own: `make frontends`."""
