# SPDX-License-Identifier: LGPL-2.1-or-later
"""Socket back ends and the programs that others have for sockets: socat, openssl, telnet, ser2net; and peers that die."""

import contextlib
import os
import pty
import random
import resource
import select
import signal
import subprocess
import sys
import termios
import time

import gi

gi.require_version("Charflow", "1")
from gi.repository import Charflow, GLib  # noqa: E402

import harness  # noqa: E402
from harness import HERE, eventually, free_port, peer_environment  # noqa: E402

CERTIFICATES = HERE.parent / "tools" / "make-certificates.sh"
BULK = 300 * 1000
N_CLIENTS = 20
N_ROUNDS = 5

# Answers what it reads, and tells how much it has sent once the kernel has it. The folder it listens in is its own.
DYING_PEER = """
import os, socket, sys
path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path + ".new")
listener.listen(1)
os.rename(path + ".new", path)
connection = listener.accept()[0]
sys.stderr.close()
n_sent = 0
while data := connection.recv(4096):
    connection.sendall(data)
    n_sent += len(data)
    os.write(1, b"%d\\n" % n_sent)
"""


def wait_for(condition, what):
    """The first true value, with the main loop running meanwhile."""
    context = GLib.MainContext.default()

    def turn():
        for _ in range(50):
            context.iteration(False)
        return condition()

    return eventually(turn, what)


def run_for(seconds):
    end = time.monotonic() + seconds
    timer = GLib.timeout_add(10, lambda: True)
    while time.monotonic() < end:
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(timer)


def count_fds():
    return len(os.listdir("/proc/self/fd"))


def cpu_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class FrontEnd:
    """Opens a back end, and records what it says and gives."""

    def __init__(self, spec):
        self.backend = Charflow.Backend.new_from_spec(spec)
        self.received = bytearray()
        self.events = []
        self.errors = []
        self.source = None
        self.backend.connect("event", self._event)
        self.backend.connect("peer-error", lambda backend, error: self.errors.append(error))
        self.open()

    def open(self):
        results = []
        self.backend.open_async(None, lambda backend, result: results.append(result))
        wait_for(lambda: results, "the end of the opening")
        self.backend.open_finish(results[0])

    def close(self):
        self.backend.close()
        self._stop_reading()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def _event(self, backend, event):
        self.events.append(event)
        if event == Charflow.Event.OPENED:
            self._stop_reading()
            self.source = backend.create_source(GLib.IOCondition.IN)
            self.source.set_callback(self._readable)
            self.source.attach(None)
            self.opened()

    def _stop_reading(self):
        if self.source is not None:
            self.source.destroy()
        self.source = None

    def _readable(self, unused):
        try:
            data = self.backend.read_bytes(65536).get_data()
        except GLib.Error:
            return True
        self.received += data
        self.took(data)
        return True

    def opened(self):
        pass

    def took(self, data):
        pass

    @property
    def port(self):
        return self.backend.get_property("port")

    def await_event(self, event):
        wait_for(lambda: event in self.events, lambda: f"{event} among {self.events}, {self.errors}")

    def await_received(self, data):
        wait_for(lambda: len(self.received) >= len(data), lambda: f"{len(data)} bytes, only {len(self.received)}")
        if self.received != data:
            raise AssertionError(f"received {bytes(self.received[:200])!r}, not {data[:200]!r}")
        self.received.clear()

    def write_all(self, data):
        results = []
        self.backend.write_all_async(GLib.Bytes.new(data), None, lambda backend, result: results.append(result))
        wait_for(lambda: results, f"{len(data)} bytes to be written")
        self.backend.write_all_finish(results[0])


class SocatTest(harness.TestCase):
    def assert_echo(self, front_end):
        front_end.await_event(Charflow.Event.OPENED)
        data = random.randbytes(BULK)
        front_end.write_all(data)
        front_end.await_received(data)

    def test_server(self):
        path = self.folder / "s"
        for options, address in ((f"path={path}", f"UNIX-CONNECT:{path}"),
                                 ("port=0", "TCP:127.0.0.1:{port}"),
                                 ("port=0,host=::1", "TCP6:[::1]:{port}")):
            with FrontEnd(f"socket,server=on,wait=off,{options}") as server:
                socat = self.start("socat", address.format(port=server.port), "EXEC:cat", env=peer_environment())
                self.assert_echo(server)
                socat.stop()
                server.await_event(Charflow.Event.CLOSED)

    def test_client(self):
        path = self.folder / "s"
        port = free_port()
        for options, address in ((f"path={path}", f"UNIX-LISTEN:{path}"),
                                 (f"port={port}", f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr")):
            self.start("socat", address, "EXEC:cat", env=peer_environment())
            with FrontEnd(f"socket,reconnect=1,{options}") as client:
                self.assert_echo(client)

    def test_half_close(self):
        """What socat has sent before its end is all there, however slowly it is taken."""
        data = random.randbytes(BULK)
        (self.folder / "data").write_bytes(data)
        with FrontEnd("socket,server=on,wait=off,port=0") as server:
            self.start("socat", "-u", f"FILE:{self.folder / 'data'}", f"TCP:127.0.0.1:{server.port}", env=peer_environment())
            server.await_event(Charflow.Event.CLOSED)
            server.await_received(data)


class OpensslTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        subprocess.run([CERTIFICATES, self.folder], check=True, capture_output=True)
        self.good = self.folder / "good"

    def test_server(self):
        command = ("openssl", "s_client", "-quiet", "-no_ign_eof", "-verify_return_error", "-verify_hostname", "localhost",
                   "-CAfile", self.good / "ca-cert.pem")
        own = ("-cert", self.good / "client-cert.pem", "-key", self.good / "client-key.pem")
        with FrontEnd(f"socket,server=on,wait=off,port=0,tls-creds={self.good}") as server:
            for version in ("-tls1_2", "-tls1_3"):
                client = self.start(*command, *own, version, "-connect", f"127.0.0.1:{server.port}",
                                    stdin=subprocess.PIPE, env=peer_environment())
                server.await_event(Charflow.Event.OPENED)
                client.process.stdin.write(b"hello\n")
                client.process.stdin.flush()
                server.await_received(b"hello\n")
                server.write_all(b"and back\n")
                client.await_line("and back")
                client.process.stdin.close()
                server.await_event(Charflow.Event.CLOSED)
                server.events.clear()

            self.start(*command, "-connect", f"127.0.0.1:{server.port}", stdin=subprocess.PIPE, env=peer_environment())
            wait_for(lambda: server.errors, "an error about the missing certificate")
            self.assertEqual(server.events, [])

    def test_client(self):
        port = free_port()
        server = self.start("openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-naccept", "1", "-Verify", "1",
                            "-verify_return_error", "-cert", self.good / "server-cert.pem",
                            "-key", self.good / "server-key.pem", "-CAfile", self.good / "ca-cert.pem",
                            stdin=subprocess.PIPE, env=peer_environment())
        with FrontEnd(f"socket,port={port},reconnect=1,tls-creds={self.good}") as client:
            client.await_event(Charflow.Event.OPENED)
            client.write_all(b"hello\n")
            server.await_line("hello")
            server.process.stdin.write(b"and back\n")
            server.process.stdin.flush()
            client.await_received(b"and back\n")


class TelnetTest(harness.TestCase):
    def test_program(self):
        with FrontEnd("socket,server=on,wait=off,port=0,telnet=on") as server:
            pid, master = pty.fork()
            if pid == 0:
                os.execvp("telnet", ["telnet", "-e", "^]", "127.0.0.1", str(server.port)])
            try:
                shown = bytearray()

                def show():
                    while select.select([master], [], [], 0)[0]:
                        shown.extend(os.read(master, 4096))
                    return bytes(shown)

                server.await_event(Charflow.Event.OPENED)
                wait_for(lambda: b"Escape character" in show(), lambda: f"telnet to be ready: {shown}")
                server.write_all(b"login: ")
                wait_for(lambda: b"login: " in show(), lambda: f"the text in {shown}")
                os.write(master, b"x")
                wait_for(lambda: b"x" in server.received, "a key")
                server.received.clear()
                os.write(master, b"\x1d")
                wait_for(lambda: b"telnet>" in show(), lambda: f"the prompt in {shown}")
                os.write(master, b"send brk\n")
                server.await_event(Charflow.Event.BREAK)
                os.write(master, b"\x1d")
                wait_for(lambda: show().count(b"telnet>") > 1, lambda: f"the second prompt in {shown}")
                os.write(master, b"quit\n")
                server.await_event(Charflow.Event.CLOSED)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                os.close(master)


class Ser2netTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.line, self.far = self.folder / "line", self.folder / "far"
        self.start("socat", f"PTY,link={self.line},raw,echo=0", f"PTY,link={self.far},raw,echo=0", env=peer_environment())
        eventually(lambda: self.line.exists() and self.far.exists(), "the pair of terminals")
        self.port = free_port()
        config = self.write_file("ser2net.yaml", "\n".join((
            "connection: &line",
            f"  accepter: telnet(rfc2217),tcp,127.0.0.1,{self.port}",
            f"  connector: serialdev,{self.line},9600n81,local",
            "")))
        self.start("/usr/sbin/ser2net", "-n", "-u", "-c", config, env=peer_environment())

    def attributes(self):
        fd = os.open(self.line, os.O_RDWR | os.O_NOCTTY)
        try:
            return termios.tcgetattr(fd)
        finally:
            os.close(fd)

    def test_line(self):
        with FrontEnd(f"socket,port={self.port},host=127.0.0.1,reconnect=1,rfc2217=on") as client:
            client.await_event(Charflow.Event.OPENED)

            def settings():
                found = client.backend.get_peer_settings()
                return found and (found.get_baud(), found.get_data_bits(), found.get_parity(), found.get_stop())

            wait_for(settings, "the settings of the line")
            self.assertEqual(settings(), (9600, 8, Charflow.SerialParity.NONE, Charflow.SerialStop.ONE))
            client.backend.set_serial_settings(Charflow.SerialSettings.new_from_string("19200 8N2"))
            wait_for(lambda: settings() == (19200, 8, Charflow.SerialParity.NONE, Charflow.SerialStop.TWO),
                     lambda: f"the new settings, not {settings()}")
            attributes = self.attributes()
            self.assertEqual(attributes[4], termios.B19200)
            self.assertTrue(attributes[2] & termios.CSTOPB)

            far = os.open(self.far, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                every = bytes(range(256))
                client.write_all(every)
                got = bytearray()

                def gather():
                    with contextlib.suppress(BlockingIOError):
                        got.extend(os.read(far, 4096))
                    return len(got) >= len(every)

                wait_for(gather, lambda: f"the bytes at the far end, only {bytes(got)!r}")
                self.assertEqual(bytes(got), every)
                os.write(far, every)
                client.await_received(every)
            finally:
                os.close(far)
            client.backend.send_break(10)


class PingPong(FrontEnd):
    """Writes as much as it reads; all of one connection is one sequence of bytes, checked at its end."""

    def __init__(self, path):
        self.sent = bytearray()
        self.connections = []
        super().__init__(f"socket,path={path},reconnect=1")

    def opened(self):
        self.sent.clear()
        self.limit = random.randrange(20000, 60000)
        self.send(2000)

    def took(self, data):
        if data and len(self.received) < self.limit:
            self.send(len(data))

    def send(self, size):
        try:
            data = random.randbytes(size)
            self.sent += data[:self.backend.write(data)]
        except GLib.Error:
            pass  # the peer has just gone

    def _event(self, backend, event):
        if event == Charflow.Event.CLOSED:
            self.connections.append((bytes(self.sent), bytes(self.received)))
            self.received.clear()
        super()._event(backend, event)


class DyingPeersTest(harness.TestCase):
    def start_peer(self, path):
        peer = subprocess.Popen([sys.executable, "-c", DYING_PEER, path], stdout=subprocess.PIPE)
        self.addCleanup(self.kill, peer)
        return peer

    def kill(self, peer):
        """How much it has sent, as far as it knew."""
        if peer.stdout.closed:
            return 0
        peer.kill()
        told = peer.communicate()[0].split()
        return int(told[-1]) if told else 0

    def check_connection(self, client, n_sent):
        sent, received = client.connections[-1]
        self.assertGreater(n_sent, 0)
        self.assertGreaterEqual(len(received), n_sent)
        self.assertEqual(received, sent[:len(received)])

    def test_100_kills(self):
        paths = [str(self.folder / str(i)) for i in range(N_CLIENTS)]
        peers = [self.start_peer(path) for path in paths]
        eventually(lambda: all(os.path.exists(path) for path in paths), "the peers")
        clients = [PingPong(path) for path in paths]
        n_fds = None
        for n_round in range(N_ROUNDS):
            wait_for(lambda: all(len(client.received) > 20000 for client in clients), "traffic")
            n_fds = n_fds or count_fds()
            self.assertEqual(count_fds(), n_fds)
            n_sent = [self.kill(peer) for peer in peers]
            wait_for(lambda: all(len(client.connections) == n_round + 1 for client in clients), "the end of all")
            for client, n in zip(clients, n_sent):
                self.check_connection(client, n)

            # Nothing turns while nobody is there.
            began = cpu_time()
            run_for(0.3)
            self.assertLess(cpu_time() - began, 0.15)
            peers = [self.start_peer(path) for path in paths]

        for client in clients:
            client.close()


if __name__ == "__main__":
    harness.main()
