# SPDX-License-Identifier: LGPL-2.1-or-later
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
        viewer.focus()
        viewer.type("hello")
        viewer.await_text(self.saved, "hello")
        viewer.picture("terminal")


if __name__ == "__main__":
    unittest.main()
