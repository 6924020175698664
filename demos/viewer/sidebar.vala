// SPDX-License-Identifier: LGPL-2.1-or-later

// The servers, each with its channels below it.
public class Viewer.Sidebar : Gtk.Box {
    private Gtk.ListBox list = new Gtk.ListBox ();
    private GenericArray<Server> servers = new GenericArray<Server> ();
    private uint update_source;

    public signal void port_chosen (Server server, string port_name);
    public signal void server_chosen (Server server);
    public signal void removal_wanted (Server server);

    construct {
        var placeholder = new Gtk.Label (_("No servers")) { margin_top = 24 };

        orientation = Gtk.Orientation.VERTICAL;
        placeholder.add_css_class ("dim-label");
        list.set_placeholder (placeholder);
        list.selection_mode = Gtk.SelectionMode.NONE;
        list.add_css_class ("navigation-sidebar");
        list.update_property (Gtk.AccessibleProperty.LABEL, _("Servers and their channels"), -1);
        list.row_activated.connect ((row) => {
            var server = row.get_data<Server> ("server");
            var port_name = row.get_data<string> ("port");

            if (port_name != null)
                port_chosen (server, port_name);
            else
                server_chosen (server);
        });
        append (new Gtk.ScrolledWindow () {
            child = list, vexpand = true, hscrollbar_policy = Gtk.PolicyType.NEVER, width_request = 220
        });
    }

    public void add_server (Server server) {
        servers.add (server);
        server.notify.connect (update_later);
        server.ports_changed.connect (update_later);
        update_later ();
    }

    public void remove_server (Server server) {
        server.notify.disconnect (update_later);
        server.ports_changed.disconnect (update_later);
        servers.remove (server);
        update_later ();
    }

    // Much comes at once when a server is opened.
    private void update_later () {
        if (update_source == 0)
            update_source = Idle.add (() => {
                update_source = 0;
                update ();
                return Source.REMOVE;
            });
    }

    public override void dispose () {
        if (update_source != 0)
            Source.remove (update_source);
        update_source = 0;
        base.dispose ();
    }

    private void update () {
        unowned Gtk.ListBoxRow? row;

        while ((row = list.get_row_at_index (0)) != null)
            list.remove (row);
        foreach (var server in servers) {
            list.append (build_server_row (server));
            foreach (var channel in server.list_channels ()) {
                if (server.is_open)
                    list.append (build_channel_row (server, channel));
                if (channel is Charflow.ClientPortChannel && !channel_is_watched (channel))
                    watch (channel);
            }
        }
    }

    private static bool channel_is_watched (Charflow.ClientChannel channel) {
        return channel.get_data<string> ("sidebar") != null;
    }

    private void watch (Charflow.ClientChannel channel) {
        channel.set_data ("sidebar", "watched");
        ((Charflow.ClientPortChannel) channel).notify["port-opened"].connect (update_later);
        channel.notify["state"].connect (update_later);
    }

    private static Gtk.Label build_label (string text) {
        return new Gtk.Label (text) { xalign = 0, hexpand = true, ellipsize = Pango.EllipsizeMode.MIDDLE, tooltip_text = text };
    }

    private Gtk.ListBoxRow build_server_row (Server server) {
        var box = new Gtk.Box (Gtk.Orientation.HORIZONTAL, 6);
        var remove = new Gtk.Button.from_icon_name ("window-close-symbolic") { tooltip_text = _("Disconnect") };
        var label = build_label (server.title);
        var row = new Gtk.ListBoxRow () { child = box };
        string state;

        if (server.state == Charflow.ClientState.OPENING) {
            box.append (new Gtk.Spinner () { spinning = true });
            state = _("connecting");
        } else {
            box.append (new Gtk.Image.from_icon_name (server.is_open ? "network-server-symbolic" : "network-offline-symbolic"));
            state = server.is_open ? _("connected") : _("not connected");
        }
        label.add_css_class ("heading");
        remove.update_property (Gtk.AccessibleProperty.LABEL, _("Disconnect"), -1);
        remove.add_css_class ("flat");
        remove.clicked.connect (() => removal_wanted (server));
        box.append (label);
        box.append (remove);
        row.set_data ("server", server);
        row.update_property (Gtk.AccessibleProperty.LABEL, _("%s, %s").printf (server.title, state), -1);
        if (server.problem != null && !server.is_open)
            row.tooltip_text = server.problem;
        return row;
    }

    private Gtk.ListBoxRow build_channel_row (Server server, Charflow.ClientChannel channel) {
        var box = new Gtk.Box (Gtk.Orientation.HORIZONTAL, 6) { margin_start = 22 };
        var port = channel as Charflow.ClientPortChannel;
        var name = port != null && port.port_name != null ? port.port_name
                                                          : "%s %d".printf (channel.get_type_name (), channel.get_channel_id ());
        var is_open = port != null ? port.port_opened : channel.state == Charflow.ClientState.OPEN;
        var row = new Gtk.ListBoxRow () { child = box, activatable = port != null };
        var label = build_label (name);

        box.append (new Gtk.Image.from_icon_name (port != null ? "utilities-terminal-symbolic" : "emblem-system-symbolic"));
        box.append (label);
        if (!is_open)
            box.add_css_class ("dim-label");
        row.set_data ("server", server);
        if (port != null)
            row.set_data ("port", name);
        row.update_property (Gtk.AccessibleProperty.LABEL, _("%s, %s").printf (name, is_open ? _("open") : _("closed")), -1);
        return row;
    }
}
