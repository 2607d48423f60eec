"""hls4ml's own test models against `backend='Amaranth'`: ``make peer-hls4ml HLS4ML=...``."""
