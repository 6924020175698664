# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same script on a port of `charflow serve` and on one of the SPICE server library: the same bytes and events, in
the same order, at both ends. Where Charflow differs by intent, a test of `DifferenceTest` holds what both do, and says
why.

Data of a port is a stream of bytes: how it is cut into messages may differ, and is not compared."""

import contextlib
import os
import random
import signal
import sys

import harness
import wire_peer
from harness import MIB, PASSWORD, PORT_NAME
from port_script import KIB, Client, Player, describe, play_all

SEED_VARIABLE = "CHARFLOW_DIFFERENTIAL_SEED"
N_RANDOM_SCRIPTS = 48
N_RANDOM_STEPS = 24
SIZES = (1, 2, 255, 256, 64 * KIB, 300 * KIB)
BURST = 300 * KIB
# The library leaves a device unread that nobody listens to, and waits for a client for as long as it takes.
LIKE_LIBRARY = ",keep-unread=on,stall-time=60000"
STALL_MS = 400


class PortsTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.n_paths = 0

    def new_path(self):
        self.n_paths += 1
        return self.folder / f"device-{self.n_paths}"

    def charflow(self, options=LIKE_LIBRARY):
        path = self.new_path()
        server = self.serve(f"--chardev=socket,id=d0,path={path},server=on,wait=off",
                            f"--channel=port,name={PORT_NAME},chardev=d0{options}", device=None)
        server.device_path = path
        return server

    def library(self, may_die=False):
        path = self.new_path()
        server = self.start(harness.program("SPICE_SERVER_PORT"), harness.free_port(), path, PORT_NAME, "--listen",
                            env=harness.peer_environment(SPICE_SERVER_PASSWORD=PASSWORD))
        if not may_die:
            self.addCleanup(self.assert_ends_well, server)
        server.address = harness.address_of(server.await_line(r"^listening on (\S+)$").group(1))
        server.device_path = path
        return server

    def play(self, script, seed="fixed"):
        """Plays it on both, and returns the transcript, which is the same."""
        transcripts = []
        for name, start in (("charflow", self.charflow), ("the library", self.library)):
            server = start()
            try:
                transcripts.append(play_all(server, script, seed))
            except (AssertionError, wire_peer.Closed, wire_peer.LinkRefused, OSError) as error:
                raise AssertionError(f"{name}, seed {seed!r}: {error!r}\nscript: {script}") from error
            # Which ends well is looked at by a clean-up.
            server.stop()
        if transcripts[0] != transcripts[1]:
            raise AssertionError(f"seed {seed!r}: charflow and the library differ\nscript: {script}")
        return transcripts[0]


class SameTest(PortsTest):
    def test_all_sizes_from_the_device(self):
        self.play([step for size in SIZES for step in (("device-says", size), ("settle",))])

    def test_all_sizes_from_the_client(self):
        self.play([step for size in SIZES for step in (("client-says", (size,)), ("settle",))])

    def test_messages_of_all_sizes_back_to_back(self):
        self.play([("client-says", SIZES * 4), ("settle",), ("client-says", SIZES[::-1] * 4)])

    def test_many_messages_of_a_byte(self):
        self.play([("client-says", (1,) * 3000), *[("device-says", 1)] * 300])

    def test_sizes_about_a_read(self):
        sizes = (64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 64 * KIB + 32, 64 * KIB + 33)
        self.play([("client-says", sizes), *[("device-says", size) for size in sizes]])

    def test_both_ways_at_once(self):
        self.play([("device-says", BURST), ("client-says", SIZES * 3)] * 5)

    def test_a_device_that_says_nothing(self):
        self.play([("device-says", 0), ("settle",), ("client-says", (5,)), ("device-says", 0)])

    def test_a_client_that_stalls_gets_all(self):
        self.play([("stall-client",), *[("device-says", BURST)] * 40, ("client-says", SIZES), ("settle",),
                   ("resume-client",), ("settle",)])

    def test_a_device_that_stalls_gets_all(self):
        self.play([("stall-device",), ("client-says", (BURST,) * 40), ("device-says", BURST), ("settle",),
                   ("resume-device",), ("settle",)])

    def test_many_small_messages_wait_for_the_device(self):
        self.play([("stall-device",), ("client-says", (256,) * 8000), ("resume-device",), ("settle",)])

    def test_both_ends_stall(self):
        self.play([("stall-client",), ("stall-device",), *[("device-says", BURST), ("client-says", SIZES)] * 8,
                   ("resume-device",), ("settle",), ("resume-client",), ("settle",)])

    def test_events_of_the_device_stand_after_its_data(self):
        transcript = self.play([("device-says", BURST), ("unplug",), ("settle",), ("plug",), ("device-says", 7)])
        kinds = [value if kind == "event" else kind for kind, value in transcript[-2]]
        self.assertEqual(kinds, ["init", "data", wire_peer.EVENT_CLOSED, wire_peer.EVENT_OPENED, "data"])

    def test_events_wait_for_a_stalled_client(self):
        self.play([("stall-client",), *[("device-says", BURST)] * 20, ("unplug",), ("plug",), ("device-says", BURST),
                   ("resume-client",), ("settle",)])

    def test_a_device_that_only_comes_and_goes(self):
        self.play([("unplug",), ("settle",), ("plug",), ("settle",)] * 5)

    def test_what_is_said_to_a_closed_device_waits_for_the_next(self):
        self.play([("unplug",), ("settle",), ("client-says", SIZES), ("plug",), ("settle",)])

    def test_who_joins_learns_that_the_device_is_away(self):
        self.play([("unplug",), ("settle",), ("leave",), ("join",), ("settle",), ("plug",), ("settle",)])

    def test_what_is_said_to_a_closed_port_waits_in_a_new_session_too(self):
        self.play([("unplug",), ("settle",), ("leave",), ("join",), ("client-says", (1000,)), ("plug",), ("settle",)])

    def test_a_new_client_gets_what_comes_from_then_on(self):
        self.play([("device-says", BURST), ("settle",), ("leave",), ("join",), ("device-says", 300), ("settle",)] * 3)

    def test_one_that_leaves_makes_room_for_the_next(self):
        self.play([("client-says", SIZES), ("settle",), ("leave",), ("join",), ("client-says", (3,)), ("settle",)] * 3)

    def test_one_that_vanishes_makes_room_for_the_next(self):
        self.play([("client-says", (10,)), ("settle",), ("vanish",), ("join",), ("client-says", (20,)), ("settle",)] * 3)

    def test_events_of_the_client_are_no_data(self):
        self.play([("client-says", (1000,)), *[("client-event", event) for event in (2, 0, 1, 77)],
                   ("client-says", (1000,)), ("device-says", 1000), ("settle",)])

    def test_what_nobody_read_is_kept_for_the_next(self):
        self.play([("leave",), ("device-says", BURST), ("join",), ("settle",)] * 2)

    def test_the_last_words_of_a_device_are_kept(self):
        self.play([("leave",), ("device-says", 1000), ("unplug",), ("join",), ("settle",), ("plug",), ("settle",)])


    def test_the_next_device_goes_on_where_the_last_broke_off(self):
        # How much was with the last one, and is lost, depends on the sizes of the writes.
        for server in (self.charflow(), self.library()):
            with Player(server) as player:
                player.begin(self.id())
                player.play([("stall-device",), ("client-says", (BURST,) * 3)])
                harness.eventually(lambda: player.device.n_readable() > 0, "the device to get something")
                player.device.break_off()
                player.play([("plug",)])
                player.client.say(b"marker")
                player.expected_received += b"marker"
                received = player.device.received
                harness.eventually(lambda: received.endswith(b"marker"), server.describe)
                self.assertTrue(player.expected_received.endswith(received))
                self.assertLess(len(received), len(player.expected_received))
                self.assertGreater(len(received), BURST)


class Writer:
    """Makes a script of random steps; what would be a race between the script and a server it leaves out."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.script = []
        self.client = True
        self.plugged = True
        self.client_stalled = False
        self.device_stalled = False
        self.replugging = False  # from a device's leaving until a client has seen it

    def size(self):
        return self.numbers.choice((*SIZES, 0, self.numbers.randrange(1, 5000), 64 * KIB + 1))

    def sizes(self):
        pieces = [self.size() for _ in range(self.numbers.choice((1, 1, 2, 3, 12)))]
        # An empty message is a difference, see below.
        return tuple(size or 1 for size in pieces)

    def choices(self):
        yield "settle"
        if self.client:
            yield from ("client-event", "stall-client", "resume-client", "leave", "vanish")
            if not self.replugging:
                yield from ["client-says"] * 6
                yield "unplug" if self.plugged else "plug"
            elif not self.plugged:
                yield "plug"
        else:
            yield from ("join", "join")
        if self.plugged:
            yield from ["device-says"] * 6
            yield from ("stall-device", "resume-device")

    def add(self, name, *arguments):
        self.script.append((name, *arguments))

    def settle_all(self):
        """Whoever leaves with something under way is a race, or one of the differences below."""
        if self.client_stalled:
            self.add("resume-client")
        self.client_stalled = False
        self.settle_device()
        self.replugging = False

    def settle_device(self):
        if self.device_stalled:
            self.add("resume-device")
        self.device_stalled = False
        self.add("settle")

    def write(self, name):
        arguments = {"device-says": lambda: (self.size(),), "client-says": lambda: (self.sizes(),),
                     "client-event": lambda: (self.numbers.choice((0, 1, 2, 77)),)}.get(name, tuple)()
        if name in ("leave", "vanish"):
            if not self.plugged:
                self.add("plug")
                self.plugged = True
            self.settle_all()
            self.client = False
        elif name == "unplug":
            self.settle_device()
            self.plugged = False
            self.replugging = True
        elif name in ("join", "plug"):
            self.client = True
            self.plugged = True
        elif name.endswith("-client"):
            self.client_stalled = name == "stall-client"
        elif name.endswith("-device"):
            self.device_stalled = name == "stall-device"
        self.add(name, *arguments)
        if name == "settle" and self.client and not self.client_stalled:
            self.replugging = False

    def random_script(self, n_steps):
        while len(self.script) < n_steps:
            self.write(self.numbers.choice(list(self.choices())))
        return self.script


class RandomTest(PortsTest):
    def test_random_scripts(self):
        seed = os.environ.get(SEED_VARIABLE) or str(random.SystemRandom().getrandbits(32))
        print(f"{SEED_VARIABLE}={seed}", flush=True)
        n_steps = 0
        for number in range(N_RANDOM_SCRIPTS):
            name = f"{seed}/{number}"
            script = Writer(random.Random(name)).random_script(N_RANDOM_STEPS)
            n_steps += len(script)
            try:
                self.play(script, name)
            except AssertionError:
                print(f"failed with {SEED_VARIABLE}={seed}", flush=True)
                raise
        print(f"{N_RANDOM_SCRIPTS} scripts of {n_steps} steps, on both", flush=True)


class DifferenceTest(PortsTest):
    """What Charflow does otherwise, and why. Each fails when either of the two changes."""

    @contextlib.contextmanager
    def player(self, server):
        with Player(server) as player:
            player.begin(self.id())
            yield player

    def assert_goes_on(self, player):
        player.play([("client-says", (100,)), ("device-says", 100), ("settle",)])

    def test_what_comes_while_nobody_is_there(self):
        # A device without clients is read and what it says is lost, as the line of a terminal that is off: a guest that
        # writes to its console is not to stand still until somebody looks. With `keep-unread` it is kept, as there.
        for server, is_kept in ((self.charflow(""), False), (self.library(), True),
                                (self.charflow(",keep-unread=on"), True)):
            with self.player(server) as player:
                player.play([("leave",), ("device-says", 100)])
                if not is_kept:
                    # What has left the device's socket is with the server.
                    harness.eventually(lambda: player.device.is_drained(), "the server to read")
                    player.unread = []
                player.play([("join",)])
                self.assert_goes_on(player)

    def test_a_client_that_never_reads(self):
        # Here it is removed when it has held up the device for the stall time, since others may wait for the device,
        # too; there the device waits for ever, as there is only one client.
        for server, is_removed in ((self.charflow(f",stall-time={STALL_MS}"), True), (self.library(), False)):
            with self.player(server) as player:
                player.play([("stall-client",), ("device-says", 12 * MIB)])
                if is_removed:
                    server.await_line("stalled", server.err)
                    # The device goes on without it.
                    harness.eventually(lambda: player.device.is_drained(), "the device to go on")
                    player.client.stream.resume()
                    player.client.await_end()
                else:
                    # For ever is longer than can be seen; it is far longer than the other one waits.
                    self.assertFalse(player.client.stream.ended.wait(4 * STALL_MS / 1000))
                    self.assertFalse(player.device.is_drained())
                    player.play([("resume-client",), ("settle",)])
                    self.assert_goes_on(player)

    def test_a_second_client(self):
        # Here clients share the device, which is what this server is for; there a new session ends the one before.
        for server, shares in ((self.charflow(), True), (self.library(), False)):
            with self.player(server) as player, contextlib.closing(Client(server.address)) as second:
                if not shares:
                    player.client.await_end()
                    self.assertTrue(player.client.session.closed.wait(harness.WAIT_LIMIT_S))
                player.device.say(b"for all")
                expected = [("init", True), ("data", b"for all")]
                harness.eventually(lambda: second.snapshot() == expected, lambda: describe(second.snapshot()))
                second.say(b"from the second, ")
                player.device.await_received(b"from the second, ")
                if shares:
                    player.expect("data", b"for all")
                    player.await_items()
                    player.client.say(b"from the first")
                    player.device.await_received(b"from the second, from the first")

    def test_an_empty_message(self):
        # No byte of a stream is nothing to complain about: here it is passed over, there it ends the channel.
        with self.player(self.charflow()) as player:
            player.client.say(b"")
            self.assert_goes_on(player)
        with self.player(self.library()) as player:
            player.client.say(b"", b"never arrives")
            player.client.await_end()
            self.assertEqual(player.device.received, b"")

    def test_half_a_message(self):
        # A port is a stream, so what came of a message goes on to the device at once: nothing has to be kept until a body
        # of any size is whole. There a message is kept whole, and lost with a client that goes in the middle of it.
        for server, arrives in ((self.charflow(), b"begun "), (self.library(), b"")):
            with self.player(server) as player:
                player.client.stream.send(player.client.channel.header(wire_peer.DATA, 1000) + b"begun ")
                player.play([("vanish",), ("join",)])
                player.client.say(b"marker")
                player.device.await_received(arrives + b"marker")

    def test_compressed_data(self):
        # The capability to take it is not offered here, so it is as any message that is not known; there it is offered,
        # for USB.
        message = b"\1" + (3).to_bytes(4, "little") + b"\x30abc"  # LZ4: three literals
        with self.player(self.charflow()) as player:
            self.assertFalse(any(player.client.channel.server_caps))
            player.client.send(wire_peer.COMPRESSED_DATA, message)
            player.client.await_end()
            self.assertEqual(player.device.received, b"")
        with self.player(self.library()) as player:
            self.assertEqual(player.client.channel.server_caps, (1,))
            player.client.send(wire_peer.COMPRESSED_DATA, message)
            player.expected_received += b"abc"
            self.assert_goes_on(player)

    def test_a_break_of_the_client(self):
        # No back end here can send one yet, so it has no effect; there the device is told. Bytes are the same.
        for server, is_told in ((self.charflow(), False), (self.library(), True)):
            with self.player(server) as player:
                player.play([("client-event", wire_peer.EVENT_BREAK)])
                self.assert_goes_on(player)
                # What comes on its output has a way of its own.
                if is_told:
                    server.await_line("^event 2 from the client$")
                lines = [line for line in server.out if line.startswith("event ")]
                self.assertEqual(lines, ["event 2 from the client"] if is_told else [])

    def test_leaving_while_the_device_stalls(self):
        # Here who says that it leaves is heard to the end, so that nothing that a user typed is lost; there (0.15.1) the
        # port is closed at once, and the server dies of it when the device goes on.
        for server, lives in ((self.charflow(), True), (self.library(may_die=True), False)):
            with self.player(server) as player:
                player.play([("stall-device",), ("client-says", (BURST,) * 4)])
                # Nothing is left with this end, so that the rest waits in the server.
                harness.eventually(lambda: not player.client.stream.outgoing, "all to be sent")
                player.client.leave()
                if not lives:
                    player.client.await_end()
                player.play([("resume-device",)])
                if lives:
                    player.play([("settle",)])
                    player.client.await_end()
                    player.end_client()
                    player.play([("join",)])
                    self.assert_goes_on(player)
                else:
                    self.assertEqual(server.wait(), -signal.SIGSEGV, server.describe())


if __name__ == "__main__":
    sys.exit(harness.main())
