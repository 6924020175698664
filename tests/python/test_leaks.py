# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes an object of every class, uses it, drops it, and looks whether it or a descriptor is left."""
import asyncio
import gc
import os
import tempfile
import unittest

import support
from gi.repository import Charflow, GLib
from support import PASSWORD, settle, wait_for

OWN_TYPE = 77
# They cannot be made: others derive from them.
ABSTRACT = {"Backend", "Channel", "ServerChannel"}
# What is written to them has to be a message of theirs.
FRAMED = (Charflow.AgentDevice, Charflow.SmartcardDevice)
# They are no GObjects, so nothing tells when they go.
SINGLE = {"BackendRegistry"}


class OwnServerChannel(Charflow.ServerChannel):
    def do_message_limit(self, client, message_type):
        return 1024


class OwnClientChannel(Charflow.ClientChannel):
    def do_message_limit(self, message_type):
        return 1024


class OwnBackend(Charflow.Backend):
    def do_read_bytes(self, max_size):
        raise BlockingIOError("nothing")

    def do_write(self, data, size):
        return size


class OwnDevice(Charflow.CharDevice):
    def do_read_message(self):
        return self.read_bytes(self.fill(1)) if self.fill(1) else None


class Leaks(unittest.TestCase):
    def setUp(self):
        self.made, self.alive = set(), {}
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def watch(self, instance):
        """Notes an object, and that it went."""
        name = f"{type(instance).__name__} {len(self.alive)}"
        self.alive[name] = True
        instance.weak_ref(self.alive.__setitem__, name, False)
        self.made |= {cls.__name__ for cls in type(instance).__mro__ if cls.__module__.endswith("repository.Charflow")}
        return instance

    def get_specs(self):
        path = os.path.join(self.folder, "file")
        with open(path, "wb") as file:
            file.write(b"what is in the file")
        record = os.path.join(self.folder, "record")
        return [
            "null,id=b", "loopback,id=b", "ringbuf,id=b", "pty,id=b", f"null,id=b,record={record}",
            f"replay,id=b,path={record}", f"file,id=b,path={self.folder}/out,input-path={path}",
            "socket,id=b,host=127.0.0.1,port=0,server=on,wait=off",
            f"socket,id=b,path={self.folder}/socket,server=on,wait=off",
            "udp,id=b,host=127.0.0.1,port=1,localaddr=127.0.0.1", f"null,id=b,logfile={self.folder}/log",
        ]

    def use_backend(self, backend, device_class=Charflow.CharDevice):
        """A device with a client that writes and is written to, and lets go of all."""
        self.watch(backend)
        device = self.watch(device_class(backend=backend))
        client = self.watch(Charflow.Client())
        client.connect("deliver", lambda client, device, data: None)
        device.connect("message", lambda device, client, data: None)
        for extra in (backend.get_log(), backend.get_recorder()):
            if extra is not None:
                self.watch(extra)
        device.attach_client(client)
        with device, device.open_reader() as reader:
            self.watch(reader)
            wait_for(backend.get_active)
            if device.get_opened() and device_class not in FRAMED:
                device.write_bytes(client, b"some bytes")
            settle()
            reader.read_messages()
        device.set_backend(None)
        self.assertFalse(backend.get_active())

    def use_backends(self):
        for spec in self.get_specs():
            with self.subTest(spec):
                self.use_backend(Charflow.Backend.new_from_spec(spec))
        for device_class in (Charflow.LineDevice, Charflow.AgentDevice, Charflow.SmartcardDevice, OwnDevice):
            with self.subTest(device_class.__name__):
                self.use_backend(Charflow.LoopbackBackend(), device_class)
        self.use_backend(OwnBackend())
        near, far = os.pipe()
        self.use_backend(Charflow.FdBackend(in_fd=near, out_fd=far))
        os.close(near)
        os.close(far)
        self.use_backend(self.watch(Charflow.MuxBackend(backend=self.watch(Charflow.LoopbackBackend()))))

    def hold_backends(self):
        """Those that take what the tests have not, or have only once, are made and not opened."""
        for cls in (Charflow.ConsoleBackend, Charflow.ParallelBackend, Charflow.PipeBackend, Charflow.SerialBackend,
                    Charflow.StdioBackend, Charflow.UdpBackend, Charflow.SocketBackend):
            self.watch(cls())

    async def talk(self):
        """Both ends of the network."""
        device = self.watch(Charflow.CharDevice(backend=self.watch(Charflow.LoopbackBackend())))
        server = self.watch(Charflow.Server(password=PASSWORD))
        server.add_channel(self.watch(Charflow.ServerPortChannel(port_name="org.example.0", device=device)))
        server.add_channel(self.watch(OwnServerChannel(channel_type=OWN_TYPE)))
        for channel in server.get_channels():
            self.watch(channel)
        session = self.watch(Charflow.Session(uri=server.listen("spice://127.0.0.1:0"), password=PASSWORD))
        async with device, server, session:
            port = session.lookup_port("org.example.0")
            for channel in session.get_channels():
                self.watch(channel)
            for client in server.get_clients():
                self.watch(client)
            for channel in server.get_channels():
                for client in channel.get_clients():
                    self.watch(client)
            await port.write_bytes_async(b"login: ")
            await port.expect_async("login: ", 10)
            own = self.watch(OwnClientChannel(channel_type=OWN_TYPE, channel_id=0, session=session))
            async with own:
                pass
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(port.read_bytes_async(1), 0.01)

    def use_all(self):
        self.use_backends()
        self.hold_backends()
        Charflow.run(self.talk())

    def count_descriptors(self):
        gc.collect()
        settle()
        gc.collect()
        return {name: os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
                if os.path.lexists(f"/proc/self/fd/{name}")}

    def test_nothing_is_left(self):
        # The first run makes what stays for good: the threads of GLib, the descriptor that sockets share.
        self.use_all()
        before = self.count_descriptors()
        self.alive.clear()
        self.use_all()
        wait_for(lambda: len(self.count_descriptors()) <= len(before), "the end of all descriptors")

        self.assertEqual([name for name, alive in self.alive.items() if alive], [])
        classes = {owner for owner in support.surface.properties if hasattr(getattr(Charflow, owner), "weak_ref")}
        self.assertEqual(classes - self.made - SINGLE, set())
        self.assertTrue(ABSTRACT < self.made | {"ServerChannel"})
        self.assertGreater(len(self.alive), len(classes))
