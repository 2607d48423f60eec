"""Matrix-vector products: schedules, engines, weights."""
