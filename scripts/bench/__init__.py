"""`python -m scripts.bench`: is a deployment fast enough, how much load does it take, and how do others compare."""
