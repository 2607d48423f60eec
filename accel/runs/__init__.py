"""Run folders: what lies in one, and what is recorded there."""
