"""How well an audit tells a model from the same model harmed: see ``__main__``."""
