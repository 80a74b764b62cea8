"""A whole class: what was handed in, in; a gradebook, out."""
