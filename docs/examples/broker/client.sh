#!/bin/sh
# An access token for curl: client.sh SOCKET GRANT
# With a bearer: export BROKER_TOKEN.
set -eu
curl --silent --show-error --fail-with-body --max-time 30 --unix-socket "$1" \
  ${BROKER_TOKEN:+--header "Authorization: Bearer $BROKER_TOKEN"} \
  "http://broker/v1/grants/$2/token?min_valid=60"
