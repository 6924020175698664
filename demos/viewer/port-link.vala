// SPDX-License-Identifier: LGPL-2.1-or-later

// A port of a server. It outlives the connection: when the server is there again, so is the port of that name.
public class Viewer.PortLink : Link {
    private Charflow.ClientPortChannel? channel;
    private ulong event_handler;
    private signal void attached ();

    public Server server { get; construct; }
    public string port_name { get; construct; }

    public override string title { owned get { return port_name; } }
    public override bool is_open { get { return channel != null && channel.port_opened; } }

    public PortLink (Server server, string port_name) {
        Object (server: server, port_name: port_name);
    }

    construct {
        server.notify["state"].connect (update_channel);
        server.ports_changed.connect (update_channel);
        update_channel ();
    }

    public override void close () {
        server.notify["state"].disconnect (update_channel);
        server.ports_changed.disconnect (update_channel);
        take_channel (null);
        base.close ();
    }

    private void take_channel (Charflow.ClientPortChannel? found) {
        if (found == channel)
            return;

        if (channel != null) {
            channel.disconnect (event_handler);
            // What was typed before the cut is not to be typed after it.
            forget_waiting ();
        }
        channel = found;
        if (found != null) {
            event_handler = found.event.connect (() => changed ());
            attached ();
        }
        changed ();
    }

    private void update_channel () {
        take_channel (server.lookup_port (port_name));
    }

    public override bool can_send { get { return channel != null; } }

    private async void await_channel () throws Error {
        while (channel == null) {
            var wait = new Wait (cancellable);
            var handler = attached.connect (wait.end);

            yield wait.run ();
            disconnect (handler);
            cancellable.set_error_if_cancelled ();
        }
    }

    protected override async Bytes read_some () throws Error {
        while (true) {
            yield await_channel ();

            var asked = channel;

            try {
                var bytes = yield asked.read_bytes_async (READ_SIZE, cancellable);

                if (bytes.get_size () > 0)
                    return bytes;
            } catch (Error error) {
                cancellable.set_error_if_cancelled ();
                // The server tells why it has gone.
                debug ("Port '%s': %s", port_name, error.message);
            }
            if (channel == asked)
                take_channel (null);
        }
    }

    protected override async void write_all (Bytes bytes) throws Error {
        yield await_channel ();
        yield channel.write_bytes_async (bytes, cancellable);
    }

    public override void send_break () throws Error {
        if (channel == null)
            throw new IOError.NOT_CONNECTED (_("The server is not there"));
        channel.send_event (Charflow.Event.BREAK);
    }

    public override void reopen () {
        server.open_now ();
    }
}
