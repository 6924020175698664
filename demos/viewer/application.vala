// SPDX-License-Identifier: LGPL-2.1-or-later

// One window; a second start opens what it was given in the first one.
public class Viewer.Application : Adw.Application {
    private const OptionEntry[] OPTIONS = {
        { "version", 'v', OptionFlags.NONE, OptionArg.NONE, null, N_("Print the version"), null },
        { "new-instance", 0, OptionFlags.NONE, OptionArg.NONE, null, N_("Be a program of its own"), null },
        { OPTION_REMAINING, 0, OptionFlags.NONE, OptionArg.STRING_ARRAY, null, null, N_("[URI or FILE.vv]…") },
        { null }
    };

    private History history = new History ();

    public Application () {
        Object (application_id: "org.charflow.Viewer",
                resource_base_path: "/org/charflow/Viewer",
                flags: ApplicationFlags.HANDLES_COMMAND_LINE);
    }

    construct {
        add_main_option_entries (OPTIONS);
        set_option_context_summary (_("Terminals for the ports of Charflow and SPICE servers, and for devices of this computer."));
    }

    protected override int handle_local_options (VariantDict options) {
        if (options.contains ("version")) {
            print ("charflow-viewer %s\n", Config.VERSION);
            return 0;
        }
        if (options.contains ("new-instance"))
            flags |= ApplicationFlags.NON_UNIQUE;

        var arguments = get_arguments (options);

        foreach (unowned var argument in arguments) {
            var problem = find_problem (argument);

            if (problem != null) {
                printerr ("charflow-viewer: %s\n", problem);
                return 2;
            }
        }
        return -1;
    }

    private static string[] get_arguments (VariantDict options) {
        var value = options.lookup_value (OPTION_REMAINING, VariantType.STRING_ARRAY);

        return value != null ? value.dup_strv () : new string[0];
    }

    private static bool is_uri (string argument) {
        return "://" in argument && !argument.has_prefix ("file://");
    }

    // What can be known without a connection.
    private static string? find_problem (string argument) {
        if (is_uri (argument)) {
            if ("password=" in argument)
                return _("Others can see a password in the arguments; leave it out, and it is asked for");
            try {
                Address.check (argument);
            } catch (Error error) {
                return _("'%s' is no URI of a server: %s").printf (argument, error.message);
            }
            return null;
        }

        if (!argument.has_suffix (".vv"))
            return _("'%s' is neither a URI, such as spice://localhost:5930, nor a file that ends with .vv").printf (argument);
        return null;
    }

    protected override void startup () {
        base.startup ();
        // A cursor that blinks would draw a window for which nothing changes.
        Gtk.Settings.get_default ().gtk_cursor_blink = false;

        ActionEntry[] entries = {
            { "about", show_about },
            { "dark", dark_cb, null, "false" },
            { "quit", quit_cb },
        };

        add_action_entries (entries, this);
        set_accels_for_action ("app.quit", { "<Control><Shift>q" });
        set_accels_for_action ("win.new-connection", { "<Control><Shift>n" });
        set_accels_for_action ("win.open-device", { "<Control><Shift>t" });
        set_accels_for_action ("win.close-tab", { "<Control><Shift>w" });
        set_accels_for_action ("win.copy", { "<Control><Shift>c" });
        set_accels_for_action ("win.paste", { "<Control><Shift>v" });
        set_accels_for_action ("win.search", { "<Control><Shift>f" });
        set_accels_for_action ("win.save-text", { "<Control><Shift>s" });
        set_accels_for_action ("win.break", { "<Control><Shift>b" });
        set_accels_for_action ("win.figures", { "<Control><Shift>i" });
        set_accels_for_action ("win.read-only", { "<Control><Shift>r" });
        set_accels_for_action ("win.zoom-in", { "<Control>plus", "<Control>equal" });
        set_accels_for_action ("win.zoom-out", { "<Control>minus" });
        set_accels_for_action ("win.zoom-normal", { "<Control>0" });
        history.load.begin ();
    }

    private Window get_window () {
        var window = active_window as Window;

        return window ?? new Window (this, history);
    }

    protected override void activate () {
        get_window ().present ();
    }

    protected override int command_line (ApplicationCommandLine command_line) {
        activate ();
        foreach (unowned var argument in get_arguments (command_line.get_options_dict ())) {
            if (is_uri (argument))
                get_window ().open_uri (argument, null, null);
            else
                open_vv.begin (command_line.create_file_for_arg (argument));
        }
        return 0;
    }

    private async void open_vv (File file) {
        try {
            var vv = yield VvFile.load (file);

            get_window ().open_uri (vv.uri, vv.title, vv.password);
        } catch (Error error) {
            get_window ().tell (error.message);
        }
    }

    private void dark_cb (SimpleAction action, Variant? parameter) {
        var is_dark = !action.state.get_boolean ();

        action.set_state (is_dark);
        style_manager.color_scheme = is_dark ? Adw.ColorScheme.FORCE_DARK : Adw.ColorScheme.DEFAULT;
    }

    private void quit_cb () {
        if (active_window != null)
            active_window.close ();
    }

    private void show_about () {
        new Adw.AboutWindow () {
            transient_for = active_window,
            application_name = _("Charflow Viewer"),
            application_icon = "org.charflow.Viewer",
            version = Config.VERSION,
            comments = _("Terminals for the ports of Charflow and SPICE servers, and for devices of this computer."),
            license_type = Gtk.License.LGPL_2_1,
        }.present ();
    }
}
