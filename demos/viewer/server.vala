// SPDX-License-Identifier: LGPL-2.1-or-later

// A server that somebody wants to be connected to: when the connection is lost, it is made again.
public class Viewer.Server : Object {
    private const uint FIRST_DELAY_S = 1;
    private const uint MAX_DELAY_S = 30;

    private Charflow.Session? session;
    private string? password;
    private uint delay_s = FIRST_DELAY_S;
    private uint retry_source;
    private bool is_wanted;
    private bool was_open;

    public string uri { get; construct; }
    public Charflow.ClientState state { get; private set; default = Charflow.ClientState.CLOSED; }
    // Why it is not open, or what went wrong last.
    public string? problem { get; private set; }
    // A next try comes by itself.
    public bool is_waiting { get { return retry_source != 0; } }
    public string? given_title { get; construct; }

    public signal void ports_changed ();
    // Of a first try that failed, after which there is no other.
    public signal void failed (Error error);
    // The server wants one, or another than it was given.
    public signal void password_needed (bool was_wrong);
    public signal void let_in ();

    public Server (string uri, string? title, string? password) {
        Object (uri: uri, given_title: title);
        this.password = password;
    }

    public string title {
        owned get {
            if (given_title != null && given_title != "")
                return given_title;
            return session != null && session.server_name != null && session.server_name != "" ? session.server_name : uri;
        }
    }

    public bool is_open { get { return state == Charflow.ClientState.OPEN; } }

    private void stop_waiting () {
        if (retry_source != 0)
            Source.remove (retry_source);
        retry_source = 0;
    }

    // At once, whatever is being waited for.
    public void open_now () {
        if (state != Charflow.ClientState.CLOSED)
            return;

        is_wanted = true;
        stop_waiting ();
        try_to_open.begin ();
    }

    public void open_with_password (string password) {
        this.password = password;
        open_now ();
    }

    public void close () {
        is_wanted = false;
        stop_waiting ();
        if (session != null)
            session.close ();
    }

    private async void try_to_open () {
        var tried = new Charflow.Session (uri);

        session = tried;
        problem = null;
        state = Charflow.ClientState.OPENING;
        tried.set_password (password);
        tried.channels.items_changed.connect (() => ports_changed ());
        try {
            yield tried.open_async ();
        } catch (Error error) {
            if (session == tried)
                could_not_open (error);
            return;
        }

        if (session != tried || !is_wanted) {
            tried.close ();
            return;
        }
        was_open = true;
        delay_s = FIRST_DELAY_S;
        tried.closed.connect (lost_cb);
        state = Charflow.ClientState.OPEN;
        let_in ();
        notify_property ("title");
        ports_changed ();
    }

    private void could_not_open (Error error) {
        session = null;
        if (!is_wanted) {
            state = Charflow.ClientState.CLOSED;
            return;
        }

        problem = error.message;
        if (error is Charflow.LinkError.PERMISSION_DENIED) {
            var was_wrong = password != null;

            is_wanted = false;
            password = null;
            problem = was_wrong ? _("The password is wrong, or has expired") : _("The server asks for a password");
            state = Charflow.ClientState.CLOSED;
            password_needed (was_wrong);
        } else if (was_open) {
            try_later ();
        } else {
            is_wanted = false;
            state = Charflow.ClientState.CLOSED;
            failed (error);
        }
    }

    private void lost_cb (Charflow.Session lost, Error? error) {
        if (session != lost)
            return;

        session = null;
        problem = error != null ? error.message : _("The server has closed the connection");
        if (is_wanted)
            try_later ();
        else
            state = Charflow.ClientState.CLOSED;
        ports_changed ();
    }

    private void try_later () {
        retry_source = Timeout.add_seconds (delay_s, () => {
            retry_source = 0;
            try_to_open.begin ();
            return Source.REMOVE;
        });
        delay_s = uint.min (delay_s * 2, MAX_DELAY_S);
        state = Charflow.ClientState.CLOSED;
        notify_property ("is-waiting");
    }

    // While it is open.
    public Charflow.ClientPortChannel? lookup_port (string name) {
        return is_open && session != null ? session.lookup_port (name) : null;
    }

    // Those that are there now.
    public List<Charflow.ClientChannel> list_channels () {
        var channels = new List<Charflow.ClientChannel> ();

        for (uint i = 0; session != null && i < session.channels.get_n_items (); i++)
            channels.append ((Charflow.ClientChannel) session.channels.get_item (i));
        return (owned) channels;
    }
}
