"""Measurements that anyone can rerun; each prints a table and writes JSON."""
