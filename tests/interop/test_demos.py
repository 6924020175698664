# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples in demos/: each server with each client, whatever language they are in."""

import datetime
import os
import shlex
import subprocess
import sys
import tty
from pathlib import Path

import harness
from harness import PASSWORD

LINE = "hello from the examples"
DEMOS = Path(os.environ.get("DEMOS", "/nonexistent"))
# The longest that a Python example may be.
MAX_LINES = 28


class GuestDevice(harness.Device):
    """A console where somebody may log in, which says what it has to say in pieces."""

    def serve(self, connection):
        questions = [b"login: ", b"Password: ", b"\nWelcome\nhost $ ", b"up 3 days\nload 0.1\nhost $ "]
        lines = connection.makefile("rb")
        for text in questions:
            lines.readline()
            for place in range(0, len(text), 4):
                connection.sendall(text[place:place + 4])
        lines.read()


class DemosTest(harness.TestCase):
    servers = {
        "c": ("org.charflow.c.0", shlex.split(os.environ.get("C_SERVE", ""))),
        "gjs": ("org.charflow.gjs.0", ["gjs", "-m", str(DEMOS / "gjs/serve.js")]),
        "python": ("org.charflow.python.0", [sys.executable, str(DEMOS / "python/serve.py")]),
        "vala": ("org.charflow.vala.0", shlex.split(os.environ.get("VALA_SERVE", ""))),
    }
    clients = {
        "c": shlex.split(os.environ.get("C_CONSOLE", "")),
        "python": [sys.executable, str(DEMOS / "python/read.py")],
        "vala": shlex.split(os.environ.get("VALA_CONSOLE", "")),
    }

    # Clocks, each with the same answers.
    backends = {
        "c": ("org.charflow.c.clock", shlex.split(os.environ.get("C_BACKEND", ""))),
        "vala": ("org.charflow.vala.clock", shlex.split(os.environ.get("VALA_BACKEND", ""))),
    }

    def setUp(self):
        super().setUp()
        self.env = {**os.environ, "CHARFLOW_PASSWORD": PASSWORD}

    def start_server(self, language):
        port_name, command = self.servers[language]
        server = self.start(*command, f"socket,id=d0,path={self.folder / language}", "spice://127.0.0.1:0",
                            env=self.env)
        return server, port_name, server.await_line(r"^listening on (.*)").group(1)

    def client_command(self, language, uri, port_name):
        # The Python one takes the first port that there is.
        return [*self.clients[language], uri, *([] if language == "python" else [port_name]), LINE]

    def check_client(self, language, uri, port_name):
        client = self.start(*self.client_command(language, uri, port_name), env=self.env)
        answer = f"b'{LINE}\\n'" if language == "python" else LINE
        client.await_line(f"^{answer}$".replace("\\", "\\\\"))
        return client

    def check_server(self, language):
        with self.device(harness.EchoDevice, name=language):
            server, port_name, uri = self.start_server(language)
            clients = []
            for client_language in self.clients:
                with self.subTest(server=language, client=client_language):
                    # One after the other: what one writes is echoed to all who are there.
                    client = self.check_client(client_language, uri, port_name)
                    clients.append(client)
            server.stop()
            for client in clients:
                self.assertEqual(client.wait(), 0, client.describe())

    def test_c_server(self):
        self.check_server("c")

    def test_gjs_server(self):
        self.check_server("gjs")

    def test_python_server(self):
        self.check_server("python")

    def test_vala_server(self):
        self.check_server("vala")

    def run_command(self, *arguments, data=b""):
        done = subprocess.run([harness.charflow(), *arguments], input=data, capture_output=True, env=self.env,
                              timeout=harness.WAIT_LIMIT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def check_clock(self, port_name, uri):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        answers = self.run_command("connect", uri, f"--port={port_name}", "--linger=0.3",
                                   data="time\nhow late is it\n\ntime\nhalf".encode()).splitlines()
        after = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual(answers[1:3], ["unknown: how late is it", "unknown: "])
        self.assertEqual(len(answers), 4, answers)
        for line in (answers[0], answers[3]):
            when = datetime.datetime.strptime(line, "%Y-%m-%dT%H:%M:%S%z")
            self.assertTrue(before <= when <= after, (before, when, after))

    def check_many_requests(self, port_name, uri):
        """More than a clock keeps of its answers: it goes on as they are read."""
        lines = [f"request {n}" for n in range(2000)]
        # The first ends the line that the client before left off.
        answers = self.run_command("connect", uri, f"--port={port_name}", "--linger=0.3",
                                   data="\n".join(["", *lines, ""]).encode()).splitlines()
        self.assertEqual(answers[0], "unknown: half")
        self.assertEqual(answers[1:], [f"unknown: {line}" for line in lines])

    def test_clocks(self):
        for language, (port_name, command) in self.backends.items():
            with self.subTest(language):
                server = self.start(*command, env=self.env)
                uri = server.await_line(r"^listening on (.*)").group(1)
                self.assertIn(port_name, self.run_command("list", uri))
                self.check_clock(port_name, uri)
                self.check_many_requests(port_name, uri)
                self.assertTrue(server.lives, server.describe())
                self.assertEqual(server.err, [])

    def check_refusal(self, command, status, pattern):
        process = self.start(*command, env=self.env)
        self.assertEqual(process.wait(), status, process.describe())
        self.assertEqual((len(process.err), process.out), (1, []), process.describe())
        self.assertRegex(process.err[0], pattern)

    def test_bad_arguments(self):
        servers = {name: command for name, (port_name, command) in self.servers.items() if name != "python"}
        for language, command in servers.items():
            with self.subTest(server=language):
                self.check_refusal([*command, "null,id=n", "spice://127.0.0.1:0", "more"], 2, "^Usage: ")
                self.check_refusal([*command, "nonsense,id=n"], 1, "'nonsense'")
                self.check_refusal([*command, "null,id=n", "gopher://127.0.0.1"], 1, "gopher")
        for language, (_port_name, command) in self.backends.items():
            with self.subTest(backend=language):
                self.check_refusal([*command, "spice://127.0.0.1:0", "more"], 2, "^Usage: ")
                self.check_refusal([*command, "gopher://127.0.0.1"], 1, "gopher")
        for language in ("c", "vala"):
            with self.subTest(client=language):
                self.check_refusal(self.clients[language], 2, "^Usage: ")
                self.check_refusal([*self.clients[language], "spice:nowhere", "port"], 1, "^A URI begins with spice://")
        del self.env["CHARFLOW_PASSWORD"]
        for name, command in [*servers.items(), *((name, command) for name, (port_name, command) in self.backends.items())]:
            with self.subTest(without_password=name):
                self.check_refusal(command, 2, "^Usage: CHARFLOW_PASSWORD=")

    def test_no_such_port(self):
        with self.device(harness.EchoDevice, name="c"):
            _server, _port_name, uri = self.start_server("c")
            for language in ("c", "vala"):
                with self.subTest(client=language):
                    self.check_refusal([*self.clients[language], uri, "no.such.port"], 1, "'no.such.port'")

    def test_wrong_password(self):
        with self.device(harness.EchoDevice, name="c"):
            _server, port_name, uri = self.start_server("c")
            self.env["CHARFLOW_PASSWORD"] = "wrong"
            for language in self.clients:
                with self.subTest(client=language):
                    client = self.start(*self.client_command(language, uri, port_name), env=self.env)
                    self.assertEqual(client.wait(), 1, client.describe())
                    self.assertEqual(len(client.err), 1, client.describe())
                    self.assertIn("password is wrong", client.err[0])

    def test_lines_of_a_pty(self):
        demo = self.start(sys.executable, DEMOS / "python/line_device.py")
        path = demo.await_line(r"^device at pty:(\S+)$").group(1)
        with open(path, "wb", buffering=0) as far:
            far.write(b"first\nsec")
            demo.await_line("^1 first$")
            far.write(b"ond\nthird\nthe rest")
            demo.await_line("^3 third$")
        demo.await_line("^4 the rest$")
        self.assertEqual(demo.out[1:], ["1 first", "2 second", "3 third", "4 the rest"])

    def test_lines_of_a_socket(self):
        with self.device(name="lines") as far:
            demo = self.start(sys.executable, DEMOS / "python/line_device.py",
                              f"socket,id=lines,path={self.folder / 'lines'}")
            far.await_connection()
            far.connection.sendall(b"one\ntwo\nno end")
            demo.await_line("^2 two$")
            far.drop()
            demo.await_line("^3 no end$")

    def check_output(self, name, *arguments, lines):
        demo = self.start(sys.executable, DEMOS / "python" / name, *arguments)
        self.assertEqual(demo.wait(), 0, demo.describe())
        self.assertEqual((demo.out, demo.err), (lines, []))

    def test_a_backend_of_ones_own(self):
        self.check_output("command_backend.py", "printf", r"one\ntwo\nno end", lines=["1 one", "2 two", "3 no end"])
        count = ["seq", "5000"]
        self.check_output("command_backend.py", *count, lines=[f"{n} {n}" for n in range(1, 5001)])

    def test_a_channel_of_ones_own(self):
        self.check_output("own_channel.py", "hello", "world", lines=["HELLO", "WORLD"])

    def test_a_client_of_ones_own(self):
        demo = self.start(sys.executable, DEMOS / "python/own_client.py")
        path = demo.await_line(r"^device at pty:(\S+)$").group(1)
        with open(path, "r+b", buffering=0, opener=lambda path, flags: os.open(path, flags | os.O_NOCTTY)) as far:
            tty.setraw(far)
            far.write(b"hello\nworld\n")
            demo.await_line("^answering dlrow$")
            answer = b""
            while len(answer) < 12:
                answer += far.read(64)
        self.assertEqual(answer, b"olleh\ndlrow\n")
        demo.await_line("^removed: detached$")
        self.assertEqual(demo.out[1:], ["answering olleh", "answering dlrow", "removed: detached"])

    def test_a_login(self):
        with self.device(GuestDevice, name="python"):
            _server, port_name, uri = self.start_server("python")
            demo = self.start(sys.executable, DEMOS / "python/login.py", uri, port_name, "root", "secret", "uptime",
                              env=self.env)
            self.assertEqual(demo.wait(), 0, demo.describe())
            self.assertEqual((demo.out, demo.err), (["up 3 days", "load 0.1"], []))

    def test_python_examples_are_short(self):
        for path in sorted((DEMOS / "python").glob("*.py")):
            with self.subTest(path.name):
                self.assertLessEqual(len(path.read_text(encoding="utf-8").splitlines()), MAX_LINES)


if __name__ == "__main__":
    sys.exit(harness.main())
