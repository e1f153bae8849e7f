"""How good proposals are, measured on the sample practice in every physical design there is."""
