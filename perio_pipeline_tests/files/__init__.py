"""The files room: letters set as PDF, radiographs found, variants chosen. No CRM, no Dagster."""
