"""Typed, frozen records of what HaloPSA sends; ``wire`` holds the field types they are made of."""
