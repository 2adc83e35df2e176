"""Kontor's tests; they mirror chassis/ and services/, and retell the user guides in journeys/."""
