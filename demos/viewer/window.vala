// SPDX-License-Identifier: LGPL-2.1-or-later

// Servers at the side, terminals in tabs.
public class Viewer.Window : Adw.ApplicationWindow {
    private Adw.Flap flap = new Adw.Flap ();
    private Sidebar sidebar = new Sidebar ();
    private Adw.TabView tabs = new Adw.TabView ();
    private Gtk.Stack stack = new Gtk.Stack ();
    private WelcomePage welcome;
    private Adw.WindowTitle window_title = new Adw.WindowTitle ("", "");
    private Adw.ToastOverlay toasts = new Adw.ToastOverlay ();
    private Gtk.MenuButton line_button = new Gtk.MenuButton () { icon_name = "preferences-other-symbolic" };
    private Gtk.Button back_button = new Gtk.Button.from_icon_name ("go-previous-symbolic");
    private GenericArray<Server> servers = new GenericArray<Server> ();

    public History history { get; construct; }

    public Window (Gtk.Application application, History history) {
        Object (application: application, history: history, default_width: 900, default_height: 600,
                icon_name: "org.charflow.Viewer");
    }

    construct {
        add_actions ();
        welcome = new WelcomePage (history);
        welcome.uri_chosen.connect ((uri) => open_uri (uri, null, null));
        sidebar.port_chosen.connect (open_port);
        sidebar.server_chosen.connect ((server) => server.open_now ());
        sidebar.removal_wanted.connect (remove_server);
        tabs.notify["selected-page"].connect (update);
        tabs.notify["n-pages"].connect (update);
        tabs.close_page.connect (close_page_cb);

        build ();
        update ();
        welcome.grab_focus ();
    }

    private TerminalPage? current {
        get { return tabs.selected_page != null ? (TerminalPage) tabs.selected_page.child : null; }
    }

    private void build () {
        var content = new Gtk.Box (Gtk.Orientation.VERTICAL, 0);
        var terminals = new Gtk.Box (Gtk.Orientation.VERTICAL, 0);

        tabs.vexpand = true;
        terminals.append (new Adw.TabBar () { view = tabs });
        terminals.append (tabs);
        stack.add_named (welcome, "welcome");
        stack.add_named (terminals, "terminals");
        stack.transition_type = Gtk.StackTransitionType.CROSSFADE;
        toasts.child = stack;
        flap.flap = sidebar;
        flap.separator = new Gtk.Separator (Gtk.Orientation.VERTICAL);
        flap.content = toasts;
        flap.vexpand = true;
        flap.reveal_flap = false;
        content.append (build_header ());
        content.append (flap);
        set_content (content);
    }

    private Gtk.Widget build_header () {
        var header = new Adw.HeaderBar () { title_widget = window_title };
        var side = new Gtk.ToggleButton () { icon_name = "sidebar-show-symbolic" };
        var add = Widgets.build_icon_button ("list-add-symbolic", _("New Connection"), "win.new-connection");
        var search = Widgets.build_icon_button ("edit-find-symbolic", _("Search"), "win.search");
        var figures = new Gtk.ToggleButton () {
            icon_name = "power-profile-performance-symbolic", action_name = "win.figures"
        };
        var menu = new Gtk.MenuButton () { icon_name = "open-menu-symbolic", menu_model = build_menu (), primary = true };

        Widgets.name (side, _("Servers"));
        Widgets.name (figures, _("Figures"));
        Widgets.name (menu, _("Main Menu"));
        Widgets.name (line_button, _("Serial Line"));
        Widgets.name (back_button, _("Back to the Terminals"));
        back_button.clicked.connect (() => {
            stack.visible_child_name = "terminals";
            update ();
        });
        flap.bind_property ("reveal-flap", side, "active", BindingFlags.BIDIRECTIONAL | BindingFlags.SYNC_CREATE);
        header.pack_start (side);
        header.pack_start (add);
        header.pack_start (back_button);
        header.pack_end (menu);
        header.pack_end (figures);
        header.pack_end (search);
        header.pack_end (line_button);
        return header;
    }

    private static MenuModel build_menu () {
        var menu = new Menu ();
        var connection = new Menu ();
        var edit = new Menu ();
        var terminal = new Menu ();
        var program = new Menu ();

        connection.append (_("_New Connection"), "win.new-connection");
        connection.append (_("Open a _Device…"), "win.open-device");
        edit.append (_("_Copy"), "win.copy");
        edit.append (_("_Paste"), "win.paste");
        edit.append (_("_Search"), "win.search");
        edit.append (_("Save the _Text…"), "win.save-text");
        terminal.append (_("Send _Break"), "win.break");
        terminal.append (_("_Read Only"), "win.read-only");
        terminal.append (_("_Figures"), "win.figures");
        terminal.append (_("Zoom _In"), "win.zoom-in");
        terminal.append (_("Zoom _Out"), "win.zoom-out");
        terminal.append (_("Nor_mal Size"), "win.zoom-normal");
        program.append (_("_Dark Style"), "app.dark");
        program.append (_("_Keyboard Shortcuts"), "win.show-help-overlay");
        program.append (_("_About Charflow Viewer"), "app.about");
        menu.append_section (null, connection);
        menu.append_section (null, edit);
        menu.append_section (null, terminal);
        menu.append_section (null, program);
        return menu;
    }

    private delegate void PageFunc (TerminalPage page);

    private void add_page_action (string name, owned PageFunc act) {
        var action = new SimpleAction (name, null);

        action.activate.connect (() => {
            if (current != null)
                act (current);
        });
        add_action (action);
    }

    private void add_actions () {
        ActionEntry[] entries = {
            { "new-connection", new_connection },
            { "open-device", open_device_cb },
        };
        var open_spec = new SimpleAction ("open-spec", VariantType.STRING);
        var save_as = new SimpleAction ("save-text-as", VariantType.STRING);

        add_action_entries (entries, this);
        add_page_action ("copy", (page) => page.terminal.copy_clipboard_format (Vte.Format.TEXT));
        add_page_action ("paste", (page) => page.terminal.paste_clipboard ());
        add_page_action ("search", (page) => page.search ());
        add_page_action ("break", (page) => page.send_break ());
        add_page_action ("line", () => line_button.popup ());
        add_page_action ("zoom-in", (page) => page.terminal.zoom (1));
        add_page_action ("zoom-out", (page) => page.terminal.zoom (-1));
        add_page_action ("zoom-normal", (page) => page.terminal.zoom (0));
        add_page_action ("save-text", save_text);
        add_page_action ("close-tab", (page) => tabs.close_page (tabs.get_page (page)));
        open_spec.activate.connect ((spec) => open_device.begin (spec.get_string ()));
        save_as.activate.connect ((path) => {
            if (current != null)
                current.save_text.begin (File.new_for_path (path.get_string ()));
        });
        add_action (open_spec);
        add_action (save_as);
        add_page_switch ("read-only", "is-read-only");
        add_page_switch ("figures", "shows-figures");
    }

    // A switch that shows, and sets, a property of the page in view.
    private void add_page_switch (string name, string property) {
        var action = new SimpleAction.stateful (name, null, false);

        action.activate.connect (() => {
            if (current == null)
                return;

            var value = Value (typeof (bool));

            current.get_property (property, ref value);
            current.set_property (property, !value.get_boolean ());
            action.set_state (!value.get_boolean ());
        });
        add_action (action);
    }

    private void show_switch (string name, bool value) {
        ((SimpleAction) lookup_action (name)).set_state (value);
    }

    private void update () {
        var page = current;
        var is_welcome = page == null || stack.visible_child_name == "welcome";
        string[] of_page = { "copy", "paste", "search", "break", "zoom-in", "zoom-out", "zoom-normal", "save-text", "close-tab",
                             "read-only", "figures", "save-text-as" };

        if (page == null)
            stack.visible_child_name = "welcome";
        foreach (unowned var name in of_page)
            ((SimpleAction) lookup_action (name)).set_enabled (!is_welcome);
        back_button.visible = is_welcome && page != null;
        line_button.popover = is_welcome ? null : page.get_line_popover ();
        line_button.visible = line_button.popover != null;
        ((SimpleAction) lookup_action ("line")).set_enabled (line_button.visible);
        window_title.title = is_welcome ? _("Charflow Viewer") : page.title;
        window_title.subtitle = is_welcome ? "" : page.subtitle;
        title = window_title.title;
        if (!is_welcome) {
            show_switch ("read-only", page.is_read_only);
            show_switch ("figures", page.shows_figures);
        }
    }

    public void tell (string text) {
        toasts.add_toast (new Adw.Toast (Markup.escape_text (text)));
    }

    private void new_connection () {
        stack.visible_child_name = "welcome";
        update ();
        welcome.grab_focus ();
    }

    private void open_device_cb () {
        var dialog = new DeviceDialog (this);

        dialog.spec_chosen.connect ((spec) => open_device.begin (spec));
        dialog.present ();
    }

    public async void open_device (string spec) {
        try {
            add_page (yield DeviceLink.open (spec));
        } catch (Error error) {
            tell (error.message);
        }
    }

    public void open_uri (string uri, string? title, string? password) {
        foreach (var known in servers) {
            if (known.uri == uri) {
                known.open_now ();
                flap.reveal_flap = true;
                return;
            }
        }

        var server = new Server (uri, title, password);

        servers.add (server);
        sidebar.add_server (server);
        server.let_in.connect (() => server_opened (server));
        server.failed.connect ((error) => {
            welcome.set_uri (uri);
            remove_server (server);
            new_connection ();
            welcome.show_problem (error.message);
        });
        server.password_needed.connect ((was_wrong) => ask_password.begin (server, was_wrong));
        server.open_now ();
    }

    private async void ask_password (Server server, bool was_wrong) {
        var kept = was_wrong ? null : yield Secrets.lookup (server.uri);

        if (kept != null) {
            server.open_with_password (kept);
            return;
        }

        var dialog = new PasswordDialog (this, server, was_wrong);

        dialog.answered.connect ((password, is_to_be_kept) => {
            if (is_to_be_kept)
                keep_password.begin (server, password);
            server.open_with_password (password);
        });
        dialog.present ();
    }

    private async void keep_password (Server server, string password) {
        try {
            yield Secrets.store (server.uri, password);
        } catch (Error error) {
            tell (_("The password was not kept: %s").printf (error.message));
        }
    }

    private void server_opened (Server server) {
        history.add (server.uri);
        if (has_page_of (server))
            return;

        flap.reveal_flap = true;
        foreach (var channel in server.list_channels ()) {
            var port = channel as Charflow.ClientPortChannel;

            // The first one is what most servers have, and most people come for.
            if (port != null && port.port_name != null) {
                open_port (server, port.port_name);
                return;
            }
        }
        tell (_("%s has no port to show").printf (server.title));
    }

    private bool has_page_of (Server server) {
        return find_page (server, null) != null;
    }

    private Adw.TabPage? find_page (Server server, string? port_name) {
        for (var i = 0; i < tabs.n_pages; i++) {
            var page = tabs.get_nth_page (i);
            var link = ((TerminalPage) page.child).link as PortLink;

            if (link != null && link.server == server && (port_name == null || link.port_name == port_name))
                return page;
        }
        return null;
    }

    private void open_port (Server server, string port_name) {
        var page = find_page (server, port_name);

        if (page == null) {
            add_page (new PortLink (server, port_name));
            return;
        }
        tabs.selected_page = page;
        stack.visible_child_name = "terminals";
        update ();
        current.grab_focus ();
    }

    private void add_page (Link link) {
        var child = new TerminalPage (link);
        var page = tabs.append (child);

        child.changed.connect (() => {
            show_page (page);
            if (child == current)
                update ();
        });
        child.told.connect (tell);
        show_page (page);
        tabs.selected_page = page;
        stack.visible_child_name = "terminals";
        update ();
        child.grab_focus ();
    }

    private static void show_page (Adw.TabPage page) {
        var child = (TerminalPage) page.child;

        page.title = child.title;
        page.tooltip = Markup.escape_text (child.subtitle);
        page.icon = new ThemedIcon (child.link.is_open ? "utilities-terminal-symbolic" : "network-offline-symbolic");
    }

    private bool close_page_cb (Adw.TabPage page) {
        ((TerminalPage) page.child).close ();
        tabs.close_page_finish (page, true);
        update ();
        return Gdk.EVENT_STOP;
    }

    private void remove_server (Server server) {
        Adw.TabPage? page;

        while ((page = find_page (server, null)) != null)
            tabs.close_page (page);
        sidebar.remove_server (server);
        servers.remove (server);
        server.close ();
    }

    private void save_text (TerminalPage page) {
        var chooser = new Gtk.FileChooserNative (_("Save the Text"), this, Gtk.FileChooserAction.SAVE, null, null);

        chooser.set_current_name (page.title + ".txt");
        chooser.response.connect ((response) => {
            if (response == Gtk.ResponseType.ACCEPT)
                page.save_text.begin (chooser.get_file ());
            chooser.destroy ();
        });
        chooser.show ();
    }

    public override bool close_request () {
        for (var i = 0; i < tabs.n_pages; i++)
            ((TerminalPage) tabs.get_nth_page (i).child).close ();
        foreach (var server in servers)
            server.close ();
        return base.close_request ();
    }
}
