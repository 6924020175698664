# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import Server, Viewer, take_picture, wait_for


class ViewerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.saved = self.folder / "saved.txt"
        history = Path(os.environ["XDG_STATE_HOME"]) / "charflow-viewer"
        self.addCleanup(shutil.rmtree, history, ignore_errors=True)

    def serve(self, *arguments, **options):
        server = Server(*arguments, **options)
        self.addCleanup(server.kill)
        return server

    def view(self, *arguments):
        viewer = Viewer(*arguments)
        self.addCleanup(viewer.end)
        viewer.await_focus()
        return viewer

    def connected(self, server, name="org.example.echo.0"):
        viewer = self.view(server.uri)
        viewer.find("list item", f"{name}, open")
        return viewer

    def test_an_address_is_typed(self):
        server = self.serve()
        viewer = self.view()
        viewer.find("label", "Connect to a Server")
        take_picture("welcome")
        viewer.type("spice://127.0.0.1:0/nothing\n")
        viewer.find("label", "The URI of the host '127.0.0.1' may have no path.*")
        take_picture("welcome-error")
        viewer.key("ctrl+a")
        viewer.type(server.uri + "\n")
        viewer.find("list item", "org.example.echo.0, open")
        viewer.act("new-connection")
        viewer.find("list item", re.escape(server.uri))
        take_picture("welcome-again")

    def test_a_password_is_wrong_then_right(self):
        server = self.serve(password="s3cret")
        viewer = self.view(server.uri)
        viewer.find("label", r".* asks for a password\.")
        take_picture("password")
        viewer.type_in_dialog("Password needed", "wrong")
        viewer.find("label", ".*is wrong, or has expired.*")
        viewer.type_in_dialog("Password needed", "s3cret")
        viewer.find("list item", "org.example.echo.0, open")

    def test_a_port_is_a_terminal(self):
        viewer = self.connected(self.serve())
        viewer.type("hello")
        viewer.await_text(self.saved, "hello")

        viewer.act("figures")
        viewer.type("!")
        viewer.find("label", r".*, at most [1-9]\d*\sbytes?")
        take_picture("figures")
        viewer.act("search")
        viewer.find("entry", "Search")
        viewer.type("hel")
        take_picture("search")
        viewer.press("Previous Match")
        viewer.key("Escape")

        viewer.act("read-only")
        viewer.await_state("read-only", True)
        viewer.type("refused")
        viewer.act("read-only")
        viewer.await_state("read-only", False)
        viewer.type("again")
        self.assertNotIn("refused", viewer.await_text(self.saved, "hello!again"))
        viewer.act("zoom-in")
        viewer.act("dark", on_application=True)
        take_picture("dark")

    def test_a_break_is_sent(self):
        server = self.serve("--chardev=socket,id=c0,host=127.0.0.1,port=0,server=on,wait=off,telnet=on",
                            "--channel=port,name=line,chardev=c0")
        viewer = self.view(server.uri)
        viewer.find("list item", "line, closed")
        viewer.act("break")
        viewer.find("label", "A break was sent")

    def test_a_server_comes_back(self):
        server = self.serve()
        viewer = self.connected(server)
        viewer.type("before")
        viewer.await_text(self.saved, "before")
        server.kill()
        viewer.find("label", "The connection is lost, and will be tried again: .*")
        viewer.find("list item", re.escape(server.uri) + ", not connected")
        take_picture("lost")
        self.serve(uri=server.uri)
        viewer.find("list item", "org.example.echo.0, open")
        viewer.type("after")
        viewer.await_text(self.saved, "beforeafter")

    def test_two_servers_are_apart(self):
        first = self.serve()
        second = self.serve("--chardev=loopback,id=c0", "--channel=port,name=org.example.other.0,chardev=c0")
        viewer = self.view(first.uri, second.uri)
        for name in ("org.example.echo.0", "org.example.other.0"):
            viewer.find("list item", f"{name}, open")
        first.kill()
        viewer.find("list item", re.escape(first.uri) + ", not connected")
        viewer.find("list item", re.escape(second.uri) + ", connected")
        viewer.find("list item", "org.example.other.0, open")

    def test_a_device_of_this_computer(self):
        viewer = self.view()
        viewer.act("open-spec", "loopback,size=0")
        viewer.find("label", ".*'?size'?.*")
        viewer.act("open-device")
        viewer.find("label", "Kinds: .*loopback.*")
        take_picture("device-dialog")
        viewer.type_in_dialog("Open a Device", "loopback")
        viewer.find("frame", "loopback")
        viewer.await_focus()
        viewer.type("echo")
        viewer.await_text(self.saved, "echo")
        viewer.act("figures")
        viewer.find("label", r"8, \d+")
        take_picture("device")

    def test_a_serial_line_is_set(self):
        near, far = os.openpty()
        self.addCleanup(os.close, near)
        path = os.ttyname(far)
        self.addCleanup(os.close, far)
        viewer = self.view()
        viewer.act("open-spec", f"serial,path={path}")
        viewer.find("frame", f"serial,path={path}")
        viewer.act("line")
        viewer.find(None, "Parity")
        take_picture("line")
        viewer.key("Escape")
        os.write(near, b"from afar")
        viewer.await_text(self.saved, "from afar")

    def test_a_connection_file(self):
        server = self.serve(password="s3cret")
        port = server.uri.rsplit(":", 1)[1]
        path = self.folder / "machine.vv"
        path.write_text(f"[virt-viewer]\ntype=spice\nhost=127.0.0.1\nport={port}\npassword=s3cret\ntitle=Test machine\n"
                        "delete-this-file=1\n")
        viewer = self.view(str(path))
        viewer.find("list item", "Test machine, connected")
        wait_for(lambda: not path.exists(), "the end of the file")

    def test_the_monitor_of_qemu(self):
        path = self.folder / "monitor"
        qemu = subprocess.Popen(["qemu-system-x86_64", "-display", "none", "-nodefaults", "-machine", "none",
                                 "-chardev", f"socket,id=m,path={path},server=on,wait=off", "-mon", "chardev=m"],
                                stderr=subprocess.PIPE)
        self.addCleanup(qemu.stderr.close)
        self.addCleanup(qemu.wait)
        self.addCleanup(qemu.terminate)
        wait_for(path.exists, "the monitor")
        viewer = self.connected(self.serve(f"--chardev=socket,id=c0,path={path}",
                                           "--channel=port,name=org.qemu.monitor.hmp.0,chardev=c0"), "org.qemu.monitor.hmp.0")
        # It has greeted whoever was there before.
        viewer.type("info status\n")
        viewer.await_text(self.saved, "VM status:")
        take_picture("qemu")

    def test_a_flood_leaves_the_window_answering(self):
        pipe = self.folder / "pipe"
        os.mkfifo(f"{pipe}.in")
        os.mkfifo(f"{pipe}.out")
        server = self.serve(f"--chardev=pipe,id=c0,path={pipe}", "--channel=port,name=flood,chardev=c0")
        reader = os.open(f"{pipe}.out", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        viewer = self.connected(server, "flood")
        with open(f"{pipe}.in", "wb") as target:
            flood = subprocess.Popen(["yes", "0123456789 abcdefghijklmnopqrstuvwxyz"], stdout=target)
        self.addCleanup(flood.wait)
        self.addCleanup(flood.terminate)
        viewer.act("figures")
        viewer.find("label", r"[\d.]+\sMiB/s, .*")
        take_picture("flood")
        memory = viewer.memory()
        viewer.key("ctrl+c")
        got = wait_for(lambda: self.read_some(reader), "what was typed")
        self.assertEqual(got, b"\x03")
        viewer.find("label", r"[\d.]+\sMiB/s, .*")
        self.assertLess(viewer.memory(), memory + 32 * 1024)

    @staticmethod
    def read_some(fd):
        try:
            return os.read(fd, 16)
        except BlockingIOError:
            return b""

    def test_tabs_and_servers_are_closed(self):
        server = self.serve()
        viewer = self.connected(server)
        viewer.act("close-tab")
        viewer.find("label", "Connect to a Server")
        viewer.press("Disconnect")
        viewer.find("label", "No servers")
        viewer.act("quit", on_application=True)
        wait_for(lambda: viewer.process.poll() is not None, "its end")
        self.assertEqual(viewer.process.returncode, 0)


class CommandLine(unittest.TestCase):
    def run_viewer(self, *arguments):
        return subprocess.run([os.environ["CHARFLOW_TEST_VIEWER"], *arguments], capture_output=True, text=True, timeout=30,
                              check=False)

    def test_what_is_wrong_is_told(self):
        for arguments, words in [
            (["machine.txt"], "'machine.txt' is neither a URI"),
            (["spice://localhost:5930?password=x"], "Others can see a password"),
            (["http://localhost"], "'http://localhost' is no URI of a server"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.run_viewer(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(words, done.stderr)

    def test_version_and_help(self):
        self.assertRegex(self.run_viewer("--version").stdout, r"^charflow-viewer \d+\.\d+\.\d+\n$")
        self.assertIn("[URI or FILE.vv]…", self.run_viewer("--help").stdout)


if __name__ == "__main__":
    unittest.main()
