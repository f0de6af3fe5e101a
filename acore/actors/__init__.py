"""The actors: five that everybody knows, and the small edges around them."""
