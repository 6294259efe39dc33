"""The LSTM network as functions of arrays; its parameters are one flat vector."""
