"""Write .env for compose.yaml: .env.example with a fresh secret for each variable that has no value there."""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WITHOUT_VALUE = re.compile(r"^([A-Z][A-Z0-9_]*)=$", re.MULTILINE)
RANDOM_BYTES = {"AIRFLOW_FERNET_KEY": 32, "AIRFLOW_JWT_SECRET": 48}
"""Where the use asks for a length: Fernet for exactly 32 bytes, HMAC-SHA512 for 64 characters at least."""


def new_secret(name: str) -> str:
    """Give random bytes as URL-safe base64, so that a URL or JSON needs no quoting for it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(RANDOM_BYTES.get(name, 24))).decode()


def fill(example: str) -> str:
    """Give each variable without a value one of its own."""
    return WITHOUT_VALUE.sub(lambda match: f"{match[1]}={new_secret(match[1])}", example)


def write_new(path: Path, text: str) -> None:
    """Create a file that only its owner can read; never replaces one, because the database knows the old password."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def main() -> int:
    """Write .env beside .env.example, or into the folder that is named; 1 if there is one already."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    target = folder / ".env"
    try:
        write_new(target, fill((ROOT / ".env.example").read_text(encoding="utf-8")))
    except FileExistsError:
        print(f"{target} is there already and stays as it is; new secrets would not fit the database", file=sys.stderr)  # noqa: T201
        return 1
    print(f"{target}: written with new secrets; log in as admin with AIRFLOW_ADMIN_PASSWORD")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
