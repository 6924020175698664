// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes a line to a port and prints what it answers: CHARFLOW_PASSWORD=… console URI PORT [LINE]

async void run (string uri, string port_name, string? line) throws Error {
    var session = new Charflow.Session (uri);

    session.set_password (Environment.get_variable ("CHARFLOW_PASSWORD"));
    yield session.open_async (null);

    var port = session.lookup_port (port_name);
    if (port == null) {
        printerr ("There is no port '%s'\n", port_name);
        return;
    }

    if (line != null)
        yield port.write_bytes_async (new Bytes ((line + "\n").data), null);

    while (true) {
        var bytes = yield port.read_bytes_async (65536, null);

        if (bytes.get_size () == 0)
            return;
        stdout.write (bytes.get_data ());
        stdout.flush ();
    }
}

int main (string[] args) {
    var loop = new MainLoop ();
    var status = 0;

    if (args.length < 3) {
        printerr ("Usage: console URI PORT [LINE]\n");
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
