"""The one exception that users are meant to read."""


class ChronogateError(ValueError):
    """A problem the user can mend: one sentence that says what is wrong, where, and what to do."""
