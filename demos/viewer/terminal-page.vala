// SPDX-License-Identifier: LGPL-2.1-or-later

// A tab: a terminal, what it talks to, and what there is to see and to say about that.
public class Viewer.TerminalPage : Gtk.Box {
    private Gtk.InfoBar banner = new Gtk.InfoBar () { revealed = false, message_type = Gtk.MessageType.WARNING };
    private Gtk.Label banner_label = new Gtk.Label ("") { wrap = true, xalign = 0, hexpand = true };
    private Gtk.SearchBar search_bar = new Gtk.SearchBar () { show_close_button = true };
    private Gtk.SearchEntry search_entry = new Gtk.SearchEntry () { hexpand = true };
    private Gtk.ToggleButton search_regex = new Gtk.ToggleButton.with_label (".*");
    private Gtk.Revealer figures_revealer = new Gtk.Revealer ();
    private LinePopover? line_popover;

    public Terminal terminal { get; default = new Terminal (); }
    public Link link { get; construct; }
    public bool is_read_only { get; set; }
    public bool shows_figures { get; set; }

    // To be shown for a moment.
    public signal void told (string text);
    public signal void changed ();

    public TerminalPage (Link link) {
        Object (link: link, orientation: Gtk.Orientation.VERTICAL);
    }

    construct {
        var scrolled = new Gtk.ScrolledWindow () { child = terminal, hscrollbar_policy = Gtk.PolicyType.NEVER };
        var figures = new FiguresPane (link);
        var figures_scroll = new Gtk.ScrolledWindow () { child = figures, vscrollbar_policy = Gtk.PolicyType.NEVER };

        figures_revealer.child = figures_scroll;
        figures_revealer.transition_type = Gtk.RevealerTransitionType.SLIDE_UP;
        build_banner ();
        build_search ();
        append (banner);
        append (search_bar);
        append (scrolled);
        append (figures_revealer);

        bind_property ("shows-figures", figures_revealer, "reveal-child", BindingFlags.SYNC_CREATE);
        terminal.commit.connect (commit_cb);
        link.changed.connect (update);
        link.failed.connect ((error) => {
            told (error.message);
            update ();
        });
        if (link is PortLink)
            ((PortLink) link).server.notify.connect (update);
        update ();
        pump.begin ();
    }

    public string title { owned get { return link.title; } }

    public string subtitle {
        owned get {
            if (link is PortLink)
                return ((PortLink) link).server.title;
            return ((DeviceLink) link).backend.uri ?? "";
        }
    }

    public override bool grab_focus () {
        return terminal.grab_focus ();
    }

    private void build_banner () {
        banner.add_child (banner_label);
        banner.add_button (_("_Try Now"), Gtk.ResponseType.OK);
        banner.response.connect (() => link.reopen ());
    }

    private void build_search () {
        var box = new Gtk.Box (Gtk.Orientation.HORIZONTAL, 6);
        var previous = Widgets.build_icon_button ("go-up-symbolic", _("Previous Match"));
        var next = Widgets.build_icon_button ("go-down-symbolic", _("Next Match"));

        Widgets.name (search_regex, _("Regular Expression"));
        search_entry.update_property (Gtk.AccessibleProperty.LABEL, _("Search"), -1);
        box.append (search_entry);
        box.append (search_regex);
        box.append (previous);
        box.append (next);
        search_bar.child = new Adw.Clamp () { child = box, maximum_size = 500 };
        search_bar.connect_entry (search_entry);
        search_entry.search_changed.connect (look_for);
        search_regex.toggled.connect (look_for);
        search_entry.activate.connect (() => terminal.search_find_previous ());
        search_entry.previous_match.connect (() => terminal.search_find_previous ());
        search_entry.next_match.connect (() => terminal.search_find_next ());
        search_entry.stop_search.connect (() => search_bar.search_mode_enabled = false);
        previous.clicked.connect (() => terminal.search_find_previous ());
        next.clicked.connect (() => terminal.search_find_next ());
        search_bar.notify["search-mode-enabled"].connect (() => {
            if (!search_bar.search_mode_enabled)
                terminal.grab_focus ();
        });
    }

    public void search () {
        search_bar.search_mode_enabled = true;
        search_entry.grab_focus ();
    }

    private void look_for () {
        try {
            terminal.look_for (search_entry.text, search_regex.active);
            search_entry.remove_css_class ("error");
        } catch (Error error) {
            search_entry.add_css_class ("error");
        }
    }

    private void commit_cb (string text, uint size) {
        if (is_read_only || !link.can_send) {
            error_bell ();
            return;
        }

        if (!link.send (new Bytes (text.data[0:size])))
            told (_("There is no room for %u more bytes: what waits has not been taken yet").printf (size));
    }

    // Until the tab is closed.
    private async void pump () {
        try {
            while (true)
                yield terminal.feed_in_time (yield link.read ());
        } catch (Error error) {
            debug ("No more of '%s': %s", link.title, error.message);
        }
    }

    private void update () {
        string? text = null;

        if (link is PortLink) {
            var server = ((PortLink) link).server;

            if (!server.is_open)
                text = describe (server);
            else if (!link.is_open)
                text = server.lookup_port (link.title) == null ? _("The server has no such port any more")
                                                               : _("Nobody is at the other end of the port");
            banner.set_response_sensitive (Gtk.ResponseType.OK, !server.is_open && !is_opening (server));
        } else if (!link.is_open) {
            text = _("Nobody is at the other end of the device");
            banner.set_response_sensitive (Gtk.ResponseType.OK, !((DeviceLink) link).backend.active);
        }
        if (text != null)
            banner_label.label = text;
        banner.revealed = text != null;
        changed ();
    }

    private static bool is_opening (Server server) {
        return server.state == Charflow.ClientState.OPENING;
    }

    private static string describe (Server server) {
        if (is_opening (server))
            return _("Connecting to %s…").printf (server.title);
        if (server.is_waiting)
            return _("The connection is lost, and will be tried again: %s").printf (server.problem ?? "");
        return server.problem != null ? _("Not connected: %s").printf (server.problem) : _("Not connected");
    }

    public void send_break () {
        try {
            link.send_break ();
            told (_("A break was sent"));
        } catch (Error error) {
            told (error.message);
        }
    }

    // What is in the terminal, as text.
    public async void save_text (File file) {
        try {
            var text = new MemoryOutputStream.resizable ();

            terminal.write_contents_sync (text, Vte.WriteFlags.DEFAULT);
            // There is at least the end of the line, as an empty file is too little for GIO.
            if (text.get_data_size () == 0)
                text.write ("\n".data);
            text.close ();
            yield file.replace_contents_bytes_async (text.steal_as_bytes (), null, false, FileCreateFlags.NONE, null, null);
            told (_("Saved as '%s'").printf (file.get_parse_name ()));
        } catch (Error error) {
            told (_("Could not save the text: %s").printf (error.message));
        }
    }

    // The button's, where there is a line to set.
    public LinePopover? get_line_popover () {
        if (line_popover == null && link is DeviceLink && LinePopover.suits (((DeviceLink) link).backend)) {
            line_popover = new LinePopover (((DeviceLink) link).backend);
            line_popover.failed.connect ((error) => told (error.message));
        }
        return line_popover;
    }

    public void close () {
        link.close ();
    }
}
