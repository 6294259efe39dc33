"""Training of any objective: loops, optimisers, learning rates, and the validation split."""
