"""The report: what is read, compared and written."""
