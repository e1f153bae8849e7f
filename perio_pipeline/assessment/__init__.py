"""The assessment before anything is bought or loaded: how complex it is, what it costs, when to move (P12)."""
