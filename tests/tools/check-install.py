#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs the build somewhere, and uses what is there as a stranger would: from C by pkg-config, and from Python."""
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = """
#include <charflow-glib/charflow.h>

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CharflowBackend) backend = charflow_backend_new_from_spec ("null,id=n0", &error);

  return backend != NULL && charflow_check_version (CHARFLOW_MAJOR_VERSION, CHARFLOW_MINOR_VERSION, 0) ? 0 : 1;
}
"""
SCRIPT = """
import gi
gi.require_version("Charflow", "1")
from gi.repository import Charflow
async def main():
    async with Charflow.Backend.new_from_spec("null,id=n0") as backend:
        assert backend.get_label() == "n0" and backend.get_active()
Charflow.run(main())
assert "Opens" in Charflow.Backend.open_async.__doc__, Charflow.Backend.open_async.__doc__
"""


def find(root, name):
    """The folder that an installed file is in."""
    return str(next(root.rglob(name)).parent)


def run(*command, **env):
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    meson, build = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="charflow-install-") as folder:
        root = pathlib.Path(folder)
        run(meson, "install", "-C", build, "--no-rebuild", "--quiet", DESTDIR=folder)
        libraries = find(root, "libcharflow-glib-1.so")

        (root / "program.c").write_text(PROGRAM, encoding="utf-8")
        flags = run("pkg-config", "--cflags", "--libs", "charflow-glib-1",
                    PKG_CONFIG_PATH=find(root, "charflow-glib-1.pc")).split()
        # Ours are below the folder, the others' are where they say.
        flags = [f"{flag[:2]}{folder}{flag[2:]}" if os.path.isdir(folder + flag[2:]) else flag for flag in flags]
        run("cc", "-Werror", "-Wall", "-o", str(root / "program"), str(root / "program.c"), *flags)
        run(str(root / "program"), LD_LIBRARY_PATH=libraries)

        run("/usr/bin/python3", "-c", SCRIPT, LD_LIBRARY_PATH=libraries,
            GI_TYPELIB_PATH=find(root, "Charflow-1.typelib"), PYTHONPATH=find(root, "gi"))
        find(root, "Charflow.pyi")
        run(str(next(root.rglob("bin/charflow"))), "--version", LD_LIBRARY_PATH=libraries)
        if not list(root.rglob("locale/*/LC_MESSAGES/charflow-glib-1.mo")):
            sys.exit("no language was installed")


if __name__ == "__main__":
    main()
