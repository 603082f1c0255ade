"""JSON bodies: bounded before they are parsed, and parsed without holding the event loop."""
