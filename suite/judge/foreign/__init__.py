"""Results of other tools, read as what they are: foreign, unsigned, beside cards and never ranked with them."""
