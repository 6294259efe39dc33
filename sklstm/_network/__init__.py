"""The LSTM as functions of one flat vector of parameters: arrays only."""
