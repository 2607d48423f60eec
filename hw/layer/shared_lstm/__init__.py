"""An LSTM whose products all share one small set of multipliers."""
