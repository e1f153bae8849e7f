"""The sample practice in other physical designs: each one a bindings file, and what of its database that cannot say."""
