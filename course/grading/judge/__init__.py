"""The tests, and the process that holds them."""
