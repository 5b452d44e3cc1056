"""Mail that is tried once, within the time that every channel has; Airflow's own tries six times as long."""

from __future__ import annotations

from functools import cached_property

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier

from operators.notify.channel_config import TIMEOUT_SECONDS


class SingleTryHook(SmtpHook):
    """A mail server that gets one try: the task is retried, and until then the other channels have their turn."""

    @property
    def smtp_retry_limit(self) -> int:
        """None, whatever the connection says: Airflow's form fills in 5."""
        return 0

    @property
    def timeout(self) -> int:
        """Seconds for each answer: those of the connection, if they are fewer."""
        return min(super().timeout, TIMEOUT_SECONDS)


class SingleTryMail(SmtpNotifier):
    """Airflow's mail by such a hook."""

    @cached_property
    def hook(self) -> SmtpHook:
        """The mail server."""
        return SingleTryHook(smtp_conn_id=self.smtp_conn_id, auth_type=self.auth_type)
