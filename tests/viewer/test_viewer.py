# SPDX-License-Identifier: LGPL-2.1-or-later
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import Server, Viewer, wait_for


class ViewerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.saved = self.folder / "saved.txt"

    def serve(self, *arguments, **options):
        server = Server(*arguments, **options)
        self.addCleanup(server.kill)
        return server

    def view(self, *arguments):
        viewer = Viewer(*arguments)
        self.addCleanup(viewer.end)
        return viewer

    def test_welcome(self):
        viewer = self.view()
        viewer.find("label", "Connect to a Server")
        viewer.picture("welcome")

    def test_uri_of_the_command_line(self):
        server = self.serve()
        viewer = self.view(server.uri)
        viewer.find(None, "org.example.echo.0, open")
        viewer.act("break")
        viewer.find("label", "A break was sent")
        viewer.focus()
        viewer.type("hello")
        viewer.await_text(self.saved, "hello")
        viewer.picture("terminal")

    def test_password_and_reconnection(self):
        server = self.serve(password="right")
        viewer = self.view(server.uri)
        for password in ("wrong", "right"):
            viewer.find("label", "Password needed")
            viewer.find("label", ".*again.*" if password == "right" else ".*asks for a password.*")
            viewer.focus_dialog()
            viewer.type(password)
            viewer.key("Return")
            viewer.lose("label", ".*again.*" if password == "right" else ".*asks for a password.*")
        viewer.find(None, "org.example.echo.0, open")

        server.kill()
        viewer.find("label", "The connection is lost.*")
        self.serve(password="right", uri=server.uri)
        viewer.find(None, "org.example.echo.0, open")
        viewer.focus()
        viewer.type("back")
        viewer.await_text(self.saved, "back")

    def test_device_and_figures(self):
        viewer = self.view()
        viewer.act("open-spec", "nonsense,id=x")
        viewer.find("label", ".*nonsense.*")
        viewer.act("open-spec", "loopback,id=l0")
        viewer.act("figures")
        viewer.find("label", "Tokens out, in")
        viewer.focus()
        viewer.type("echo")
        viewer.await_text(self.saved, "echo")
        viewer.act("read-only")
        wait_for(lambda: viewer.state_of("read-only"), "the switch")
        viewer.type("lost")
        viewer.act("read-only")
        wait_for(lambda: not viewer.state_of("read-only"), "the switch")
        viewer.type("kept")
        self.assertNotIn("lost", viewer.await_text(self.saved, "kept"))
        viewer.act("search")
        viewer.find(None, "Search")
        viewer.picture("device")
        viewer.act("close-tab")
        viewer.find("label", "Connect to a Server")

    def test_vv_file(self):
        server = self.serve()
        path = self.folder / "console.vv"
        port = server.uri.rpartition(":")[2]
        path.write_text(f"[virt-viewer]\ntype=spice\nhost=127.0.0.1\nport={port}\ntitle=Lab\ndelete-this-file=1\n")
        viewer = self.view(str(path))
        viewer.find(None, "Lab, connected")
        wait_for(lambda: not path.exists(), "the end of the file")

    def test_wrong_arguments(self):
        for argument in ("spice://", "spice://host:99999", "http://host", "nothing", "--nonsense"):
            done = subprocess.run([os.environ["CHARFLOW_TEST_VIEWER"], argument], capture_output=True, text=True, timeout=20,
                                  check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn("nonsense" if argument == "--nonsense" else argument, done.stderr)


if __name__ == "__main__":
    unittest.main()
