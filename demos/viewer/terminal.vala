// SPDX-License-Identifier: LGPL-2.1-or-later

// A terminal that is fed no faster than it draws, so that whoever floods it is held up instead of the window.
public class Viewer.Terminal : Vte.Terminal {
    private const size_t BYTES_PER_FRAME = 128 * 1024;
    private const uint HIDDEN_FRAME_MS = 100;
    private const uint SCROLLBACK_LINES = 10000;
    private const double ZOOM_STEP = 1.1;
    private const double MIN_ZOOM = 0.25;
    private const double MAX_ZOOM = 4;

    private size_t fed_in_frame;
    private uint quiet_source;
    private uint hidden_source;
    private SourceFunc? resume;

    construct {
        scrollback_lines = SCROLLBACK_LINES;
        scroll_on_keystroke = true;
        scroll_on_output = false;
        cursor_blink_mode = Vte.CursorBlinkMode.OFF; // or it would wake up for nothing else
        hexpand = vexpand = true;
        update_property (Gtk.AccessibleProperty.LABEL, _("Terminal"), -1);

        Adw.StyleManager.get_default ().notify["dark"].connect (update_colors);
        update_colors ();
    }

    private static Gdk.RGBA parse (string text) {
        var color = Gdk.RGBA ();

        color.parse (text);
        return color;
    }

    private void update_colors () {
        var is_dark = Adw.StyleManager.get_default ().dark;

        set_colors (parse (is_dark ? "#ffffff" : "#1e1e1e"), parse (is_dark ? "#1e1e1e" : "#ffffff"), null);
    }

    // Returns when there may be more.
    public async void feed_in_time (Bytes bytes) {
        feed (bytes.get_data ());
        fed_in_frame += bytes.get_size ();
        if (fed_in_frame < BYTES_PER_FRAME) {
            // What comes in crumbs is a new frame each time that nothing waits.
            if (quiet_source == 0)
                quiet_source = Idle.add (() => {
                    fed_in_frame = 0;
                    quiet_source = 0;
                    return Source.REMOVE;
                }, Priority.LOW);
            return;
        }

        var tick = 0u;

        resume = feed_in_time.callback;
        // The clock of frames stands still where nothing is drawn.
        if (get_mapped ())
            tick = add_tick_callback (() => {
                drawn ();
                return Source.CONTINUE;
            });
        hidden_source = Timeout.add (HIDDEN_FRAME_MS, () => {
            hidden_source = 0;
            drawn ();
            return Source.REMOVE;
        });
        yield;
        if (tick != 0)
            remove_tick_callback (tick);
        if (hidden_source != 0)
            Source.remove (hidden_source);
        hidden_source = 0;
        fed_in_frame = 0;
    }

    // A frame is over: whoever comes first, the clock or the time limit, wakes up the feeder, once.
    private void drawn () {
        var callback = (owned) resume;

        if (callback != null)
            callback ();
    }

    public override void dispose () {
        if (quiet_source != 0)
            Source.remove (quiet_source);
        quiet_source = 0;
        base.dispose ();
    }

    public void zoom (int steps) {
        var scale = steps == 0 ? 1 : font_scale * Math.pow (ZOOM_STEP, steps);

        font_scale = scale.clamp (MIN_ZOOM, MAX_ZOOM);
    }

    // Returns an error for what is no regular expression.
    public void look_for (string text, bool is_regex) throws Error {
        if (text == "") {
            search_set_regex (null, 0);
            unselect_all ();
            return;
        }

        // PCRE2_MULTILINE and PCRE2_CASELESS, of pcre2.h.
        var pattern = is_regex ? text : GLib.Regex.escape_string (text);

        search_set_regex (new Vte.Regex.for_search (pattern, pattern.length, 0x00000400 | 0x00000008), 0);
        search_set_wrap_around (true);
        if (!search_find_previous ())
            unselect_all ();
    }
}
