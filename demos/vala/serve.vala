// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves a device as a port: CHARFLOW_PASSWORD=… serve [BACKEND,id=ID,…] [URI]
//
// The back end is a new pseudo terminal if none is named, and the URI a free port of this machine:
//
//   CHARFLOW_PASSWORD=… serve serial,id=line,path=/dev/ttyUSB0 spice://127.0.0.1:5930

int main (string[] args) {
    var password = Environment.get_variable ("CHARFLOW_PASSWORD");

    if (args.length > 3 || password == null) {
        printerr ("Usage: CHARFLOW_PASSWORD=… serve [BACKEND,id=ID,…] [URI]\n");
        return 2;
    }

    var server = new Charflow.Server ();

    try {
        var backend = Charflow.Backend.create_from_spec (args.length > 1 ? args[1] : "pty,id=console");
        var device = new Charflow.CharDevice (backend);

        device.backend_error.connect ((error) => printerr ("%s\n", error.message));
        backend.notify["active"].connect (() => {
            if (backend.active)
                print ("device at %s\n", backend.uri ?? backend.label);
        });
        device.start ();

        server.set_password (password);
        server.peer_error.connect ((peer, error) => printerr ("%s: %s\n", peer, error.message));
        server.add_channel (new Charflow.ServerPortChannel ("org.charflow.vala.0", device));
        print ("listening on %s\n", server.listen (args.length > 2 ? args[2] : "spice://127.0.0.1:0"));
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }

    new MainLoop ().run ();
    return 0;
}
