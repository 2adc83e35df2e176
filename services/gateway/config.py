"""Settings of the gateway."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from chassis.config import BadSettings


@dataclass(frozen=True)
class Config:
    """KONTOR_GATEWAY_…"""

    listen: str = "127.0.0.1:8080"  # host:port of the portal and the REST API
    public_url: str = "http://127.0.0.1:8080"  # where people reach the portal; with https the session cookie is secure
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks of the proxies in front; X-Forwarded-For of anybody else does not count
    threads: int = 16  # worker threads; slow senders, slow readers and open pages hold none
    upload_limit_mb: int = 100  # largest upload, in MiB
    spool_limit_mb: int = 2048  # disk space for uploads under way, in MiB, in the system's folder for temporary files
    help_email: str = ""  # shown on the pages as where to get help
    help_phone: str = ""  # shown on the pages as where to get help
    dev_folder: Path | None = None  # for make run only: opens /dev/mailbox and /dev/codes on what lies there

    def __post_init__(self) -> None:
        """Raises BadSettings for what is neither an address nor a network: it would be taken for nobody, and nothing would say so."""
        for each in self.trusted_proxies:
            try:
                ipaddress.ip_network(each)
            except ValueError as why:
                raise BadSettings(f"KONTOR_GATEWAY_TRUSTED_PROXIES: {why}") from why

    @property
    def secure(self) -> bool:
        """Whether people come over https, so that cookies may go nowhere else."""
        return self.public_url.startswith("https://")
