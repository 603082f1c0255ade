"""Whether the new vectors are right."""
