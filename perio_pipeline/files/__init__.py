"""Files for a CRM: letters and visits set as PDF, radiographs as they are found, and which variant of each is sent.

Knows no CRM and no Dagster. Whatever writes a PDF goes through `document` and `pdf`.
"""
