"""What every test may ask for: the real servers."""

pytest_plugins = (
    "tests.servers.sharing",
    "tests.servers.postgres",
    "tests.servers.rabbitmq",
    "tests.servers.s3",
    "tests.servers.clamd",
    "tests.servers.smtp",
    "tests.servers.browser",
)
