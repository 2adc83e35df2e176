"""The real servers that tests talk to: found or started here, known to a test by their address only.

For each: the address in ``KONTOR_TEST_<NAME>_URL``, else a local program: one that a Python package brings along (PostgreSQL,
SeaweedFS, aiosmtpd), or the distribution's, installed as root where it is missing (RabbitMQ, clamd, Chromium). RabbitMQ runs in a
container instead where an engine has its image already, as that is the deployed version. Where nothing works the test says
"Could not test", and with ``CI=true`` it fails.

Servers in session fixtures are shared by all of pytest's workers; a test that stops or breaks one asks for one of its own (`own_…`).
"""
