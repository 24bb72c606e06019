"""TLS in front of a broker on 127.0.0.1 that has none, for tests.

    tls_proxy.py BROKER_PORT CERTIFICATE KEY [CLIENT_CA]

prints its port and serves until its standard input closes. Brokers tell clients where to go on: in answers, the
broker's port behind its address is replaced by this one's. With CLIENT_CA, clients need a certificate of that CA.
"""

import os
import socket
import ssl
import struct
import sys
import threading
import time


def exactly(stream, count):
    parts = b""
    while len(parts) < count:
        part = stream.recv(min(count - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return parts


def requests(client, broker):
    try:
        while data := client.recv(1 << 16):
            broker.sendall(data)
    except OSError:
        pass
    finally:
        end(broker)


def answers(broker, client, old, new):
    try:
        while (head := exactly(broker, 4)) and (body := exactly(broker, struct.unpack(">I", head)[0])) is not None:
            client.sendall(head + body.replace(old, new))
    except OSError:
        pass
    finally:
        end(client)


def end(stream):
    try:
        stream.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def serve(connection, context, port, old, new):
    client = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    try:
        client.do_handshake()
    except OSError:
        # Closed at once, the connection would be reset before the client has read why.
        time.sleep(0.3)
        client.close()
        return
    broker = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=requests, args=(client, broker), daemon=True).start()
    answers(broker, client, old, new)
    client.close()
    broker.close()


def main():
    port, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if len(sys.argv) > 4:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(sys.argv[4])
    listener = socket.create_server(("127.0.0.1", 0))
    own = listener.getsockname()[1]
    old, new = (b"127.0.0.1" + struct.pack(">I", number) for number in (port, own))
    print(own, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context, port, old, new), daemon=True).start()


main()
