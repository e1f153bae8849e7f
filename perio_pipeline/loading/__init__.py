"""Writing to a CRM: journal, loader and sampling; the same for every CRM."""
