// SPDX-License-Identifier: LGPL-2.1-or-later

// How the serial line of a device is set, and its modem lines.
public class Viewer.LinePopover : Gtk.Popover {
    private const uint[] BAUDS = { 300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600 };
    private const string[] PARITIES = { N_("None"), N_("Odd"), N_("Even"), N_("Mark"), N_("Space") };
    private const string[] STOPS = { "1", "1.5", "2" };
    private const string[] FLOWS = { N_("None"), N_("RTS/CTS"), N_("XON/XOFF") };

    private Gtk.DropDown baud;
    private Gtk.DropDown bits;
    private Gtk.DropDown parity;
    private Gtk.DropDown stop;
    private Gtk.DropDown flow;
    private Gtk.CheckButton dtr = new Gtk.CheckButton.with_label ("DTR");
    private Gtk.CheckButton rts = new Gtk.CheckButton.with_label ("RTS");
    private Gtk.Label inputs = new Gtk.Label ("") { xalign = 0 };
    private bool is_updating;

    public Charflow.Backend backend { get; construct; }

    public signal void failed (Error error);

    public LinePopover (Charflow.Backend backend) {
        Object (backend: backend);
    }

    // Whether there is a line to set at all.
    public static bool suits (Charflow.Backend backend) {
        return backend is Charflow.SerialBackend;
    }

    construct {
        var grid = new Gtk.Grid () {
            row_spacing = 8, column_spacing = 12, margin_top = 8, margin_bottom = 8, margin_start = 8, margin_end = 8
        };
        string[] bauds = {};
        string[] sizes = { "5", "6", "7", "8" };
        var row = 0;

        foreach (var rate in BAUDS)
            bauds += rate.to_string ();
        baud = add_row (grid, row++, _("Bits a second"), bauds);
        bits = add_row (grid, row++, _("Data bits"), sizes);
        parity = add_row (grid, row++, _("Parity"), translate (PARITIES));
        stop = add_row (grid, row++, _("Stop bits"), STOPS);
        flow = add_row (grid, row++, _("Flow control"), translate (FLOWS));

        var outputs = new Gtk.Box (Gtk.Orientation.HORIZONTAL, 12);

        outputs.append (dtr);
        outputs.append (rts);
        grid.attach (new Gtk.Label (_("Outputs")) { xalign = 1 }, 0, row);
        grid.attach (outputs, 1, row++);
        grid.attach (new Gtk.Label (_("Inputs")) { xalign = 1 }, 0, row);
        grid.attach (inputs, 1, row);
        child = grid;

        show_settings ();
        show_lines ();
        map.connect (() => {
            show_settings ();
            query_lines ();
        });
        backend.notify["modem-lines"].connect (show_lines);
        dtr.toggled.connect (apply_lines);
        rts.toggled.connect (apply_lines);
    }

    private static string[] translate (string[] words) {
        string[] translated = {};

        foreach (unowned var word in words)
            translated += _(word);
        return translated;
    }

    private Gtk.DropDown add_row (Gtk.Grid grid, int row, string title, string[] choices) {
        var label = new Gtk.Label (title) { xalign = 1 };
        var list = new Gtk.DropDown.from_strings (choices) { hexpand = true };

        label.add_css_class ("dim-label");
        list.update_property (Gtk.AccessibleProperty.LABEL, title, -1);
        list.notify["selected"].connect (apply_settings);
        grid.attach (label, 0, row);
        grid.attach (list, 1, row);
        return list;
    }

    private void show_settings () {
        var settings = ((Charflow.SerialBackend) backend).get_settings ();

        is_updating = true;
        for (var i = 0; i < BAUDS.length; i++) {
            if (BAUDS[i] == settings.get_baud ())
                baud.selected = i;
        }
        bits.selected = settings.get_data_bits () - 5;
        parity.selected = settings.get_parity ();
        stop.selected = settings.get_stop ();
        flow.selected = settings.get_flow ();
        is_updating = false;
    }

    private void apply_settings () {
        if (is_updating)
            return;

        try {
            backend.set_serial_settings (new Charflow.SerialSettings (BAUDS[baud.selected], bits.selected + 5,
                                                                      (Charflow.SerialParity) parity.selected,
                                                                      (Charflow.SerialStop) stop.selected,
                                                                      (Charflow.SerialFlow) flow.selected));
        } catch (Error error) {
            failed (error);
            show_settings ();
        }
    }

    // A pseudo terminal has none.
    private void query_lines () {
        Charflow.ModemLines lines;

        try {
            backend.query_modem_lines (out lines);
            backend.note_modem_lines (lines);
            dtr.sensitive = rts.sensitive = true;
        } catch (Error error) {
            dtr.sensitive = rts.sensitive = false;
        }
    }

    private void show_lines () {
        var lines = backend.modem_lines;
        string[] names = {};

        if (Charflow.ModemLines.CTS in lines)
            names += "CTS";
        if (Charflow.ModemLines.DSR in lines)
            names += "DSR";
        if (Charflow.ModemLines.DCD in lines)
            names += "DCD";
        if (Charflow.ModemLines.RI in lines)
            names += "RI";
        inputs.label = names.length > 0 ? string.joinv (" ", names) : _("None");
        is_updating = true;
        dtr.active = Charflow.ModemLines.DTR in lines;
        rts.active = Charflow.ModemLines.RTS in lines;
        is_updating = false;
    }

    private void apply_lines () {
        Charflow.ModemLines lines = 0;

        if (is_updating)
            return;
        if (dtr.active)
            lines |= Charflow.ModemLines.DTR;
        if (rts.active)
            lines |= Charflow.ModemLines.RTS;

        try {
            backend.set_modem_lines (lines);
            query_lines ();
        } catch (Error error) {
            failed (error);
            show_lines ();
        }
    }
}
