"""The boards, one file for each maker's line."""
