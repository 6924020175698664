// SPDX-License-Identifier: LGPL-2.1-or-later

// What a terminal talks to: it is read as fast as the terminal draws, and what is sent waits here until it can go.
public abstract class Viewer.Link : Object {
    public const size_t READ_SIZE = 65536;
    // More than a person pastes; what comes above is refused.
    private const uint64 MAX_WAITING = 4 * 1024 * 1024;

    private Queue<Bytes> waiting = new Queue<Bytes> ();
    private bool is_writing;
    protected Cancellable cancellable = new Cancellable ();

    public abstract string title { owned get; }
    // Whether somebody is at the other end.
    public abstract bool is_open { get; }
    public uint64 bytes_in { get; private set; }
    public uint64 bytes_out { get; private set; }
    public uint64 bytes_waiting { get; private set; }
    public uint64 bytes_waiting_peak { get; private set; }

    // Something of the above, or of what a subclass has, is another now.
    public signal void changed ();
    // Bytes have passed.
    public signal void active ();
    // The other end has gone, or could not be reached.
    public signal void failed (Error error);

    // Waits until there is something to read.
    protected abstract async Bytes read_some () throws Error;
    // Waits until all of it is on its way.
    protected abstract async void write_all (Bytes bytes) throws Error;
    public abstract void send_break () throws Error;
    public abstract void reopen ();

    public virtual void close () {
        cancellable.cancel ();
    }

    // How many more messages may pass each way, where the link counts them.
    public virtual bool get_tokens (out uint64 to_send, out uint64 to_receive) {
        to_send = to_receive = 0;
        return false;
    }

    public async Bytes read () throws Error {
        var bytes = yield read_some ();

        bytes_in += bytes.get_size ();
        active ();
        return bytes;
    }

    // Whether what is sent has somewhere to go.
    public virtual bool can_send { get { return true; } }

    // Returns whether there was room for it.
    public bool send (Bytes bytes) {
        if (!can_send || bytes_waiting + bytes.get_size () > MAX_WAITING)
            return false;

        waiting.push_tail (bytes);
        bytes_waiting += bytes.get_size ();
        bytes_waiting_peak = uint64.max (bytes_waiting_peak, bytes_waiting);
        active ();
        if (!is_writing)
            write_waiting.begin ();
        return true;
    }

    protected void forget_waiting () {
        waiting.clear ();
        bytes_waiting = 0;
    }

    private async void write_waiting () {
        is_writing = true;
        while (!waiting.is_empty ()) {
            var bytes = waiting.pop_head ();

            try {
                yield write_all (bytes);
                bytes_out += bytes.get_size ();
            } catch (Error error) {
                forget_waiting ();
                if (!(error is IOError.CANCELLED))
                    failed (error);
                break;
            }
            bytes_waiting -= uint64.min (bytes_waiting, bytes.get_size ());
            active ();
        }
        is_writing = false;
    }
}
