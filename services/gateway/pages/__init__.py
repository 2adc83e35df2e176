"""The pages of the portal, a module for each entry of its menu."""
