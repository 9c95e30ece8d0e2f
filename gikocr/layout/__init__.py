"""Layout analysis: table regions and printed lines of a page."""
