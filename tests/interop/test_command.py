# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command says, to whom, and the status that it ends with."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time

import harness
import wire_peer
from harness import PASSWORD, PORT_NAME, Device, EchoDevice, SourceDevice
from wire_peer import LinkRefused, Session

USAGE, FAILED = 2, 1


class CommandTest(harness.TestCase):
    def run_charflow(self, *arguments, text="", env=None, limit_s=30):
        try:
            return subprocess.run([harness.charflow(), *map(str, arguments)], input=text, env=env,
                                  capture_output=True, text=True, timeout=limit_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"{arguments} did not end within {limit_s} s: {error.stdout!r} "
                                 f"{error.stderr!r}") from None

    def assert_one_line(self, done, status, *words):
        self.assertEqual(done.returncode, status, done)
        self.assertEqual(done.stdout, "", done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done)
        for word in words:
            self.assertIn(word, done.stderr)

    def assert_echoes(self, server, password=PASSWORD, name=PORT_NAME):
        with Session(server.address, password) as session:
            port = session.open_port(name)
            port.send_data(b"are you there?")
            port.await_data(b"are you there?")


class UsageTest(CommandTest):
    def test_bad_usage_is_one_line_and_status_2(self):
        device = f"--chardev=socket,id=d0,path={self.folder}/d0,server=off"
        channel = "--channel=port,name=org.example.a.0,chardev=d0"
        for arguments, words in {
                ("serve", "--no-such-option"): ["--no-such-option"],
                ("no-such-command",): ["no-such-command"],
                ("serve", "unexpected"): ["unexpected"],
                ("serve", "--no-auth", "--chardev=nonsense,id=d0"): ["nonsense"],
                ("serve", "--no-auth", "--chardev=ringbuf,id=d0,size=lots"): ["size", "lots"],
                ("serve", "--no-auth", "--chardev=null,id=d0,colour=red"): ["colour"],
                ("serve", "--no-auth", f"--chardev=socket,id=d0,path={self.folder}/d0,server=ON"):
                    ["server", "ON"],
                ("serve", "--no-auth", "--chardev=null"): ["id"],
                ("serve", "--no-auth", "--chardev=null,id=d0", "--chardev=null,id=d0"): ["d0"],
                ("serve", "--no-auth", "--chardev=mux,id=d0,chardev=d1"): ["d1"],
                ("serve", "--no-auth", "--chardev=null,id=d0,mux=on", "--channel=port,chardev=d0-base"): ["d0-base"],
                ("serve", "--no-auth", "--chardev=null,id=d0,mux=on", *["--channel=port,chardev=d0"] * 5): ["d0", "4"],
                ("serve", "--no-auth", device, "--channel=port,name=org.example.a.0,chardev=d1"): ["d1"],
                ("serve", "--no-auth", device, "--channel=nonsense,name=a,chardev=d0"): ["nonsense"],
                ("serve", "--no-auth", device, channel + ",stall-time=soon"): ["stall-time", "soon"],
                ("serve", "--no-auth", device, channel + ",colour=red"): ["colour"],
                ("serve", "--no-auth", "--listen=gopher://127.0.0.1:70"): ["gopher"],
                ("serve", "--no-auth", f"--password-file={self.write_file('p', PASSWORD)}"): ["--no-auth"],
                **{("serve", "--no-auth", f"--stats={value}"): ["--stats", f"'{value}'"]
                   for value in ("soon", "0", "-1", "nan", "inf", "1s", "", "1e9")},
                ("connect", "spice://127.0.0.1:1", "unexpected"): ["unexpected"],
                ("connect", "gopher://127.0.0.1:70", "--port=a"): ["gopher"],
                ("list",): [],
                ("backends", "nonsense"): ["nonsense"],
        }.items():
            with self.subTest(" ".join(arguments)):
                self.assert_one_line(self.run_charflow(*arguments), USAGE, *words)

    def test_bad_password_files(self):
        for name, text, words in (("empty", "", ["empty"]), ("61", "p" * 61, ["60"])):
            with self.subTest(name):
                path = self.write_file(f"password-{name}", text)
                done = self.run_charflow("serve", "--listen=spice://127.0.0.1:0", f"--password-file={path}")
                self.assertIn(done.returncode, (FAILED, USAGE), done)
                self.assert_one_line(done, done.returncode, str(path), *words)
                self.assertNotIn("pppp", done.stderr)

    def test_a_password_file_that_is_not_there(self):
        path = self.folder / "nowhere"
        done = self.run_charflow("serve", "--listen=spice://127.0.0.1:0", f"--password-file={path}")
        self.assertIn(done.returncode, (FAILED, USAGE), done)
        self.assert_one_line(done, done.returncode, str(path))

    def test_help_and_version(self):
        for arguments in (["--help"], ["--version"], ["serve", "--help"], ["list", "--help"],
                          ["connect", "--help"], ["backends", "--help"]):
            with self.subTest(" ".join(arguments)):
                done = self.run_charflow(*arguments)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertNotEqual(done.stdout, "")

    def test_backends(self):
        done = self.run_charflow("backends")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name in ("null", "pty", "socket", "ringbuf"):
            self.assertRegex(done.stdout, rf"(?m)^\s*{name}\b")
        done = self.run_charflow("backends", "socket")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("path", "host", "port", "server", "reconnect", "logfile", "mux"):
            self.assertRegex(done.stdout, rf"(?m)^\s*{option}\b")


class ServeTest(CommandTest):
    def test_port_0_prints_the_real_one(self):
        self.device(EchoDevice)
        server = self.serve()
        self.assertNotEqual(server.address[1], 0)
        self.assert_echoes(server)

    def test_ends_with_status_0_at_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            for state in ("idle", "with a client"):
                with self.subTest(f"{number.name}, {state}"):
                    server = self.serve(device=None)
                    session = Session(server.address, PASSWORD) if state == "with a client" else None
                    server.send_signal(number)
                    self.assertEqual(server.wait(), 0, server.describe())
                    if session is not None:
                        self.assertTrue(session.closed.wait(harness.WAIT_LIMIT_S))
                        session.close()

    def test_a_session_is_logged_recorded_and_played(self):
        self.device(EchoDevice)
        log, record = self.folder / "log", self.folder / "record"
        server = self.serve(chardev_options=f",logfile={log},record={record}")
        self.assert_echoes(server)
        server.stop()
        self.assertEqual(log.read_bytes(), b"are you there?")

        server = self.serve(f"--chardev=replay,id=d0,path={record},speed=full",
                            f"--channel=port,name={PORT_NAME},chardev=d0,keep-unread=on", device=None)
        with Session(server.address, PASSWORD) as session:
            session.open_port(PORT_NAME).await_data(b"are you there?")

    def test_a_log_that_cannot_be_written_is_told(self):
        self.device(EchoDevice)
        server = self.serve(chardev_options=",logfile=/dev/full")
        self.assert_echoes(server)
        server.await_line("/dev/full", server.err)

    def test_a_log_that_cannot_be_opened_ends_it(self):
        path = self.folder / "nowhere" / "log"
        done = self.run_charflow("serve", "--no-auth", "--listen=spice://127.0.0.1:0", f"--chardev=null,id=d0,logfile={path}")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (FAILED, 1), done)
        self.assertIn(str(path), done.stderr)

    def test_address_in_use(self):
        first = self.serve(device=None)
        done = self.run_charflow("serve", f"--listen={first.uri}", "--no-auth")
        self.assertEqual(done.returncode, FAILED, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done)
        self.assertIn(str(first.address[1]), done.stderr)

    def test_a_device_that_always_has_more(self):
        server = self.serve("--chardev=file,id=d0,path=/dev/null,input-path=/dev/zero",
                            f"--channel=port,name={PORT_NAME},chardev=d0", device=None)
        with Session(server.address, PASSWORD) as session:
            session.open_port(PORT_NAME).await_data(bytes(65536))

    def test_several_listeners(self):
        self.device(EchoDevice)
        path = self.folder / "spice"
        server = self.serve(f"--listen=spice+unix://{path}", "--listen=spice://127.0.0.1:0")
        harness.eventually(lambda: len([line for line in server.out if line.startswith("listening on ")]) == 3,
                           server.describe)
        for line in list(server.out):
            if line.startswith("listening on "):
                with self.subTest(line):
                    server.address = harness.address_of(line.removeprefix("listening on "))
                    self.assert_echoes(server)

    def test_unix_listener(self):
        self.device(EchoDevice)
        path = self.folder / "spice"
        server = self.serve(listen=f"spice+unix://{path}")
        self.assertEqual(server.uri, f"spice+unix://{path}")
        self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
        self.assert_echoes(server)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(path.exists(), "the socket was left behind")

    def test_unix_listener_leaves_the_files_of_others_alone(self):
        path = self.write_file("precious", "data")
        done = self.run_charflow("serve", f"--listen=spice+unix://{path}", "--no-auth")
        self.assertEqual(done.returncode, FAILED, done)
        self.assertIn(str(path), done.stderr)
        self.assertEqual(path.read_text(encoding="ascii"), "data")

    def test_password_file(self):
        self.device(EchoDevice)
        for ending in ("", "\n", "\r\n", "\nsecond line\n"):
            with self.subTest(repr(ending)):
                path = self.write_file("password", PASSWORD + ending)
                server = self.serve(f"--password-file={path}", password=None)
                self.assert_echoes(server)
                with self.assertRaises(LinkRefused):
                    wire_peer.link(server.address, "")
                server.stop()

    def test_password_of_the_environment(self):
        self.device(EchoDevice)
        server = self.serve(password=None, env={**os.environ, "CHARFLOW_PASSWORD": PASSWORD})
        self.assert_echoes(server)
        with self.assertRaises(LinkRefused):
            wire_peer.link(server.address, "")
        self.assertNotIn(PASSWORD, "".join(server.out + server.err))

    def test_no_auth(self):
        self.device(EchoDevice)
        server = self.serve("--no-auth", password=None)
        for password in ("", "whatever"):
            self.assert_echoes(server, password)

    def test_default(self):
        """With no device given: a pty, a password, and a line to paste."""
        server = self.serve(device=None, password=None)
        pty = server.await_line(r"^pty \S+ (/\S+)$").group(1)
        password = server.await_line(r"^password (\S+)$").group(1)
        connect_line = server.await_line(r"^connect with (.*)$").group(1)
        self.assertIn(password, connect_line)
        self.assertIn("org.charflow.console.0", connect_line)

        path = f"{os.path.dirname(harness.charflow())}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path}
        env.pop("CHARFLOW_PASSWORD", None)
        client = self.start("sh", "-c", connect_line, env=env, stdin=subprocess.PIPE)
        terminal = os.open(pty, os.O_RDWR | os.O_NOCTTY)
        try:
            client.process.stdin.write(b"from the client\n")
            client.process.stdin.flush()
            received = b""
            os.set_blocking(terminal, False)

            def read():
                nonlocal received
                try:
                    received += os.read(terminal, 4096)
                except BlockingIOError:
                    pass
                return b"from the client" in received

            harness.eventually(read, lambda: f"{received!r}; {client.describe()}; {server.describe()}")
            os.write(terminal, b"from the pty\n")
            client.await_line("from the pty")
        finally:
            os.close(terminal)

    def test_two_ports_share_a_backend(self):
        """The one that came last has the focus, until the other side moves it."""
        device = self.device(Device)
        server = self.serve(f"--chardev=socket,id=base,path={device.path},server=off", "--chardev=mux,id=m,chardev=base",
                            "--channel=port,chardev=m", "--channel=port,chardev=m", device=None)
        with Session(server.address, PASSWORD) as session:
            ids = [channel_id for channel_type, channel_id in session.list_channels() if channel_type == wire_peer.PORT]
            ports = [session.open_port_id(channel_id) for channel_id in ids]
            self.assertEqual([port.name for port in ports], ["org.charflow.m.0", "org.charflow.m.1"])
            for port in ports:
                port.send_data(b"hello ")
            device.await_received(lambda received: received == b"hello hello ", "both")
            device.connection.sendall(b"to the second\x01cto the first")
            ports[1].await_data(b"to the second")
            ports[0].await_data(b"to the first")

    def test_default_address(self):
        """Only where the port is free; a machine may well have another server there."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", 5930))
            except OSError:
                done = self.run_charflow("serve")
                self.assertEqual(done.returncode, FAILED, done)
                self.assertIn("5930", done.stderr)
                return
        server = self.start(harness.charflow(), "serve")
        self.assertEqual(server.await_line(r"^listening on (\S+)$").group(1), "spice://127.0.0.1:5930")
        server.await_line(r"^pty ")


class StatsTest(CommandTest):
    FLOOD = 32 * harness.MIB
    # What of the properties is no figure: settings of the program's own, and objects.
    NOT_PRINTED = {
        "device": {"backend", "clients", "client-tokens-interval", "echo", "keep-unread", "keep-unwritten", "self-tokens",
                   "serial-settings"},
        "client": {"client-tokens", "device", "max-queue-bytes", "max-queue-messages", "max-waiting-bytes",
                   "send-tokens", "stall-time", "wait-for-state", "wait-time"},
    }

    def port(self, server):
        return self.enterContext(Session(server.address, PASSWORD)).open_port(PORT_NAME)

    def lines(self, server):
        return [json.loads(line) for line in list(server.out) if line.startswith("{")]

    def await_device(self, server, condition):
        """The newest figures of the only device, once they fulfil the condition."""
        def find():
            device = next((line["devices"][0] for line in reversed(self.lines(server))), None)
            return device if device and condition(device) else None

        return harness.eventually(find, lambda: f"figures: {server.out[-1:]}; {server.err}")

    def assert_adds_up(self, device):
        for client in device["clients"]:
            self.assertEqual(client["bytes-delivered"] + client["bytes-missed"] + client["queued-bytes"],
                             device["bytes-read"] - device["bytes-discarded"], device)
        for thing in (device, *device["clients"]):
            for key in thing:
                if key.endswith("-peak"):
                    self.assertGreaterEqual(thing[key], thing[key.removesuffix("-peak")], (key, thing))

    def test_keys_are_properties(self):
        import gi
        gi.require_version("Charflow", "1")
        from gi.repository import Charflow, GObject

        self.device(EchoDevice)
        server = self.serve("--stats=0.05")
        port = self.port(server)
        device = self.await_device(server, lambda device: device["clients"])
        line = self.lines(server)[-1]
        self.assertEqual(list(line), ["time", "uptime", "devices"])
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        self.assertEqual((device["id"], device["port-name"]), ("d0", PORT_NAME))
        self.assertIn(str(self.folder / "d0"), device["backend"])
        client = device["clients"][0]
        self.assertEqual((client["peer"], client["overflow"], client["flow-control"], client["read-only"]),
                         (f"127.0.0.1:{port.local_port}", "pace", False, False))
        names = {spec.name for spec in GObject.list_properties(Charflow.CharDevice)}
        self.assertEqual(set(device) - {"id", "port-name", "backend", "clients"},
                         names - self.NOT_PRINTED["device"])
        names = {spec.name for spec in GObject.list_properties(Charflow.Client)}
        self.assertEqual(set(client), names - self.NOT_PRINTED["client"])
        self.assertEqual(device["removals"],
                         {nick: 0 for nick in ("bad-message", "detached", "device-gone", "no-tokens", "overflow",
                                               "stalled", "token-overflow", "token-timeout")})

    def test_a_stalled_client(self):
        source = self.device(SourceDevice, self.FLOOD)
        server = self.serve("--stats=0.05", channel_options=",stall-time=500")
        reader = self.port(server)
        stalled = self.port(server)
        reader.send_data(b"go")
        data = reader.recv_data(self.FLOOD)
        self.assertEqual(hashlib.sha256(data).hexdigest(), source.await_digest())

        device = self.await_device(server, lambda device: device["bytes-read"] == self.FLOOD)
        self.assertEqual({reason: n for reason, n in device["removals"].items() if n}, {"stalled": 1})
        self.assertEqual((device["bytes-written"], device["bytes-discarded"]), (len(b"go"), 0))
        self.assertGreaterEqual(device["read-blocked-time"], 400_000)
        self.assertLess(device["read-blocked-time"], self.lines(server)[-1]["uptime"])
        self.assertEqual([(client["peer"], client["bytes-delivered"], client["bytes-written"])
                          for client in device["clients"]],
                         [(f"127.0.0.1:{reader.local_port}", self.FLOOD, len(b"go"))])
        self.assertGreater(len(self.lines(server)), 1)
        for line in self.lines(server):
            self.assert_adds_up(line["devices"][0])
        names = {client["peer"] for line in self.lines(server) for client in line["devices"][0]["clients"]}
        self.assertIn(f"127.0.0.1:{stalled.local_port}", names)

    def test_a_client_that_misses_data(self):
        self.device(SourceDevice, self.FLOOD)
        server = self.serve("--stats=0.05", channel_options=",overflow=drop")
        other = self.port(server)
        lossy = self.port(server)
        name = f"127.0.0.1:{lossy.local_port}"

        def figures(device):
            return next(client for client in device["clients"] if client["peer"] == name)

        def has_missed(line):
            return line.startswith(f"charflow: {name}: missed ")

        other.send_data(b"go")
        while not any(figures(line["devices"][0])["bytes-missed"] for line in self.lines(server)
                      if len(line["devices"][0]["clients"]) == 2):
            other.recv_data(harness.MIB)
        # It is told once the client takes what comes after the gap.
        received = 0
        while not any(map(has_missed, list(server.err))):
            received += len(lossy.recv_data(16 * 1024))
        self.assertGreater(received, 0)
        self.assertEqual(server.stop(), 0)

        last = self.lines(server)[-1]["devices"][0]
        for line in self.lines(server):
            if len(line["devices"][0]["clients"]) == 2:
                self.assert_adds_up(line["devices"][0])
        told = [int(re.search(r"missed (\d+) bytes, because", line).group(1))
                for line in server.err if has_missed(line)]
        self.assertEqual(sum(told), figures(last)["bytes-missed"], server.err)
        # The first one, one for each ten seconds more, and what was left at the end.
        self.assertLessEqual(len(told), 2 + self.lines(server)[-1]["uptime"] / 10e6, server.err)

    def test_the_last_line_comes_at_the_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number.name), self.device(EchoDevice):
                server = self.serve("--stats=1000")
                self.assert_echoes(server)
                self.assertEqual(self.lines(server), [])
                with Session(server.address, PASSWORD) as session:
                    session.open_port(PORT_NAME)
                    server.send_signal(number)
                    self.assertEqual(server.wait(), 0, server.describe())
                lines = self.lines(server)
                self.assertEqual(len(lines), 1, server.describe())
                device = lines[0]["devices"][0]
                self.assertEqual(device["bytes-written"], len(b"are you there?"))
                self.assertEqual(device["bytes-read"], len(b"are you there?"))
                self.assertIn(len(device["clients"]), (1, 2))
                self.assertTrue(server.out[-1].startswith("{"))

    def test_none_unless_asked_for(self):
        self.device(EchoDevice)
        server = self.serve()
        self.assert_echoes(server)
        self.assertEqual(server.stop(), 0)
        self.assertEqual([line for line in server.out if "{" in line], [])

    def start_unread(self, interval):
        """A server whose output nobody reads beyond where it listens."""
        errors = self.enterContext(open(self.folder / "errors", "w", encoding="utf-8"))
        output, end = os.pipe()
        # As small as can be, so that it is soon full.
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 1)
        process = self.enterContext(subprocess.Popen(
            [harness.charflow(), "serve", "--listen=spice://127.0.0.1:0", "--no-auth", f"--stats={interval}",
             f"--chardev=socket,id=d0,path={self.folder / 'd0'},server=off",
             f"--channel=port,name={PORT_NAME},chardev=d0"], stdout=end, stderr=errors))
        os.close(end)
        self.addCleanup(process.kill)
        process.output = self.enterContext(open(output, "rb", buffering=0))
        process.address = harness.address_of(process.output.readline().decode().split()[-1])
        process.errors = self.folder / "errors"
        return process

    def test_nobody_listens_any_more(self):
        self.device(EchoDevice)
        server = self.start_unread(0.05)
        server.output.close()
        harness.eventually(lambda: "standard output" in server.errors.read_text(encoding="utf-8"), "a line about it")
        self.assert_echoes(server)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(harness.END_LIMIT_S), 0)
        self.assertEqual(len(server.errors.read_text(encoding="utf-8").splitlines()), 1)

    def test_a_reader_that_takes_nothing_holds_up_nobody(self):
        self.device(EchoDevice)
        server = self.start_unread(0.001)
        # Another end of the same pipe, which may be non-blocking without being so for the server.
        filler = os.open(f"/proc/self/fd/{server.output.fileno()}", os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filler, b"\n")
        os.close(filler)
        self.assert_echoes(server)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(harness.END_LIMIT_S), 0)
        self.assertIn("Nobody reads it", server.errors.read_text(encoding="utf-8"))
        lines = server.output.read().decode().split("\n")
        self.assertTrue(all(json.loads(line)["devices"] for line in lines if line))


class ConnectTest(CommandTest):
    def connect(self, server, *options, name=PORT_NAME, text=""):
        path = self.write_file("connect-password", PASSWORD)
        return self.run_charflow("connect", server.uri, f"--port={name}", f"--password-file={path}",
                                 *options, text=text)

    def start_connect(self, server):
        path = self.write_file("connect-password", PASSWORD)
        return self.start(harness.charflow(), "connect", server.uri, f"--port={PORT_NAME}",
                          f"--password-file={path}", stdin=subprocess.PIPE)

    def test_pipes(self):
        self.device(EchoDevice)
        done = self.connect(self.serve(), text="there and back\n")
        self.assertEqual((done.returncode, done.stdout), (0, "there and back\n"), done)

    def test_large_input_arrives(self):
        device = self.device(Device)
        text = "0123456789abcdef" * 65536
        done = self.connect(self.serve(), "--linger=0", text=text)
        self.assertEqual(done.returncode, 0, done.stderr)
        received = device.await_received(lambda data: len(data) >= len(text), f"{len(text)} bytes")
        self.assertEqual(received, text.encode())

    def test_large_output_arrives(self):
        device = self.device(SourceDevice, 4 * harness.MIB)
        server = self.serve()
        path = self.write_file("connect-password", PASSWORD)
        done = subprocess.run([harness.charflow(), "connect", server.uri, f"--port={PORT_NAME}",
                               f"--password-file={path}"], input=b"go", capture_output=True, timeout=30,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(hashlib.sha256(done.stdout).hexdigest(), device.await_digest())

    def test_linger(self):
        """An answer that comes later than the default waits for is there with a longer one."""
        class LateDevice(Device):
            def serve(self, connection):
                connection.recv(100)
                # The device's own time to think; nothing waits for it here.
                time.sleep(2)
                connection.sendall(b"late answer")
                super().serve(connection)

        self.device(LateDevice)
        done = self.connect(self.serve(), "--linger=10", text="?")
        self.assertEqual((done.returncode, done.stdout), (0, "late answer"), done)

    def test_bad_linger(self):
        self.device(EchoDevice)
        done = self.connect(self.serve(), "--linger=soon")
        self.assert_one_line(done, USAGE, "soon")

    def test_ends_when_the_server_goes(self):
        self.device(EchoDevice)
        server = self.serve()
        client = self.start_connect(server)
        client.process.stdin.write(b"hello\n")
        client.process.stdin.flush()
        client.await_line("hello")
        server.stop()
        # Standard input is still open: the port's end is what ends it.
        client.wait()
        self.assertGreaterEqual(client.process.returncode, 0, client.describe())

    def test_ends_when_the_server_is_killed(self):
        self.device(EchoDevice)
        server = self.serve()
        client = self.start_connect(server)
        client.process.stdin.write(b"hello\n")
        client.process.stdin.flush()
        client.await_line("hello")
        server.send_signal(signal.SIGKILL)
        client.wait()
        self.assertGreaterEqual(client.process.returncode, 0, client.describe())

    def test_list(self):
        self.device(EchoDevice)
        server = self.serve()
        path = self.write_file("list-password", PASSWORD)
        done = self.run_charflow("list", server.uri, f"--password-file={path}")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertRegex(done.stdout, rf"(?m)^port\s+0\s+{re.escape(PORT_NAME)}\s+open$")

    def test_errors(self):
        self.device(EchoDevice)
        server = self.serve()
        wrong = self.write_file("wrong", "not-the-password")
        self.assert_one_line(self.run_charflow("list", server.uri, f"--password-file={wrong}"), FAILED,
                             "password")
        self.assert_one_line(self.run_charflow("list", server.uri), FAILED, "password")
        self.assert_one_line(self.connect(server, name="org.example.nowhere.0"), FAILED,
                             "org.example.nowhere.0")
        free = f"spice://127.0.0.1:{harness.free_port()}"
        self.assert_one_line(self.run_charflow("list", free), FAILED, "127.0.0.1")
        self.assert_one_line(self.run_charflow("list", f"spice+unix://{self.folder}/nowhere"), FAILED,
                             "nowhere")

    def test_a_password_in_the_uri_is_refused(self):
        done = self.run_charflow("list", "spice://127.0.0.1:1?password=s3cret")
        self.assert_one_line(done, USAGE, "password")
        self.assertNotIn("s3cret", done.stderr)


if __name__ == "__main__":
    sys.exit(harness.main())
