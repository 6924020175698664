// SPDX-License-Identifier: LGPL-2.1-or-later
// Each class of the API, made and used; calls that are async, and errors by their codes.

// Opens, and fails to, in its own time.
class Lazy : Charflow.Backend {
    public bool fails = false;
    public uint n_closed = 0;
    public string steps = "";

    public Lazy (string label) {
        Object (label: label);
    }

    public override async bool open_async (Cancellable? cancellable) throws Error {
        steps += "wait,";
        Idle.add (open_async.callback);
        yield;
        if (fails)
            throw new Charflow.BackendError.BUSY ("The lazy one is busy");
        steps += "open";
        emit_event (Charflow.Event.OPENED);
        return true;
    }

    public override void close () {
        n_closed++;
    }

    public override ssize_t write (uint8[] data) throws Error {
        return data.length;
    }

    public override string? get_resource () {
        return "lazy";
    }

    public override void set_echo (bool echo) {
        steps += echo ? ",echo" : ",no echo";
    }

    public override bool set_modem_lines (Charflow.ModemLines lines) throws Error {
        steps += Charflow.ModemLines.RTS in lines ? ",rts" : ",none";
        return true;
    }

    public override bool query_modem_lines (out Charflow.ModemLines lines) throws Error {
        lines = Charflow.ModemLines.CTS | Charflow.ModemLines.DSR;
        return true;
    }
}

// Puts what clients write into brackets, and tells each of its messages to the client that was attached last.
class Brackets : Charflow.CharDevice {
    public Charflow.Client? last;
    public Charflow.Event[] events = {};
    public uint n_left = 0;

    public Brackets (Charflow.Backend backend) {
        Object (backend: backend);
    }

    public override unowned Charflow.Client? message_target (Bytes message) {
        return last;
    }

    public override Bytes? frame_message (Charflow.Client? client, Bytes message, out bool continues) throws Error {
        continues = false;
        if (message.get_size () > 8)
            throw new Charflow.DeviceError.BAD_MESSAGE ("Too long for brackets");
        return new Bytes (@"[$(text_of (message))]".data);
    }

    public override void client_left (Charflow.Client client, bool cut) {
        n_left++;
    }

    public override void event (Charflow.Event event) {
        events += event;
    }

    public override Bytes? save_framing () {
        return new Bytes ("framing".data);
    }

    public override bool restore_framing (Bytes? state, GenericArray<Charflow.Client> clients) throws Error {
        assert_cmpstr (text_of (state), CompareOperator.EQ, "framing");
        return true;
    }
}

string text_of (Bytes bytes) {
    var text = new StringBuilder ();

    text.append_len ((string) bytes.get_data (), (ssize_t) bytes.get_size ());
    return text.str;
}

delegate void Failing () throws Error;
delegate void Starting (AsyncReadyCallback callback);

Error error_of (Failing failing) {
    try {
        failing ();
    } catch (Error error) {
        return error;
    }
    GLib.error ("That should have failed");
}

AsyncResult result_of (Starting starting) {
    AsyncResult? result = null;

    starting ((object, done) => result = done);
    wait_for (() => result != null);
    return result;
}

void test_class_backends () {
    assert (new Charflow.NullBackend ().label == null);
    assert_cmpuint ((uint) new Charflow.LoopbackBackend ().size, CompareOperator.EQ, 65536);
    assert_cmpuint ((uint) new Charflow.RingbufBackend (64).get_size (), CompareOperator.EQ, 64);
    assert (new Charflow.ConsoleBackend ().in_fd == -1);
    assert (!new Charflow.StdioBackend ().signal_keys);
    assert (new Charflow.FdBackend (-1, -1).out_fd == -1);
    assert (!new Charflow.FileBackend ("/nonexistent/out").append);
    assert (!new Charflow.PipeBackend ("/nonexistent/pipe").create);
    assert (new Charflow.ParallelBackend ("/nonexistent/parport").path == "/nonexistent/parport");
    assert (new Charflow.PtyBackend ().slave_path == null);
    assert (new Charflow.ReplayBackend ("/nonexistent/record").speed == Charflow.ReplaySpeed.REAL);
    assert (new Charflow.MuxBackend ().backend == null);
    assert (new Charflow.UdpBackend (null, 4000).host == null);
    assert (new Charflow.SocketBackend.for_tcp (null, 4000).host == null);
    assert (new Charflow.SocketBackend.for_unix ("/nonexistent/socket", true).server);
    assert (new Charflow.SocketBackend.unbound ().is_unbound);
    assert (new Charflow.SerialBackend ("/nonexistent/tty").settings.get_data_bits () == 8);

    var socket = (Charflow.SocketBackend) Object.@new (typeof (Charflow.SocketBackend), path: "/x", telnet: true);
    assert (socket.telnet && socket.tls_creds == null && socket.peer_settings == null);
}

void test_class_options () {
    try {
        Charflow.BackendOption? size = null;
        {
            var options = Charflow.Backend.list_options ("ringbuf");

            for (var i = 0; i < options.length; i++)
                if (options[i].get_name () == "size")
                    size = options[i];
        }
        // It outlives the array.
        assert (size.get_value_type () == Charflow.OptionType.SIZE && size.get_choices () == null);
        assert_cmpstr (size.get_default_value (), CompareOperator.EQ, "65536");
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    assert ("pty" in Charflow.Backend.list_kinds ());
    assert (Charflow.Backend.describe_kind ("pty") != null && Charflow.Backend.describe_kind ("nonsense") == null);
    assert (error_of (() => Charflow.Backend.list_options ("nonsense")) is Charflow.BackendError.UNKNOWN_KIND);
}

void test_class_settings () {
    try {
        var settings = new Charflow.SerialSettings.from_string ("9600 7E1");
        var same = settings;

        assert (same.equal (new Charflow.SerialSettings (9600, 7, Charflow.SerialParity.EVEN,
                                                         Charflow.SerialStop.ONE, Charflow.SerialFlow.NONE)));
        settings = new Charflow.SerialSettings.from_string ("115200 8N2");
        assert_cmpstr (same.to_string (), CompareOperator.EQ, "9600 7E1");
        assert (settings.get_stop () == Charflow.SerialStop.TWO && !settings.equal (same));
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    assert (error_of (() => new Charflow.SerialSettings.from_string ("fast")) is Charflow.BackendError.INVALID_VALUE);
}

void test_class_async_open () {
    var backend = new Lazy ("lazy");
    Charflow.ModemLines lines;

    backend.fails = true;
    var refused = result_of ((callback) => backend.open_async.begin (null, (o, r) => callback (o, r)));
    assert (error_of (() => backend.open_async.end (refused)) is Charflow.BackendError.BUSY);
    assert (!backend.active && backend.n_closed == 0);

    backend.fails = false;
    var opened = result_of ((callback) => backend.open_async.begin (null, (o, r) => callback (o, r)));
    var connected = result_of ((callback) => backend.wait_connected_async.begin (null, (o, r) => callback (o, r)));
    try {
        assert (backend.open_async.end (opened) && backend.wait_connected_async.end (connected));
        backend.set_echo (true);
        backend.set_modem_lines (Charflow.ModemLines.RTS);
        assert (backend.query_modem_lines (out lines) && Charflow.ModemLines.DSR in lines);
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    assert_cmpstr (backend.steps, CompareOperator.EQ, "wait,wait,open,echo,rts");
    assert_cmpstr (backend.get_resource (), CompareOperator.EQ, "lazy");
    assert (error_of (() => backend.set_break (true)) is Charflow.BackendError.NOT_SUPPORTED);
    backend.close ();
    assert (backend.n_closed == 1 && !backend.opened);
}

void test_class_async_bytes () {
    var backend = new Charflow.LoopbackBackend ();
    var cancellable = new Cancellable ();

    var opened = result_of ((callback) => backend.open_async.begin (null, (o, r) => callback (o, r)));
    var written = result_of ((callback) => backend.write_all_async.begin (new Bytes ("round".data), null,
                                                                          (o, r) => callback (o, r)));
    var read = result_of ((callback) => backend.read_bytes_async.begin (16, null, (o, r) => callback (o, r)));
    try {
        size_t n_written;

        assert (backend.open_async.end (opened));
        assert (backend.write_all_async.end (written, out n_written) && n_written == 5);
        assert_cmpstr (text_of (backend.read_bytes_async.end (read)), CompareOperator.EQ, "round");
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }

    cancellable.cancel ();
    var cancelled = result_of ((callback) => backend.read_bytes_async.begin (16, cancellable, (o, r) => callback (o, r)));
    assert (error_of (() => backend.read_bytes_async.end (cancelled)) is IOError.CANCELLED);
    assert (error_of (() => backend.read_bytes (16)) is IOError.WOULD_BLOCK);
}

void test_class_registry () {
    var registry = new Charflow.BackendRegistry ();

    try {
        var kept = registry.create ("ringbuf,id=ring,size=64");

        assert (registry.lookup ("ring") == kept && registry.lookup ("none") == null);
        assert (error_of (() => registry.feed_ring_bytes ("ring", new Bytes ("news".data)))
                is Charflow.BackendError.NOT_OPEN);
        kept.open_async.begin ();
        wait_for (() => kept.active);
        registry.feed_ring_bytes ("ring", new Bytes ("news".data));
        assert_cmpstr (text_of (registry.take_ring_bytes ("ring", 64)), CompareOperator.EQ, "news");
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    assert (error_of (() => registry.create ("null,id=ring")) is Charflow.BackendError.EXISTS);
    assert (error_of (() => registry.create ("null")) is Charflow.BackendError.MISSING_OPTION);
    assert (error_of (() => registry.create ("pty,id=p,nonsense=1")) is Charflow.BackendError.UNKNOWN_OPTION);
    assert (error_of (() => registry.remove ("none")) is Charflow.BackendError.NOT_FOUND);
    registry.close_all ();
}

void test_class_devices () {
    var line = new Charflow.LineDevice (new Charflow.LoopbackBackend ());
    var agent = new Charflow.AgentDevice ();
    var card = new Charflow.SmartcardDevice ();
    var client = new Collector (5);
    string[] lines = {};

    client.deliver.connect ((device, bytes) => lines += text_of (bytes));
    try {
        line.attach_client (client);
        line.start ();
        wait_for (() => line.opened);
        line.write_bytes (client, new Bytes ("first\nsecond\n".data));
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    wait_for (() => client.received.str == "first\nsecond\n");
    assert (line.separator == '\n' && agent.copy_paste && agent.backend == null && card.get_backend () == null);
    agent.file_transfer = false;
    assert (!agent.get_file_transfer () && agent.self_tokens > 0);

    var backend = new Lazy ("next");
    var changed = result_of ((callback) => line.change_backend_async.begin (backend, null, (o, r) => callback (o, r)));
    try {
        assert (line.change_backend_async.end (changed) && line.backend == backend);
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    assert (error_of (() => line.attach_client (client)) is Charflow.DeviceError.ALREADY_ATTACHED);
    assert (line.detach_client (client) && !line.detach_client (client));
    assert (error_of (() => line.write_bytes (client, new Bytes ("x".data))) is Charflow.DeviceError.NOT_ATTACHED);
}

void test_class_framing () {
    var device = new Brackets (new Charflow.LoopbackBackend ());
    var first = new Charflow.Client ();
    var second = new Collector (5);

    device.last = second;
    try {
        device.attach_client (first);
        device.attach_client (second);
        device.start ();
        wait_for (() => device.opened);
        device.write_bytes (first, new Bytes ("a".data));
        wait_for (() => second.received.str == "[a]");

        var parts = device.save_state_parts ();
        var n = 0;
        for (var i = 0; i < parts.length; i++)
            n += parts[i].length;
        assert (n == device.save_state ().length && n > 0);
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
    assert (device.get_clients ().get_n_items () == 2);
    device.remove_client.connect ((client, reason) => {
        assert (reason == Charflow.RemoveReason.BAD_MESSAGE);
        device.detach_client (client);
    });
    assert (error_of (() => device.write_bytes (first, new Bytes ("much too long".data)))
            is Charflow.DeviceError.BAD_MESSAGE);
    assert (device.n_left == 1 && Charflow.Event.OPENED in device.events);
    assert (error_of (() => device.restore_state (new Bytes ("nonsense".data))) is Charflow.DeviceError);
}

void test_class_buffers () {
    var device = new Charflow.CharDevice (new Charflow.LoopbackBackend ());

    try {
        var buffer = device.get_server_write_buffer (4, false);

        assert (buffer.get_origin () == Charflow.WriteOrigin.SERVER_NO_TOKEN && buffer.get_client () == null);
        buffer.append ("four".data);
        assert (error_of (() => buffer.append ("more".data)) is Charflow.DeviceError.FULL);
        Charflow.WriteBuffer? kept = buffer;
        assert_cmpstr (text_of (kept.copy_bytes ()), CompareOperator.EQ, "four");
        kept = null;
        device.release_write_buffer ((owned) buffer);
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
}

async void visit () throws Error {
    var device = new Charflow.CharDevice (new Charflow.LoopbackBackend ());
    var server = new Charflow.Server ();

    device.start ();
    server.set_ticket (PASSWORD, 60);
    server.name = "vala";
    server.add_channel (new Charflow.ServerPortChannel (PORT_NAME, device));
    assert (server.lookup_channel (Charflow.ChannelType.MAIN, 0) is Charflow.ServerMainChannel);
    assert (server.lookup_channel (OWN_TYPE, 0) == null);

    var session = new Charflow.Session ();
    session.uri = server.listen ("spice://127.0.0.1:0");
    session.password = PASSWORD;
    yield session.open_async ();
    Charflow.Channel channel = (Charflow.Channel) session.channels.get_item (0);
    assert (channel is Charflow.ClientMainChannel && channel.get_type_name () == "main");

    var visitor = (Charflow.ServerClient) server.clients.get_item (0);
    assert (visitor.session_id == session.session_id && visitor.peer != "");
    var port = session.lookup_port (PORT_NAME);
    assert (port.port_name == PORT_NAME && port.port_opened && port.session == session);

    // The stream of a port is one for every class of GIO.
    var stream = port.get_stream ();
    yield stream.output_stream.write_all_async ("to and fro\n".data, Priority.DEFAULT, null, null);
    var line = yield new DataInputStream (stream.input_stream).read_line_async ();
    assert_cmpstr (line, CompareOperator.EQ, "to and fro");

    var closed = false;
    session.closed.connect ((error) => closed = error == null);
    yield session.close_async ();
    // The signal comes after the answer.
    while (!closed) {
        Idle.add (visit.callback);
        yield;
    }

    try {
        session.uri = "http://127.0.0.1";
        yield session.open_async ();
        assert_not_reached ();
    } catch (Charflow.UriError.BAD_SCHEME error) {
        assert (session.state == Charflow.ClientState.CLOSED);
    }
    server.close ();
}

void test_class_visit () {
    var result = result_of ((callback) => visit.begin ((o, r) => callback (o, r)));

    try {
        visit.end (result);
    } catch (Error error) {
        GLib.error ("%s", error.message);
    }
}

void add_class_tests () {
    Test.add_func ("/vala/class/backends", test_class_backends);
    Test.add_func ("/vala/class/options", test_class_options);
    Test.add_func ("/vala/class/settings", test_class_settings);
    Test.add_func ("/vala/class/async-open", test_class_async_open);
    Test.add_func ("/vala/class/async-bytes", test_class_async_bytes);
    Test.add_func ("/vala/class/registry", test_class_registry);
    Test.add_func ("/vala/class/devices", test_class_devices);
    Test.add_func ("/vala/class/framing", test_class_framing);
    Test.add_func ("/vala/class/buffers", test_class_buffers);
    Test.add_func ("/vala/class/visit", test_class_visit);
}
