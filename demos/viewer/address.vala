// SPDX-License-Identifier: LGPL-2.1-or-later

// What can be told of a URI without a connection.
namespace Viewer.Address {
    // Fails, with what the library says of it, where the URI is no good.
    public void check (string uri) throws Error {
        var session = new Charflow.Session (uri);
        AsyncResult? answer = null;

        session.open_async.begin (null, (object, result) => answer = result);
        // A URI that is no good leaves it closed. Nothing is connected before the next turn of the main loop.
        if (session.state != Charflow.ClientState.CLOSED) {
            session.close ();
            return;
        }

        while (answer == null)
            MainContext.default ().iteration (true);
        session.open_async.end (answer);
    }
}
