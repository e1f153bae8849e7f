"""What the CRM sandboxes have in common: the machinery of a server, nothing of any CRM's API.

A *location* is one customer's account in the CRM: a HighLevel sub-account, a Freshsales bundle. Every sandbox holds
one or more, and counts, limits and stores by location.
"""
