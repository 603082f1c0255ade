"""`python -m scripts.bench`, for those who run a deployment: is it fast enough, and how much load does it sustain?"""
