// SPDX-License-Identifier: LGPL-2.1-or-later

// The figures of a link, drawn while they are looked at and something happens.
public class Viewer.FiguresPane : Gtk.Box {
    private const uint INTERVAL_MS = 1000;

    private Plot traffic = new Plot (1024, true);
    private Plot queue = new Plot (64, false);
    private Plot tokens = new Plot (8, true);
    private Plot frames = new Plot (16, false);
    private Gtk.Label traffic_value;
    private Gtk.Label queue_value;
    private Gtk.Label tokens_value;
    private Gtk.Label frames_value;
    private Gtk.Widget tokens_cell;
    private uint timer;
    private uint64 last_in;
    private uint64 last_out;
    private Gdk.FrameClock? frame_clock;
    private ulong before_paint;
    private ulong after_paint;
    private int64 frame_start_us;
    private int64 longest_frame_us;

    public Link link { get; construct; }

    public FiguresPane (Link link) {
        Object (link: link, orientation: Gtk.Orientation.HORIZONTAL, spacing: 12);
    }

    construct {
        halign = Gtk.Align.CENTER;
        margin_top = margin_bottom = 8;
        margin_start = margin_end = 12;
        append (build_cell (_("In, out"), traffic, out traffic_value));
        append (build_cell (_("Waiting to go out"), queue, out queue_value));
        tokens_cell = build_cell (_("Tokens out, in"), tokens, out tokens_value);
        append (tokens_cell);
        append (build_cell (_("Longest frame"), frames, out frames_value));
        link.active.connect (start);
    }

    public override void map () {
        base.map ();
        frame_clock = get_frame_clock ();
        frame_start_us = 0;
        before_paint = frame_clock.before_paint.connect (() => frame_start_us = get_monotonic_time ());
        after_paint = frame_clock.after_paint.connect (() => {
            // The one that shows the pane had begun before.
            if (frame_start_us != 0)
                longest_frame_us = int64.max (longest_frame_us, get_monotonic_time () - frame_start_us);
        });
        last_in = link.bytes_in;
        last_out = link.bytes_out;
        sample ();
        start ();
    }

    public override void unmap () {
        stop ();
        frame_clock.disconnect (before_paint);
        frame_clock.disconnect (after_paint);
        frame_clock = null;
        base.unmap ();
    }

    private Gtk.Widget build_cell (string title, Plot plot, out Gtk.Label value) {
        var cell = new Gtk.Box (Gtk.Orientation.VERTICAL, 4);
        var name = new Gtk.Label (title) { xalign = 0 };

        value = new Gtk.Label ("") { xalign = 0, width_chars = 18, ellipsize = Pango.EllipsizeMode.END };
        name.add_css_class ("caption-heading");
        value.add_css_class ("caption");
        value.add_css_class ("numeric");
        plot.update_property (Gtk.AccessibleProperty.LABEL, title, -1);
        cell.append (name);
        cell.append (plot);
        cell.append (value);
        return cell;
    }

    private void start () {
        if (timer == 0 && get_mapped ())
            timer = Timeout.add (INTERVAL_MS, tick);
    }

    private void stop () {
        if (timer != 0)
            Source.remove (timer);
        timer = 0;
    }

    // Goes on until all is flat.
    private bool tick () {
        sample ();
        if (!traffic.is_flat || !queue.is_flat || !tokens.is_flat)
            return Source.CONTINUE;

        timer = 0;
        return Source.REMOVE;
    }

    private static string format (uint64 size) {
        return GLib.format_size (size, FormatSizeFlags.IEC_UNITS);
    }

    private void sample () {
        var got = link.bytes_in - last_in;
        var sent = link.bytes_out - last_out;
        uint64 to_send;
        uint64 to_receive;

        last_in = link.bytes_in;
        last_out = link.bytes_out;
        traffic.add (got, sent);
        traffic_value.label = _("%s/s, %s/s").printf (format (got), format (sent));
        queue.add (link.bytes_waiting);
        queue_value.label = _("%s, at most %s").printf (format (link.bytes_waiting), format (link.bytes_waiting_peak));
        tokens_cell.visible = link.get_tokens (out to_send, out to_receive);
        tokens.add (to_send, to_receive);
        tokens_value.label = _("%s, %s").printf (to_send.to_string (), to_receive.to_string ());
        frames.add (longest_frame_us / 1000.0);
        frames_value.label = _("%.1f ms").printf (longest_frame_us / 1000.0);
        longest_frame_us = 0;
    }
}
