"""Training of any objective: loops, optimisers, schedules, which rows are held out."""
