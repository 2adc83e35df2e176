"""The files in deploy/, parsed."""

from functools import cache
from typing import Any

import yaml

from tests.architecture.tree import ROOT

DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "kubernetes" / "base"


@cache
def compose() -> dict[str, Any]:
    """The compose file, its merges done."""
    parsed: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return parsed


@cache
def kustomization() -> dict[str, Any]:
    """What the base is made of."""
    parsed: dict[str, Any] = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    return parsed


@cache
def objects() -> tuple[dict[str, Any], ...]:
    """Every object of the base, before its patches."""
    return tuple(each for name in kustomization()["resources"] for each in yaml.safe_load_all((BASE / name).read_text()) if each)


def found(kind: str, name: str) -> dict[str, Any]:
    """The one object of this kind and name."""
    (only,) = [each for each in objects() if each["kind"] == kind and each["metadata"]["name"] == name]
    return only


def containers(name: str) -> list[dict[str, Any]]:
    """The containers of a service's pod, or of the migration's."""
    kind = "Job" if name == "migrate" else "Deployment"
    listed: list[dict[str, Any]] = found(kind, name)["spec"]["template"]["spec"]["containers"]
    return listed


def every_pod() -> dict[str, Any]:
    """What is merged into each service's pod."""
    pod: dict[str, Any] = yaml.safe_load((BASE / "pod.yaml").read_text())["spec"]["template"]["spec"]
    return pod


def literals(name: str) -> dict[str, str]:
    """The values of a generated ConfigMap."""
    (generator,) = [each for each in kustomization()["configMapGenerator"] if each["name"] == name]
    return dict(line.split("=", 1) for line in generator["literals"])
