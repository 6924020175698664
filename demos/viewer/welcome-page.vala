// SPDX-License-Identifier: LGPL-2.1-or-later

// What is seen first: where to connect to, and where one has been.
public class Viewer.WelcomePage : Gtk.Box {
    private Adw.EntryRow entry = new Adw.EntryRow ();
    private Gtk.Button button = new Gtk.Button.with_mnemonic (_("C_onnect"));
    private Gtk.Label problem = new Gtk.Label ("") { wrap = true, visible = false, xalign = 0 };
    private Adw.PreferencesGroup recent = new Adw.PreferencesGroup ();
    private Gtk.Popover completion = new Gtk.Popover () { autohide = false, has_arrow = false };
    private Gtk.ListBox completion_list = new Gtk.ListBox ();
    private List<Gtk.Widget> recent_rows = new List<Gtk.Widget> ();

    public History history { get; construct; }

    public signal void uri_chosen (string uri);

    public WelcomePage (History history) {
        Object (history: history, orientation: Gtk.Orientation.VERTICAL);
    }

    construct {
        var column = new Gtk.Box (Gtk.Orientation.VERTICAL, 18) { valign = Gtk.Align.CENTER };
        var status = new Adw.StatusPage () {
            icon_name = "org.charflow.Viewer-symbolic",
            title = _("Connect to a Server"),
            description = _("Serial consoles and other ports, as terminals"),
            vexpand = true,
            child = new Adw.Clamp () { child = column, maximum_size = 500 },
        };
        var form = new Adw.PreferencesGroup ();
        var device = new Gtk.Button.with_mnemonic (_("Open a _Device of This Computer…")) {
            halign = Gtk.Align.CENTER, action_name = "win.open-device"
        };

        entry.title = _("Address, such as spice://localhost:5930");
        entry.input_purpose = Gtk.InputPurpose.URL;
        button.valign = Gtk.Align.CENTER;
        button.sensitive = false;
        button.add_css_class ("suggested-action");
        problem.add_css_class ("error");
        device.add_css_class ("pill");
        entry.add_suffix (button);
        form.add (entry);
        column.append (form);
        column.append (problem);
        column.append (device);
        recent.title = _("Recent");
        column.append (recent);
        append (status);

        build_completion ();
        entry.changed.connect (changed_cb);
        entry.entry_activated.connect (choose);
        button.clicked.connect (choose);
        history.changed.connect (show_recent);
        show_recent ();
    }

    public override bool grab_focus () {
        return entry.grab_focus ();
    }

    public void show_problem (string? text) {
        problem.visible = text != null;
        problem.label = text ?? "";
    }

    public void set_uri (string uri) {
        entry.text = uri;
    }

    private void build_completion () {
        completion.set_parent (entry);
        completion.child = completion_list;
        completion.position = Gtk.PositionType.BOTTOM;
        completion_list.row_activated.connect ((row) => {
            entry.text = row.name;
            completion.popdown ();
            choose ();
        });
    }

    public override void dispose () {
        completion.unparent ();
        base.dispose ();
    }

    private void changed_cb () {
        button.sensitive = entry.text.strip () != "";
        show_problem (null);
        show_completion ();
    }

    private void show_completion () {
        unowned Gtk.Widget? row;
        var typed = entry.text.strip ();
        var n = 0;

        while ((row = completion_list.get_first_child ()) != null)
            completion_list.remove (row);
        foreach (unowned var uri in history.get_uris ()) {
            if (typed == "" || uri == typed || !uri.contains (typed) || n == 5)
                continue;
            completion_list.append (new Gtk.ListBoxRow () {
                name = uri, child = new Gtk.Label (uri) { xalign = 0, ellipsize = Pango.EllipsizeMode.MIDDLE, max_width_chars = 50 }
            });
            n++;
        }
        if (n > 0 && entry.get_mapped () && entry.text != "")
            completion.popup ();
        else
            completion.popdown ();
    }

    private void choose () {
        completion.popdown ();
        if (entry.text.strip () != "")
            uri_chosen (entry.text.strip ());
    }

    private void show_recent () {
        foreach (unowned var row in recent_rows)
            recent.remove (row);
        recent_rows = new List<Gtk.Widget> ();

        foreach (unowned var uri in history.get_uris ()) {
            if (recent_rows.length () == 5)
                break;

            var row = new Adw.ActionRow () { title = Markup.escape_text (uri), activatable = true, title_lines = 1 };
            var name = uri;

            row.add_suffix (new Gtk.Image.from_icon_name ("go-next-symbolic"));
            row.activated.connect (() => uri_chosen (name));
            recent.add (row);
            recent_rows.append (row);
        }
        recent.visible = recent_rows.length () > 0;
    }
}
