"""Reports: figures of a run, the page, comparisons, drawings."""
