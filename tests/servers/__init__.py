"""The real servers that tests talk to: found or started here, known to a test by their address only.

For each: the address in ``KONTOR_TEST_<NAME>_URL``, else a container where an engine already has the image, else a local program, else, as
root, the distribution's package. Where none of these works the test says "Could not test", and with ``CI=true`` it fails.

Servers in session fixtures are shared by all of pytest's workers; a test that stops or breaks one asks for one of its own (`own_…`).
"""
