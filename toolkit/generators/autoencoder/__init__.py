"""Networks and trainers of the autoencoders."""
