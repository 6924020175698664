// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves a device: CHARFLOW_PASSWORD=… serve [BACKEND,id=ID,…] [URI]

int main (string[] args) {
    var loop = new MainLoop ();
    var server = new Charflow.Server ();

    try {
        var backend = Charflow.Backend.create_from_spec (args.length > 1 ? args[1] : "pty,id=console");
        var device = new Charflow.CharDevice (backend);

        device.backend_error.connect ((error) => printerr ("%s\n", error.message));
        device.start ();

        server.set_password (Environment.get_variable ("CHARFLOW_PASSWORD"));
        server.add_channel (new Charflow.ServerPortChannel ("org.charflow.vala.0", device));
        print ("listening on %s\n", server.listen (args.length > 2 ? args[2] : "spice://127.0.0.1:0"));
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }

    loop.run ();
    return 0;
}
