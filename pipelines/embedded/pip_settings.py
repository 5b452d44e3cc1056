"""Carries pip's configuration (pip.conf, PIP_*) over to uv, so that the quick installer uses the user's own index.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

# Settings that change nothing for uv, or that uv has no need of.
_HARMLESS = frozenset(
    (
        "break-system-packages",
        "cache-dir",
        "disable-pip-version-check",
        "exists-action",
        "no-color",
        "no-input",
        "no-python-version-warning",
        "no-warn-script-location",
        "prefer-binary",
        "progress-bar",
        "quiet",
        "require-virtualenv",
        "root-user-action",
        "upgrade-strategy",
        "use-feature",
        "user",
        "verbose",
    )
)
# One value in pip, one variable of uv.
_SINGLE = {
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "retries": "UV_HTTP_RETRIES",
    "keyring-provider": "UV_KEYRING_PROVIDER",
}
# Several values in pip, separated by spaces or lines; the variable of uv and its separator.
_MULTIPLE = {
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
}
_SECTIONS = ("global", "install", ":env:")
_LINE = re.compile(r"^(global|install|:env:)\.([a-z-]+)=(.*)$")


def read_pip_settings(python: Path) -> dict[str, str]:
    """Ask pip itself for its effective settings.

    :param python: the interpreter whose pip is asked
    :return: setting -> value; the environment wins over ``[install]``, which wins over ``[global]``
    """
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return parse_pip_settings(done.stdout)


def parse_pip_settings(listing: str) -> dict[str, str]:
    """Read what ``pip config list`` prints."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        match = _LINE.match(line)
        if match:
            section, name, value = match.groups()
            found[section][name] = str(ast.literal_eval(value))
    return {name: value for section in _SECTIONS for name, value in found[section].items()}


def uv_environment(settings: dict[str, str]) -> dict[str, str] | None:
    """Say the same to uv, by variables alone: a command line, which may hold a password, is for all to see.

    :param settings: pip's settings
    :return: variables for uv's environment, or None if one of the settings cannot be said to uv
    """
    # pip takes the best version of all indexes together; uv would take the first index that has the package.
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    for name, value in settings.items():
        if name in _SINGLE:
            variables[_SINGLE[name]] = value.strip()
        elif name in _MULTIPLE:
            variable, separator = _MULTIPLE[name]
            variables[variable] = separator.join(value.split())
        elif name == "proxy":
            variables.update(HTTP_PROXY=value, HTTPS_PROXY=value, ALL_PROXY=value)
        elif name not in _HARMLESS:
            return None
    return variables
