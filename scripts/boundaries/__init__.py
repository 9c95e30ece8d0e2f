"""Training of the network that finds the boundaries of table cells, printed or not; its card is models/boundaries.md."""
