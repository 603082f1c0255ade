"""JSON bodies: counted before they are parsed, and what to say of one that cannot be."""
