"""Packed rows on PyTorch: texts one after the other, without padding. What is here needs no other package of ours."""
