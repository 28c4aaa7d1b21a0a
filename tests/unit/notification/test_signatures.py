"""Signatures are those of Standard Webhooks: its reference library accepts them, and no changed body."""

from __future__ import annotations

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from slm_notification.domain.signatures import WebhookSecret, secret_text, signature_headers

OLD, NEW = secret_text(b"o" * 32), secret_text(b"n" * 32)
BODY = '{"text": "Zürich"}'.encode()


def headers(*secrets: str) -> dict[str, str]:
    return signature_headers(secrets, "a3f1", int(time.time()), BODY)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_either_of_two_secrets_verifies(secret: str) -> None:
    assert Webhook(secret).verify(BODY, headers(NEW, OLD)) == {"text": "Zürich"}


def test_a_changed_body_id_or_time_does_not_verify() -> None:
    signed = headers(NEW)
    for wrong in ({**signed, "webhook-id": "b"}, {**signed, "webhook-timestamp": str(int(time.time()) - 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(NEW).verify(BODY, wrong)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" ", signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, signed)


def test_the_signature_of_the_specification() -> None:
    """The example of the reference libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = signature_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_shows_no_text() -> None:
    assert NEW not in repr(WebhookSecret("1", "2", NEW, 0, None))
