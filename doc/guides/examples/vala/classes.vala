// SPDX-License-Identifier: LGPL-2.1-or-later
// Classes of one's own: a device that reads pairs of bytes, and a client that prints them.

class Pairs : Charflow.CharDevice {
    public Pairs (Charflow.Backend backend) {
        Object (backend: backend);
    }

    public override Bytes? read_message () {
        return fill (2) < 2 ? null : read_bytes (2);
    }
}

class Printer : Charflow.Client {
    public uint n_pairs = 0;

    public Printer () {
        Object (overflow: Charflow.Overflow.REMOVE, max_queue_messages: 16);
    }

    public override void deliver (Charflow.CharDevice device, Bytes bytes) {
        // Bytes have no NUL at their end, so %s alone would print too much.
        print ("%.*s\n", (int) bytes.get_size (), (string) bytes.get_data ());
        n_pairs++;
    }
}

int main () {
    var device = new Pairs (new Charflow.LoopbackBackend ());
    var printer = new Printer ();

    try {
        device.attach_client (printer);
        device.start ();
        while (!device.opened)
            MainContext.default ().iteration (true);
        device.write_bytes (null, new Bytes ("abcde".data));
        device.write_bytes (printer, new Bytes ("f".data));
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }

    while (printer.n_pairs < 3)
        MainContext.default ().iteration (true);
    return 0;
}
