"""The fault harness: kills a load or a rollback at every boundary of every request, resumes it, compares the CRM."""
