"""An access token from the broker, with Python's standard library: client.py SOCKET GRANT"""

import http.client
import json
import os
import socket
import sys
import urllib.parse


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout=30):
        super().__init__("broker", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class SignInNeeded(Exception):
    """Only a new sign-in helps: deposit its tokens under the same id."""


def ask(path, method, url, body=None):
    connection = UnixConnection(path)
    headers = {}
    if os.environ.get("BROKER_TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["BROKER_TOKEN"]
    try:
        connection.request(method, url, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status < 400:
        return answer
    if answer["needs_sign_in"]:
        raise SignInNeeded(answer["title"])
    raise RuntimeError(f"{answer['code']}: {answer['title']}")


def access_token(path, grant):
    grant = urllib.parse.quote(grant, safe="")
    return ask(path, "GET", f"/v1/grants/{grant}/token?min_valid=60")["access_token"]


def refused(path, grant, token):
    """Another access token, after an API answered 401 to this one."""
    grant = urllib.parse.quote(grant, safe="")
    return ask(path, "POST", f"/v1/grants/{grant}/refused", {"access_token": token})["access_token"]


if __name__ == "__main__":
    print(access_token(sys.argv[1], sys.argv[2]))
