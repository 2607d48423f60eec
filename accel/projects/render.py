"""Texts from templates: the files of `accel/projects/templates`."""

from jinja2 import Environment, PackageLoader, StrictUndefined

_ENVIRONMENT = Environment(
    loader=PackageLoader("accel.projects"),
    undefined=StrictUndefined,
    autoescape=False,  # scripts, not pages
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> str:
    """Return the text of a template; a name that it does not get is an error."""
    return _ENVIRONMENT.get_template(template).render(**values)
