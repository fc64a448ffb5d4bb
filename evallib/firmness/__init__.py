"""How firm a rank is: under other weights, other methods, and errors of measurement."""
