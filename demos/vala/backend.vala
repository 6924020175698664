// SPDX-License-Identifier: LGPL-2.1-or-later
// A back end of one's own, served as a port: CHARFLOW_PASSWORD=… backend [URI]
//
// It is a clock. The line "time" is answered with the time, any other with "unknown: " and the line:
//
//   echo time | CHARFLOW_PASSWORD=… charflow connect URI --port=org.charflow.vala.clock

class Clock : Charflow.Backend {
    // A longer line is cut.
    const int MAX_LINE = 200;
    // Nothing more is taken while this much waits to be read.
    const int MAX_ANSWERS = 4096;

    StringBuilder line = new StringBuilder ();
    StringBuilder answers = new StringBuilder ();
    bool listening = false;

    public Clock (string label) {
        Object (label: label);
        // Its other side is there as soon as it is open.
        notify["active"].connect (() => {
            if (active)
                emit_event (Charflow.Event.OPENED);
        });
    }

    public bool is_ready (IOCondition condition) {
        return IOCondition.IN in condition && answers.len > 0
            || IOCondition.OUT in condition && answers.len < MAX_ANSWERS;
    }

    public override Source? create_source (IOCondition condition) {
        return new ClockSource (this, condition);
    }

    public override ssize_t write (uint8[] data) throws Error {
        var n = 0;

        while (n < data.length && answers.len < MAX_ANSWERS) {
            var byte = (char) data[n++];

            if (byte == '\n')
                answer ();
            else if (line.len < MAX_LINE)
                line.append_c (byte);
        }
        if (n == 0 && data.length > 0)
            throw new IOError.WOULD_BLOCK ("The answers have to be read first");
        return n;
    }

    void answer () {
        if (listening && line.str == "time")
            answers.append (new DateTime.now_utc ().format ("%Y-%m-%dT%H:%M:%SZ\n"));
        else if (listening)
            answers.append ("unknown: ").append (line.str).append ("\n");
        line.truncate ();
    }

    public override Bytes read_bytes (size_t max_size) throws Error {
        var size = size_t.min (max_size, answers.len);

        if (size == 0)
            throw new IOError.WOULD_BLOCK ("Nothing was asked");

        var bytes = new Bytes (answers.data[0:size]);
        answers.erase (0, (ssize_t) size);
        return bytes;
    }

    // Who listens next does not get the answers of who listened before.
    public override void set_front_end_open (bool open) {
        listening = open;
        line.truncate ();
        answers.truncate ();
    }
}

// Tells the device when it can go on: the main loop asks it before it sleeps.
class ClockSource : Source {
    public Clock clock;
    public IOCondition condition;

    public ClockSource (Clock clock, IOCondition condition) {
        this.clock = clock;
        this.condition = condition;
    }

    public override bool prepare (out int timeout) {
        timeout = -1;
        return clock.is_ready (condition);
    }

    public override bool check () {
        return clock.is_ready (condition);
    }

    public override bool dispatch (SourceFunc? callback) {
        return callback ();
    }
}

int main (string[] args) {
    var password = Environment.get_variable ("CHARFLOW_PASSWORD");

    if (args.length > 2 || password == null) {
        printerr ("Usage: CHARFLOW_PASSWORD=… backend [URI]\n");
        return 2;
    }

    var device = new Charflow.CharDevice (new Clock ("clock"));
    var server = new Charflow.Server ();

    device.start ();
    server.set_password (password);
    try {
        server.add_channel (new Charflow.ServerPortChannel ("org.charflow.vala.clock", device));
        print ("listening on %s\n", server.listen (args.length > 1 ? args[1] : "spice://127.0.0.1:0"));
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }

    new MainLoop ().run ();
    return 0;
}
