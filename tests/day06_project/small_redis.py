"""A small Redis server, for tests on machines that have none.

It speaks the protocol of Redis (RESP 2) over a real socket, so the code under test uses redis-py as
with a real server. It knows the commands that the shop, Flask-Session and the tests send, and
nothing else. Keys expire by a clock of its own, which only ``later`` moves: no test has to wait.
"""

import socket
import socketserver
import threading
from contextlib import suppress

OK = b"+OK\r\n"
NOTHING = b"$-1\r\n"


def number(value):
    return b":%d\r\n" % value


def text(value):
    return NOTHING if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def array(replies):
    return b"*%d\r\n" % len(replies) + b"".join(replies)


class SmallRedis:
    """The server. It keeps its data when it is stopped and started again."""

    def __init__(self):
        self.databases = {}
        self.seconds = 0
        self.connections = set()
        self.lock = threading.Lock()
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0?protocol=2"

    def later(self, seconds):
        """Move the clock on."""
        self.seconds += seconds

    # Start and stop

    def start(self):
        """Listen again, on the port of the first start."""
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                outer.connections.add(self.connection)
                outer.serve(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        """Close all connections, and take no new one."""
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with suppress(OSError):  # the client has closed it already
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    # Protocol

    def serve(self, reader, writer):
        """Reply to the requests of one connection."""
        database, queue = 0, None
        try:
            while line := reader.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int(reader.readline()[1:])
                    words.append(reader.read(size + 2)[:-2])
                name = words[0].upper()
                if name == b"SELECT":
                    database, reply = int(words[1]), OK
                elif name == b"MULTI":
                    queue, reply = [], OK
                elif name == b"EXEC":
                    with self.lock:
                        reply = array([self.run(database, *each) for each in queue])
                    queue = None
                elif queue is not None:
                    queue.append(words)
                    reply = b"+QUEUED\r\n"
                else:
                    with self.lock:
                        reply = self.run(database, *words)
                writer.write(reply)
        except (OSError, ValueError):
            pass  # stopped

    # Commands

    def run(self, database, name, key=b"", *rest):
        """Run one command, and return the reply."""
        data = self.databases.setdefault(database, {})
        for each, (_, end) in list(data.items()):
            if end is not None and end <= self.seconds:
                del data[each]
        value, end = data.get(key, (None, None))
        match name.upper():
            case b"PING":
                return b"+PONG\r\n"
            case b"GET":
                return text(value)
            case b"GETDEL":
                data.pop(key, None)
                return text(value)
            case b"DEL":
                return number(data.pop(key, None) is not None)
            case b"SET":
                options = [word.upper() for word in rest[1:]]
                if b"NX" in options and value is not None:
                    return NOTHING
                seconds = int(options[options.index(b"EX") + 1]) if b"EX" in options else None
                data[key] = rest[0], seconds and self.seconds + seconds
                return OK
            case b"SETEX":
                data[key] = rest[1], self.seconds + int(rest[0])
                return OK
            case b"INCRBY":
                data[key] = b"%d" % (int(value or 0) + int(rest[0])), end
                return number(int(data[key][0]))
            case b"TTL":
                if value is None:
                    return number(-2)
                return number(-1 if end is None else end - self.seconds)
            case b"KEYS":
                return array([text(each) for each in data])
        return b"-ERR unknown command\r\n"
