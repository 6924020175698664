// SPDX-License-Identifier: LGPL-2.1-or-later
// A server and a session in one program: what is written to the port comes back.

async void talk (string uri) throws Error {
    var session = new Charflow.Session (uri);

    session.password = "open sesame";
    yield session.open_async ();

    var port = session.lookup_port ("org.example.echo.0");
    if (port == null)
        error ("There is no such port");

    yield port.write_bytes_async (new Bytes ("there and back\n".data));
    var line = yield new DataInputStream (port.get_stream ().input_stream).read_line_async ();
    print ("%s\n", line);
    yield session.close_async ();
}

int main () {
    var loop = new MainLoop ();
    var device = new Charflow.CharDevice (new Charflow.LoopbackBackend ());
    var server = new Charflow.Server ();

    try {
        device.start ();
        server.password = "open sesame";
        server.add_channel (new Charflow.ServerPortChannel ("org.example.echo.0", device));
        talk.begin (server.listen ("spice://127.0.0.1:0"), (object, result) => {
            try {
                talk.end (result);
            } catch (Error error) {
                printerr ("%s\n", error.message);
            }
            loop.quit ();
        });
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }

    loop.run ();
    return 0;
}
