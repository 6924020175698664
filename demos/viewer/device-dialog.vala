// SPDX-License-Identifier: LGPL-2.1-or-later

// Asks for the spec of a device; what the kinds are is there to be looked up.
public class Viewer.DeviceDialog : Adw.MessageDialog {
    private Adw.EntryRow entry = new Adw.EntryRow ();
    private Gtk.Label help = new Gtk.Label ("") { wrap = true, xalign = 0 };

    public signal void spec_chosen (string spec);

    public DeviceDialog (Gtk.Window parent) {
        Object (transient_for: parent, modal: true, heading: _("Open a Device"), close_response: "cancel");
    }

    construct {
        var column = new Gtk.Box (Gtk.Orientation.VERTICAL, 12);
        var list = new Gtk.ListBox () { selection_mode = Gtk.SelectionMode.NONE };

        body = _("Give it as for QEMU's -chardev, such as serial,path=/dev/ttyUSB0");
        entry.title = _("Device");
        list.add_css_class ("boxed-list");
        list.append (entry);
        help.add_css_class ("caption");
        help.width_chars = 40;
        column.append (list);
        column.append (help);
        extra_child = column;
        add_response ("cancel", _("_Cancel"));
        add_response ("open", _("_Open"));
        set_response_appearance ("open", Adw.ResponseAppearance.SUGGESTED);
        default_response = "open";
        entry.changed.connect (show_help);
        entry.entry_activated.connect (() => {
            if (entry.text != "")
                response ("open");
        });
        response.connect ((id) => {
            if (id == "open")
                spec_chosen (entry.text.strip ());
            destroy ();
        });
        map.connect (() => entry.grab_focus ());
        show_help ();
    }

    // What the kind that is named is, and its options; before there is one, which there are.
    private void show_help () {
        var kind = entry.text.split_set (",:", 2)[0] ?? "";

        set_response_enabled ("open", entry.text.strip () != "");
        try {
            string[] names = {};

            foreach (unowned var option in Charflow.Backend.list_options (kind).data)
                names += option.get_name ();
            help.label = "%s\n%s".printf (Charflow.Backend.describe_kind (kind) ?? "",
                                          names.length > 0 ? _("Options: %s").printf (string.joinv (", ", names)) : "");
        } catch (Error error) {
            help.label = _("Kinds: %s").printf (string.joinv (", ", Charflow.Backend.list_kinds ()));
        }
    }
}
