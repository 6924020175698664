// SPDX-License-Identifier: LGPL-2.1-or-later
// The API as Vala sees it: subclasses, signals, and a server and a session in one process.

const string PASSWORD = "s3cret";
const string PORT_NAME = "org.example.console.0";
const uint OWN_TYPE = 77;
const uint ECHO = 101;

// What is written to it comes back.
class Loop : Charflow.Backend {
    public ByteArray input = new ByteArray ();

    public Loop () {
        Object (label: "loop");
        notify["active"].connect (() => {
            if (active)
                emit_event (Charflow.Event.OPENED);
        });
    }

    public override Bytes read_bytes (size_t max_size) throws Error {
        if (input.len == 0)
            throw new IOError.WOULD_BLOCK ("Nothing has come");

        var n = uint.min ((uint) max_size, input.len);
        var taken = new Bytes (input.data[0 : n]);

        input.remove_range (0, n);
        return taken;
    }

    public override ssize_t write (uint8[] data) throws Error {
        input.append (data);
        return data.length;
    }

    public override Source? create_source (IOCondition condition) {
        return new TimeoutSource (1);
    }
}

// The same over descriptors.
class Duct : Charflow.FdBackend {
    public bool is_released = false;

    public Duct () {
        Object (label: "duct");
    }

    public override bool open_fds (out int in_fd, out int out_fd) throws Error {
        int fds[2];

        Unix.open_pipe (fds, 0);
        in_fd = fds[0];
        out_fd = fds[1];
        return true;
    }

    public override void release_fds () {
        is_released = true;
    }
}

class Collector : Charflow.Client {
    public StringBuilder received = new StringBuilder ();
    public Charflow.RemoveReason[] reasons = {};

    public Collector (uint client_tokens) {
        Object (flow_control: true, client_tokens: client_tokens, send_tokens: 10);
    }

    public override void deliver (Charflow.CharDevice device, Bytes bytes) {
        received.append_len ((string) bytes.get_data (), (ssize_t) bytes.get_size ());
    }

    public override void removed (Charflow.CharDevice device, Charflow.RemoveReason reason) {
        reasons += reason;
    }
}

class Halves : Charflow.CharDevice {
    public Halves (Charflow.Backend backend) {
        Object (backend: backend, self_tokens: 10);
    }

    public override Bytes? read_message () {
        return read_bytes (2);
    }
}

class OwnServerChannel : Charflow.ServerChannel {
    public OwnServerChannel () {
        Object (channel_type: OWN_TYPE);
    }

    public override uint message_limit (Charflow.ChannelClient client, uint type) {
        return type == ECHO ? 1024 : 0;
    }

    public override bool handle_message (Charflow.ChannelClient client, uint type, Bytes body) throws Error {
        client.send_message (type, body);
        return true;
    }
}

class OwnClientChannel : Charflow.ClientChannel {
    public Bytes? received;

    public OwnClientChannel (Charflow.Session session) {
        Object (channel_type: OWN_TYPE, channel_id: 0, session: session);
    }

    public override uint message_limit (uint type) {
        return 1024;
    }

    public override bool handle_message (uint type, Bytes body) throws Error {
        received = body;
        return true;
    }
}

delegate bool Condition ();

void wait_for (Condition condition) {
    var context = MainContext.default ();
    var ticker = Timeout.add (5, () => Source.CONTINUE);
    var end = get_monotonic_time () + 20 * TimeSpan.SECOND;

    while (!condition ()) {
        assert (get_monotonic_time () < end);
        context.iteration (true);
    }
    Source.remove (ticker);
}

void test_spec () {
    try {
        var backend = Charflow.Backend.create_from_spec ("ringbuf,id=memory,size=64");

        assert (backend is Charflow.RingbufBackend);
        assert_cmpstr (backend.label, CompareOperator.EQ, "memory");
        assert_cmpuint (Charflow.Backend.list_options ("ringbuf").length, CompareOperator.GT, 0);
        Charflow.Backend.create_from_spec ("nonsense");
        assert_not_reached ();
    } catch (Charflow.BackendError.UNKNOWN_KIND error) {
        assert (error.message != "");
    } catch (Error error) {
        assert_not_reached ();
    }
}

void test_traces () {
    var log = new Charflow.Log ("/nowhere/log", true);
    var backend = new Charflow.NullBackend ();

    try {
        log.directions = Charflow.LogDirections.OUTPUT | Charflow.LogDirections.INPUT;
        log.timestamps = Charflow.LogTimestamps.LOCAL;
        backend.set_log (log);
        backend.recorder = new Charflow.Recorder ("/nowhere/record");
        assert (backend.log == log && !backend.recorder.recording);
        assert (Charflow.Features.RECORDED in backend.features);
        backend.recorder.open ();
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
        assert ("/nowhere/record" in error.message);
    } catch (Error error) {
        assert_not_reached ();
    }

    var replay = new Charflow.ReplayBackend ("/nowhere/record", Charflow.ReplaySpeed.FULL);
    assert (replay.source_label == null && !replay.diverged && replay.diverged_bytes == 0);
}

void test_backend () {
    var backend = new Loop ();
    var device = new Charflow.CharDevice (backend);
    var client = new Collector (5);

    try {
        device.attach_client (client);
        device.start ();
        wait_for (() => device.opened);
        device.write_bytes (client, new Bytes ("hello".data));
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    wait_for (() => client.received.str == "hello");
    assert (client.device == device);
    assert (device.backend == backend);
}

void test_fd_backend () {
    var backend = new Duct ();
    var file = new Charflow.FileBackend ("/nonexistent/out", true);
    var has_failed = false;
    var is_open = false;

    backend.open_async.begin (null, (object, result) => {
        try {
            is_open = backend.open_async.end (result);
        } catch (Error error) {
            GLib.error ("%s", error.message);
        }
    });
    wait_for (() => is_open);
    try {
        assert (backend.write ("round".data) == 5);
        assert (backend.read_bytes (16).compare (new Bytes ("round".data)) == 0);
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    backend.close ();
    assert (backend.is_released);

    file.open_async.begin (null, (object, result) => {
        try {
            file.open_async.end (result);
        } catch (Error error) {
            has_failed = true;
        }
    });
    assert (file.append && file.input_path == null);
    wait_for (() => has_failed);
    Charflow.StdioBackend.restore ();
}

void test_mux () {
    var registry = new Charflow.BackendRegistry ();

    try {
        var mux = (Charflow.MuxBackend) registry.create ("loopback,id=l,mux=on");

        mux.escape_char = 2;
        mux.escape_command.connect ((key) => {});
        registry.change_backend.connect ((old, backend) => false);
        assert (mux.backend == registry.lookup ("l-base"));
        assert (mux.focus == -1 && mux.lookup_front_end (registry) == -1);
        mux.set_backend (null);
        registry.change ("l-base", "null");
        mux.set_backend (registry.lookup ("l-base"));
        mux.focus_next ();
    } catch (Error error) {
        assert_not_reached ();
    }
    assert (registry.get_n_items () == 2);
}

void test_client () {
    var device = new Charflow.CharDevice (new Charflow.NullBackend ());
    var client = new Collector (1);
    uint n_asked = 0;

    device.remove_client.connect ((gone, reason) => {
        assert (gone == client && reason == Charflow.RemoveReason.NO_TOKENS);
        device.detach_client (gone);
        n_asked++;
    });
    try {
        device.attach_client (client);
        var buffer = device.get_write_buffer (client, 8);
        buffer.append ("four".data);
        assert_cmpuint ((uint) buffer.get_size (), CompareOperator.EQ, 4);
        assert_cmpuint (buffer.get_token_price (), CompareOperator.EQ, 1);
        device.add_write_buffer ((owned) buffer);
        device.write_bytes (client, new Bytes ("more".data));
        assert_not_reached ();
    } catch (Charflow.DeviceError.NO_TOKENS error) {
        assert_cmpuint (n_asked, CompareOperator.EQ, 1);
    } catch (Error error) {
        assert_not_reached ();
    }
    assert (client.reasons.length == 1 && client.reasons[0] == Charflow.RemoveReason.NO_TOKENS);
    assert (client.device == null);
}

void test_device () {
    var device = new Halves (new Loop ());
    var client = new Charflow.Client ();
    string[] pieces = {};

    client.deliver.connect ((device, bytes) => {
        pieces += ((string) bytes.get_data ()).substring (0, (long) bytes.get_size ());
    });
    try {
        device.attach_client (client);
        device.start ();
        wait_for (() => device.opened);
        device.write_bytes (null, new Bytes ("abcd".data));
    } catch (Error error) {
        assert_not_reached ();
    }
    wait_for (() => pieces.length == 2);
    assert_cmpstr (string.joinv (",", pieces), CompareOperator.EQ, "ab,cd");
}

async string read_text (Charflow.ClientPortChannel port, int size) throws Error {
    var text = new StringBuilder ();

    while (text.len < size) {
        var bytes = yield port.read_bytes_async (65536);

        text.append_len ((string) bytes.get_data (), (ssize_t) bytes.get_size ());
    }
    return text.str;
}

async void round_trip () throws Error {
    var device = new Charflow.CharDevice (new Loop ());
    var server = new Charflow.Server ();

    device.start ();
    server.password = PASSWORD;
    server.add_channel (new Charflow.ServerPortChannel (PORT_NAME, device));
    server.add_channel (new OwnServerChannel ());
    var uri = server.listen ("spice://127.0.0.1:0");

    var stranger = new Charflow.Session (uri);
    stranger.set_password ("wrong");
    try {
        yield stranger.open_async ();
        assert_not_reached ();
    } catch (Charflow.LinkError.PERMISSION_DENIED error) {
        assert (stranger.state == Charflow.ClientState.CLOSED);
    }

    var session = new Charflow.Session (uri);
    session.set_password (PASSWORD);
    yield session.open_async ();
    assert (session.lookup_port ("no.such.port") == null);

    var port = session.lookup_port (PORT_NAME);
    assert (port != null);
    yield port.write_bytes_async (new Bytes ("there and back".data));
    assert_cmpstr (yield read_text (port, 14), CompareOperator.EQ, "there and back");

    var own = new OwnClientChannel (session);
    yield own.open_async ();
    own.send_message (ECHO, new Bytes ("shout".data));
    while (own.received == null) {
        Idle.add (round_trip.callback);
        yield;
    }
    assert (own.received.compare (new Bytes ("shout".data)) == 0);

    yield session.close_async ();
    assert (session.state == Charflow.ClientState.CLOSED);
    server.close ();
}

void test_round_trip () {
    var done = false;

    round_trip.begin ((object, result) => {
        try {
            round_trip.end (result);
        } catch (Error error) {
            GLib.error ("%s", error.message);
        }
        done = true;
    });
    wait_for (() => done);
}

int main (string[] args) {
    Test.init (ref args);
    Test.add_func ("/vala/backend/spec", test_spec);
    Test.add_func ("/vala/backend/traces", test_traces);
    Test.add_func ("/vala/backend/subclass", test_backend);
    Test.add_func ("/vala/backend/fd-subclass", test_fd_backend);
    Test.add_func ("/vala/backend/mux", test_mux);
    Test.add_func ("/vala/client/subclass", test_client);
    Test.add_func ("/vala/device/subclass", test_device);
    Test.add_func ("/vala/network/round-trip", test_round_trip);
    add_class_tests ();
    return Test.run ();
}
