#!/usr/bin/env bash
# Sends correctly signed sample calls to all three webhooks and says pass or fail for each.
#   scripts/test_twilio_webhooks.sh [BASE_URL]     (default: PUBLIC_URL, else http://127.0.0.1:5000)
# TWILIO_AUTH_TOKEN, TWILIO_ACCOUNT_SID and TWILIO_PHONE_NUMBER are taken from the environment, else from what
# `make run` uses. It leaves a call of a made-up caller behind: think before you point it at production.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec python3 -m scripts.dev.webhooks "$@"
