# SPDX-License-Identifier: LGPL-2.1-or-later
"""A viewer that is looked at through accessibility, and driven by keys and by its actions."""

import os
import re
import subprocess
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib

LIMIT_S = 20
LOOK_AGAIN_S = 0.02
BUS_NAME = "org.charflow.Viewer"
APPLICATION_PATH = "/org/charflow/Viewer"
WINDOW_PATH = "/org/charflow/Viewer/window/1"


def take_picture(name):
    folder = os.environ.get("CHARFLOW_TEST_PICTURES")
    if folder:
        subprocess.run(["import", "-window", "root", f"{folder}/{name}.png"], check=True)


def wait_for(condition, what):
    """Until the condition gives something, which is returned."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            found = condition()
        except GLib.Error:
            # What was there a moment ago has gone.
            found = None
        if found:
            return found
        if time.monotonic() > deadline:
            take_picture("failed")
            raise AssertionError(f"waited in vain for {what() if callable(what) else what}")
        time.sleep(LOOK_AGAIN_S)


def walk(node):
    yield node
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield from walk(child)


class Server:
    """charflow serve, with a port that echoes."""

    def __init__(self, *arguments, password=None, uri="spice://127.0.0.1:0"):
        environment = dict(os.environ, G_DEBUG="fatal-warnings")
        environment["CHARFLOW_PASSWORD"] = password or ""
        if not password:
            del environment["CHARFLOW_PASSWORD"]
            arguments = ("--no-auth", *arguments)
        if not any(argument.startswith("--chardev") for argument in arguments):
            arguments = ("--chardev=loopback,id=c0", "--channel=port,name=org.example.echo.0,chardev=c0", *arguments)
        self.process = subprocess.Popen([os.environ["CHARFLOW_TEST_COMMAND"], "serve", f"--listen={uri}", *arguments],
                                        env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.uri = re.fullmatch(r"listening on (\S+)\n", line).group(1)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Viewer:
    def __init__(self, *arguments):
        self.process = subprocess.Popen([os.environ["CHARFLOW_TEST_VIEWER"], *arguments],
                                        env=dict(os.environ, G_DEBUG="fatal-warnings"))
        self.application = wait_for(self.find_application, "the viewer")
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.actions = Gio.DBusActionGroup.get(bus, BUS_NAME, WINDOW_PATH)
        self.application_actions = Gio.DBusActionGroup.get(bus, BUS_NAME, APPLICATION_PATH)
        self.window_id = wait_for(self.find_window, "its window")

    def find_application(self):
        assert self.process.poll() is None, f"the viewer ended with {self.process.returncode}"
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            application = desktop.get_child_at_index(i)
            if application is not None and application.get_process_id() == self.process.pid and \
                    application.get_child_count() > 0:
                return application
        return None

    def list_windows(self):
        return subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(self.process.pid)], capture_output=True,
                              text=True, check=False).stdout.split()

    def find_window(self, heading=""):
        """The first one; or that of a dialog, which comes after it."""
        if heading and not self.find_now(None, heading):
            return None
        return next((window for window in self.list_windows() if not heading or window != self.window_id), None)

    def find_now(self, role, name):
        Atspi.Accessible.clear_cache(self.application)
        for node in walk(self.application):
            if (role is None or re.fullmatch(role, node.get_role_name())) and re.fullmatch(name, node.get_name() or "") and \
                    node.get_state_set().contains(Atspi.StateType.VISIBLE):
                return node
        return None

    def find(self, role, name):
        return wait_for(lambda: self.find_now(role, name), lambda: f"{role} {name}: {self.describe()}")

    def lose(self, role, name):
        wait_for(lambda: not self.find_now(role, name), f"the end of {role} {name}")

    def describe(self):
        try:
            return sorted({f"{node.get_role_name()} {node.get_name()}" for node in walk(self.application) if node.get_name()})
        except GLib.Error:
            return []

    def press(self, name, role="push button"):
        self.find(role, name).do_action(0)

    def act(self, action, parameter=None, on_application=False):
        group = self.application_actions if on_application else self.actions
        # The first question is only the order to look; the answer comes from the bus.
        wait_for(lambda: self.iterate() or group.get_action_enabled(action), f"the action {action}")
        group.activate_action(action, GLib.Variant("s", parameter) if parameter is not None else None)
        self.iterate()

    def await_state(self, action, state):
        wait_for(lambda: self.iterate() or self.actions.get_action_state(action).unpack() == state, f"{action} {state}")

    @staticmethod
    def iterate():
        while GLib.MainContext.default().iteration(False):
            pass

    @staticmethod
    def get_focus():
        return subprocess.run(["xdotool", "getwindowfocus"], capture_output=True, text=True, check=False).stdout.strip()

    def await_focus(self):
        """One of its windows gets it when it comes."""
        wait_for(lambda: self.get_focus() in self.list_windows(), "the focus")

    def type_in_dialog(self, heading, text):
        """Into what has the focus of a window of its own, and Enter."""
        window = wait_for(lambda: self.find_window(heading), f"the dialog {heading}")
        wait_for(lambda: self.get_focus() == window, "its focus")
        self.type(text + "\n")
        wait_for(lambda: window not in self.list_windows(), "its end")
        self.await_focus()

    def memory(self):
        """In KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as lines:
            return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])

    def type(self, text):
        """A newline is the key Return, and not the sign of that name."""
        for i, line in enumerate(text.split("\n")):
            if i > 0:
                self.key("Return")
            if line:
                subprocess.run(["xdotool", "type", "--delay", "5", line], check=True)

    def key(self, *keys):
        subprocess.run(["xdotool", "key", *keys], check=True)

    def text(self, path):
        """What is in the terminal in view."""
        if path.exists():
            path.unlink()
        self.act("save-text-as", str(path))
        return wait_for(lambda: path.exists() and (path.read_text(errors="replace") or " "), "the text")

    def await_text(self, path, wanted):
        return wait_for(lambda: (text := self.text(path)) and wanted in text and text, f"'{wanted}' in the terminal")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
