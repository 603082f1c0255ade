"""Where points come from, behind one interface."""
