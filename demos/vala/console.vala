// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a line to a port and prints what comes from it: CHARFLOW_PASSWORD=… console URI PORT [LINE]
//
// It ends when the server closes the port. The names of ports are what `charflow list URI` shows:
//
//   CHARFLOW_PASSWORD=… console spice://127.0.0.1:5930 org.charflow.vala.0 "hello"

errordomain ConsoleError {
    NO_PORT,
}

async void run (string uri, string port_name, string? line) throws Error {
    var session = new Charflow.Session (uri);

    session.set_password (Environment.get_variable ("CHARFLOW_PASSWORD"));
    yield session.open_async ();

    var port = session.lookup_port (port_name);
    if (port == null)
        throw new ConsoleError.NO_PORT ("There is no port '%s'", port_name);

    if (line != null)
        yield port.write_bytes_async (new Bytes ((line + "\n").data));

    while (true) {
        var bytes = yield port.read_bytes_async (65536);

        if (bytes.get_size () == 0)
            return;
        stdout.write (bytes.get_data ());
        stdout.flush ();
    }
}

int main (string[] args) {
    var loop = new MainLoop ();
    var status = 0;

    if (args.length < 3 || args.length > 4) {
        printerr ("Usage: CHARFLOW_PASSWORD=… console URI PORT [LINE]\n");
        return 2;
    }

    run.begin (args[1], args[2], args.length > 3 ? args[3] : null, (object, result) => {
        try {
            run.end (result);
        } catch (Error error) {
            printerr ("%s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();

    return status;
}
