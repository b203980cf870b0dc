"""An OpenAI-like server over several nodes for container tests: ``group.py ROLE --own ADDRESS --head ADDRESS [--peers A,B]``.

head and follower compute in step: the head asks every follower for each token over a connection that the follower opened,
waits for its answer without a limit, and ends with status 0 when a follower is gone, as vLLM does. A replica answers alone;
its head deals every second request to it and waits. A router asks a prefill node for the first token and a decode node for
the rest.
"""

import http.client
import http.server
import json
import os
import signal
import socket
import sys
import threading
import time

TOKENS = 8
PORT = 8000
STEPS = 29501
PAUSE_S = 0.01


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Followers:
    """Connections that followers opened."""

    def __init__(self, own, count):
        self.count = count
        self.lock = threading.Lock()
        self.connections = []
        listener = socket.create_server((own, STEPS), family=family(own))
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            self.connections.append(listener.accept()[0])

    def complete(self):
        return len(self.connections) == self.count

    def step(self):
        with self.lock:
            for connection in self.connections:
                try:
                    connection.sendall(b"s")
                    answer = connection.recv(1)
                except OSError:
                    answer = b""
                if not answer:
                    os._exit(0)


def follow(head):
    while True:
        try:
            connection = socket.create_connection((head, STEPS), 1)
            break
        except OSError:
            time.sleep(0.05)
    connection.settimeout(None)
    while connection.recv(1):
        connection.sendall(b"a")
    time.sleep(3600)  # a follower outlives its head


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    followers = None
    backends = ()

    def log_message(self, *_):
        pass

    def do_GET(self):
        ready = self.followers is None or self.followers.complete()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()
        for number in range(TOKENS):
            self.compute(number)
            self.say({"choices": [{"index": 0, "delta": {"content": f"word{number} "}}]})
        usage = {"prompt_tokens": 100, "completion_tokens": TOKENS}
        self.say({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def compute(self, number):
        if self.followers is not None:
            self.followers.step()
        elif self.backends:
            prefill, decode = self.backends
            get(prefill if number == 0 else decode)
        time.sleep(PAUSE_S)

    def say(self, value):
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
        self.wfile.flush()


def get(address):
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/token")
    connection.getresponse().read()
    connection.close()


def main():
    role, *rest = sys.argv[1:]
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    print(f"first words of the {role}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if role == "follower":
        follow(options["--head"])
    if role == "head":
        Handler.followers = Followers(options["--own"], int(options["--followers"]))
    if role == "router":
        Handler.backends = options["--prefill"], options["--decode"]
    server = http.server.ThreadingHTTPServer
    server.request_queue_size = 256  # an offline phase connects at once
    server.address_family = family(options["--own"])
    server((options["--own"], PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()
