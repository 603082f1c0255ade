"""Models on their runtimes, behind one interface: token ids in, one float32 row per item out."""
