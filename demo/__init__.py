"""Kontor on a laptop: everything in one process, with a firm and three client companies that do not exist."""
