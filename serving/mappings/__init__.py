"""Mappings: from what a CRM sends to leads, accounts, activities and outcomes, as a file says."""
