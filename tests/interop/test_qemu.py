# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command as a client of QEMU's own SPICE server, whose monitor is the device."""

import json
import re
import shutil
import subprocess
import sys

import harness
import wire_peer
from harness import PASSWORD

MONITOR = "org.qemu.monitor.hmp.0"


class QemuTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.password_file = self.write_file("password", PASSWORD)

    def qemu(self, where):
        """A machine without anything in it but a monitor on a SPICE port."""
        path = shutil.which("qemu-system-x86_64")
        self.assertIsNotNone(path, "QEMU is not installed")
        machine = self.start(path, "-M", "none", "-nodefaults", "-display", "none",
                             "-object", f"secret,id=s0,data={PASSWORD}",
                             "-spice", f"{where},password-secret=s0",
                             "-chardev", f"spiceport,name={MONITOR},id=m0", "-mon", "chardev=m0",
                             env=harness.peer_environment())
        return machine

    def await_listening(self, machine, address):
        def listens():
            self.assertTrue(machine.lives, machine.describe())
            try:
                wire_peer.connect(address).close()
            except OSError:
                return False
            return True

        harness.eventually(listens, machine.describe)

    def tcp_machine(self):
        port = harness.free_port()
        machine = self.qemu(f"addr=127.0.0.1,port={port}")
        self.await_listening(machine, ("127.0.0.1", port))
        return machine, f"spice://127.0.0.1:{port}"

    def unix_machine(self):
        path = str(self.folder / "spice")
        machine = self.qemu(f"unix=on,addr={path}")
        self.await_listening(machine, path)
        return machine, f"spice+unix://{path}"

    def run_charflow(self, *arguments, password_file=None, text=""):
        return subprocess.run([harness.charflow(), *arguments,
                               f"--password-file={password_file or self.password_file}"],
                              input=text, capture_output=True, text=True, timeout=30, check=False)

    def assert_answers(self, machine, uri):
        machine_version = subprocess.run([machine.command[0], "--version"], capture_output=True, text=True,
                                         check=True).stdout
        version = re.search(r"version ([\d.]+)", machine_version).group(1)
        # QEMU greets with its version too: what is asked for has to come after the question's echo.
        done = self.run_charflow("connect", uri, f"--port={MONITOR}", text="info version\n")
        self.assertEqual(done.returncode, 0, done)
        answer = done.stdout.partition("info version")[2]
        self.assertIn(version, answer, done)
        self.assertTrue(machine.lives, machine.describe())

    def test_connect_over_tcp(self):
        self.assert_answers(*self.tcp_machine())

    def test_connect_over_unix(self):
        self.assert_answers(*self.unix_machine())

    def test_list(self):
        machine, uri = self.tcp_machine()
        done = self.run_charflow("list", uri)
        self.assertEqual(done.returncode, 0, done)
        line = next((line for line in done.stdout.splitlines() if MONITOR in line), None)
        self.assertIsNotNone(line, done)
        self.assertRegex(line, r"\bport\b.*\bopen\b")
        self.assertTrue(machine.lives, machine.describe())

    def test_list_over_unix(self):
        _machine, uri = self.unix_machine()
        done = self.run_charflow("list", uri)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(MONITOR, done.stdout)

    def test_list_as_json(self):
        _machine, uri = self.tcp_machine()
        done = self.run_charflow("list", uri, "--json")
        self.assertEqual(done.returncode, 0, done)
        channels = json.loads(done.stdout)["channels"]
        ports = [channel for channel in channels if channel.get("name") == MONITOR]
        self.assertEqual(len(ports), 1, done)
        self.assertEqual(ports[0]["type"], "port")
        self.assertIsInstance(ports[0]["id"], int)
        self.assertIs(ports[0]["open"], True)

    def test_wrong_password(self):
        machine, uri = self.tcp_machine()
        wrong = self.write_file("wrong", "not-the-password")
        for command in (["list", uri], ["connect", uri, f"--port={MONITOR}"]):
            with self.subTest(command[0]):
                done = self.run_charflow(*command, password_file=wrong)
                self.assertEqual(done.returncode, 1, done)
                self.assertEqual(done.stdout, "")
                self.assertEqual(len(done.stderr.splitlines()), 1, done)
                self.assertIn("password", done.stderr)
                self.assertNotIn("not-the-password", done.stderr)
        self.assertTrue(machine.lives, machine.describe())

    def test_no_such_port(self):
        _machine, uri = self.tcp_machine()
        done = self.run_charflow("connect", uri, "--port=org.example.nowhere.0")
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done)
        self.assertIn("org.example.nowhere.0", done.stderr)

    def test_connect_ends_when_the_machine_does(self):
        machine, uri = self.tcp_machine()
        connect = self.start(harness.charflow(), "connect", uri, f"--port={MONITOR}",
                             f"--password-file={self.password_file}", stdin=subprocess.PIPE)
        connect.await_line("QEMU")
        machine.stop()
        connect.wait()


if __name__ == "__main__":
    sys.exit(harness.main())
