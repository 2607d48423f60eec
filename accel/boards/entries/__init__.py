"""The boards, one file for each vendor's line."""
