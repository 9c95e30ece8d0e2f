"""Measures gikocr on exports: refilled copies of real texts, and reports sent through the converters that users have."""
