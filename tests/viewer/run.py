#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the tests of the viewer on a display and a session bus of their own: run.py VIEWER CHARFLOW [TEST]…"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SIZE = "1920x1080x24"


def start_display(stack):
    """Gives the number of a display that nobody else has."""
    reader, writer = os.pipe()
    xvfb = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", SIZE, "-nolisten", "tcp", "-noreset"],
                            pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(xvfb.wait)
    stack.callback(xvfb.terminate)
    os.close(writer)
    with os.fdopen(reader) as lines:
        number = lines.readline().strip()
    if not number:
        sys.exit("Xvfb did not start")
    return f":{number}"


def end_group(leader):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def main():
    viewer, charflow, *tests = sys.argv[1:]
    here = Path(__file__).resolve().parent
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="charflow-viewer-"))
        environment = {
            **os.environ,
            "DISPLAY": start_display(stack),
            "GDK_BACKEND": "x11",
            "GSK_RENDERER": "cairo",
            "GTK_A11Y": "atspi",
            "GSETTINGS_BACKEND": "memory",
            "HOME": home,
            "LANG": "C.UTF-8",
            "NO_AT_BRIDGE": "0",
            "PYTHONPATH": str(here),
            "XDG_RUNTIME_DIR": home,
            "CHARFLOW_TEST_VIEWER": os.path.abspath(viewer),
            "CHARFLOW_TEST_COMMAND": os.path.abspath(charflow),
        }
        for name in ("CACHE", "CONFIG", "DATA", "STATE"):
            environment[f"XDG_{name}_HOME"] = f"{home}/{name.lower()}"
        # It gives the focus to windows that come.
        manager = subprocess.Popen(["openbox", "--config-file", str(here / "openbox.xml")], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(manager.wait)
        stack.callback(manager.terminate)
        # Nobody is to be asked about a theme, a portal or a proxy. libatspi itself warns, so only the viewer may not.
        for name in ("WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "AT_SPI_BUS_ADDRESS", "CHARFLOW_PASSWORD", "G_DEBUG"):
            environment.pop(name, None)
        command = [sys.executable, "-m", "unittest", "-v", *(tests or ["test_viewer"])]
        session = subprocess.Popen(["dbus-run-session", "--", *command], env=environment, cwd=here, start_new_session=True)
        # Whatever became of the tests, nothing of theirs stays behind.
        stack.callback(end_group, session.pid)
        return session.wait()


if __name__ == "__main__":
    sys.exit(main())
