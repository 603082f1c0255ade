"""`python -m scripts.doctor`: the post-deployment checklist, checked."""
