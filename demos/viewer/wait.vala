// SPDX-License-Identifier: LGPL-2.1-or-later

// Waits for something to happen, once, or for being cancelled.
public class Viewer.Wait : Object {
    private SourceFunc? resume;
    private bool is_over;

    public Cancellable cancellable { get; construct; }

    public Wait (Cancellable cancellable) {
        Object (cancellable: cancellable);
    }

    // What was waited for has happened, perhaps within another's handler, so the waiter goes on from the main loop.
    public void end () {
        if (is_over)
            return;

        is_over = true;
        if (resume != null)
            Idle.add ((owned) resume, Priority.DEFAULT);
    }

    public async void run () {
        if (is_over || cancellable.is_cancelled ())
            return;

        var handler = cancellable.cancelled.connect (end);

        resume = run.callback;
        yield;
        SignalHandler.disconnect (cancellable, handler);
    }
}
