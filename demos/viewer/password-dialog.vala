// SPDX-License-Identifier: LGPL-2.1-or-later

// Asks for the password of a server.
public class Viewer.PasswordDialog : Adw.MessageDialog {
    private Adw.PasswordEntryRow entry = new Adw.PasswordEntryRow ();
    private Gtk.Switch keep = new Gtk.Switch ();

    public signal void answered (string password, bool is_to_be_kept);

    public PasswordDialog (Gtk.Window parent, Server server, bool was_wrong) {
        Object (transient_for: parent, modal: true, heading: _("Password needed"), close_response: "cancel");

        body = was_wrong ? _("The password is wrong, or has expired. Try again for %s.").printf (server.title)
                         : _("%s asks for a password.").printf (server.title);
        add_response ("cancel", _("_Cancel"));
        add_response ("connect", _("C_onnect"));
        set_response_appearance ("connect", Adw.ResponseAppearance.SUGGESTED);
        default_response = "connect";
        extra_child = build_form ();
        set_response_enabled ("connect", false);

        entry.changed.connect (() => set_response_enabled ("connect", entry.text != ""));
        entry.entry_activated.connect (() => {
            if (entry.text != "")
                response ("connect");
        });
        response.connect ((id) => {
            if (id == "connect")
                answered (entry.text, keep.active);
            destroy ();
        });
        map.connect (() => entry.grab_focus ());
    }

    private Gtk.Widget build_form () {
        var list = new Gtk.ListBox () { selection_mode = Gtk.SelectionMode.NONE };
        var keep_row = new Adw.ActionRow () {
            title = _("Keep in the keyring"),
            activatable_widget = keep,
        };

        entry.title = _("Password");
        keep.valign = Gtk.Align.CENTER;
        keep_row.add_suffix (keep);
        list.add_css_class ("boxed-list");
        list.append (entry);
        list.append (keep_row);
        return list;
    }
}
