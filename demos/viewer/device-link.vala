// SPDX-License-Identifier: LGPL-2.1-or-later

// A device of this machine: a back end, and a client in this process that has as many tokens as messages may wait here.
public class Viewer.DeviceLink : Link {
    private const uint N_TOKENS = 8;

    private Queue<Bytes> unread = new Queue<Bytes> ();
    private Charflow.CharDevice device;
    private Charflow.Client client;
    private signal void delivered ();
    private signal void got_tokens ();

    public string spec { get; construct; }
    public Charflow.Backend backend { get; construct; }

    public override string title { owned get { return spec; } }
    public override bool is_open { get { return backend.opened; } }

    // Fails where the spec is not right, or what it names cannot be opened.
    public static async DeviceLink open (string spec) throws Error {
        var backend = Charflow.Backend.create_from_spec (spec);

        yield backend.open_async ();
        return new DeviceLink (spec, backend);
    }

    private DeviceLink (string spec, Charflow.Backend backend) {
        Object (spec: spec, backend: backend);
    }

    construct {
        device = new Charflow.CharDevice (backend);
        client = (Charflow.Client) Object.new (typeof (Charflow.Client),
                                               "flow-control", true,
                                               "client-tokens", N_TOKENS,
                                               "send-tokens", N_TOKENS,
                                               // The device waits for as long as the terminal does.
                                               "stall-time", uint.MAX,
                                               "wait-time", uint.MAX);
        client.deliver.connect ((device, bytes) => {
            unread.push_tail (bytes);
            delivered ();
        });
        client.tokens.connect (() => got_tokens ());
        client.removed.connect ((device, reason) => {
            if (!cancellable.is_cancelled ())
                failed (new IOError.FAILED (_("The device has let go of this terminal")));
        });
        device.backend_error.connect ((error) => failed (error));
        backend.notify["opened"].connect (() => changed ());
        backend.notify["uri"].connect (() => changed ());

        try {
            device.attach_client (client);
        } catch (Error error) {
            critical ("A new client was not taken: %s", error.message);
        }
        device.start ();
    }

    public override void close () {
        base.close ();
        device.detach_client (client);
        device.stop ();
        backend.close ();
    }

    private async void await_delivery () throws Error {
        var wait = new Wait (cancellable);
        var handler = delivered.connect (wait.end);

        yield wait.run ();
        disconnect (handler);
        cancellable.set_error_if_cancelled ();
    }

    private async void await_tokens () throws Error {
        var wait = new Wait (cancellable);
        var handler = got_tokens.connect (wait.end);

        yield wait.run ();
        disconnect (handler);
        cancellable.set_error_if_cancelled ();
    }

    protected override async Bytes read_some () throws Error {
        while (unread.is_empty ())
            yield await_delivery ();

        var bytes = unread.pop_head ();

        if (device.has_client (client))
            device.add_send_tokens (client, 1);
        return bytes;
    }

    protected override async void write_all (Bytes bytes) throws Error {
        while (true) {
            try {
                device.write_bytes (client, bytes);
                return;
            } catch (Charflow.DeviceError error) {
                if (!(error is Charflow.DeviceError.NO_TOKENS))
                    throw error;
            }
            yield await_tokens ();
        }
    }

    public override bool get_tokens (out uint64 to_send, out uint64 to_receive) {
        to_send = client.client_tokens_held;
        to_receive = client.send_tokens_held;
        return true;
    }

    public override void send_break () throws Error {
        device.send_break (250);
    }

    // Devices that come back do so by themselves, where their spec says so.
    public override void reopen () {
        if (backend.active)
            return;

        backend.open_async.begin (cancellable, (object, result) => {
            try {
                backend.open_async.end (result);
                changed ();
            } catch (Error error) {
                if (!(error is IOError.CANCELLED))
                    failed (error);
            }
        });
    }
}
