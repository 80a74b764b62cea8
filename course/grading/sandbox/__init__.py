"""The wall, and what runs behind it."""
