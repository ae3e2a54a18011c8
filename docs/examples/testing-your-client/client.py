"""A client that makes the usual mistake: client.py http://127.0.0.1:9000

Two threads find the access token expired, and both present the refresh token. With LOCK=1 the
second one uses what the first one got.
"""

import json
import os
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

SERVER = sys.argv[1]


def post(path, **form):
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(SERVER + path, data, timeout=10) as response:
        return json.loads(response.read() or "{}")


class Client:
    def __init__(self):
        self.tokens = post("/_play/sign-in")
        self.lock = threading.Lock()

    def refresh(self, seen):
        if not os.environ.get("LOCK"):
            return self.present(seen)
        with self.lock:
            if self.tokens is seen:
                self.present(seen)

    def present(self, seen):
        self.tokens = post(
            "/token", grant_type="refresh_token", refresh_token=seen["refresh_token"]
        )


client = Client()
seen = client.tokens
failures = []


def work():
    try:
        client.refresh(seen)
    except urllib.error.HTTPError as error:
        failures.append(json.loads(error.read())["error"])


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

with urllib.request.urlopen(SERVER + "/_play") as response:
    tally = json.loads(response.read())
print(json.dumps({"presented_twice": tally["presentedTwice"], "failures": failures}))
sys.exit(1 if tally["presentedTwice"] else 0)
