"""The numeral reader: makes its training crops, trains it, writes its weights, and measures it on the crops of real documents."""
