"""For those who change the code: measurements of this checkout, each prints a table and writes JSON."""
