#!/bin/sh
# A client of curl alone: client.sh http://127.0.0.1:9000
# It signs in, loses the answer of a refresh, and looks at the tally.
set -eu
as=$1
member() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

refresh_token=$(curl --silent --fail -X POST "$as/_play/sign-in" | member refresh_token)

# The header breaks this one refresh.
curl --silent -X POST "$as/token" -H 'Play-Fault: lost_answer' \
  -d grant_type=refresh_token -d "refresh_token=$refresh_token" || echo "the answer was lost"

# Whoever sends the token again is taken for a thief: this client does not.
echo "presented twice: $(curl --silent --fail "$as/_play" | member presentedTwice)"
